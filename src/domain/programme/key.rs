//! API keys: what a key may do.

use crate::values::string_enum::string_enum;

string_enum! {
    /// What a key may do.
    Scope {
        /// Read everything it may see.
        Read = "read";
        /// Make and revoke links.
        LinksWrite = "links:write";
        /// Send conversions and refunds.
        ConversionsWrite = "conversions:write";
        /// Add and change partners.
        PartnersWrite = "partners:write";
        /// Make and approve payouts.
        PayoutsWrite = "payouts:write";
        /// Everything, including keys, listings, and the programme's terms.
        Admin = "admin";
    }
}
