//! Callbacks that were kept because they could not be read.

use crate::values::string_enum::string_enum;

string_enum! {
    /// What became of a callback that was kept.
    CallbackStatus {
        /// It, or a part of it, cannot be read yet. It can be tried again.
        Unprocessed = "unprocessed";
        /// It could be read in the end, but does not count: its single-use token was used before.
        Refused = "refused";
        /// It could be read in the end, and what it reports is recorded.
        Processed = "processed";
    }
}
