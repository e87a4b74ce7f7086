//! Pages about mails for developers, below `/dev/mail`. They exist only where the binding [`DEV_MAILBOX`] does.

pub mod templates;

use super::rpc::Stores;

/// The binding that `cargo xtask dev` and tests add. It is a network of workerd's own, which the platform does not offer, so a
/// deployed Worker cannot have it.
const DEV_MAILBOX: &str = "DEV_MAILBOX";

/// Returns whether these pages exist here.
pub fn is_available(stores: &Stores) -> bool {
    stores.env().service(DEV_MAILBOX).is_ok()
}
