//! The app of a listing, as the operator configured it.

use super::super::{
    adapter::CallbackContext,
    payload,
    signature::{AppleEnvironment, Refusal},
};

/// The environment of the listing's app: production, unless the operator configures the sandbox.
pub fn environment(context: &CallbackContext<'_>) -> Result<AppleEnvironment, Refusal> {
    let name = context.listing.setting("environment").unwrap_or(AppleEnvironment::Production.name());
    AppleEnvironment::from_name(name).ok_or(Refusal::NotConfigured)
}

/// The app's id in the App Store, as a number or as a text.
pub fn app_apple_id(context: &CallbackContext<'_>) -> Option<u64> {
    payload::number(context.listing.settings.get("app_apple_id"))
}
