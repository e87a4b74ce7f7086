//! A request on its way through the Worker.

use super::rpc::Stores;
use worker::Context;

/// What answering a request needs besides the request itself.
pub struct Exchange<'a> {
    /// The stores of the request's programme.
    pub stores: Stores,
    /// The platform's handle on the request.
    pub context: &'a Context,
    /// Names the request in the log.
    pub request_id: String,
}
