//! The context of a request in the Worker.

use super::rpc::Stores;
use worker::Context;

/// The values that request handlers need besides the request itself.
pub struct Exchange<'a> {
    /// The stores of the request's programme.
    pub stores: Stores,
    /// The platform's context of the request, for `waitUntil`.
    pub context: &'a Context,
    /// Identifies the request in the log.
    pub request_id: String,
}
