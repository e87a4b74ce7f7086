//! The Worker's health.

use crate::ledger::view::view;

/// The version of the API. A field, a route or a value that is added raises the second number; a change with which a
/// client that keeps to the contract could break would raise the first, and with it the first segment of the paths.
pub const API_VERSION: &str = "1.0";

view! {
    /// The Worker's health.
    pub struct HealthView {
        /// Always `ok`; what is not is answered with a problem.
        #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("const" = "ok")))]
        status: &'static str,
        /// The version of the Worker that runs.
        version: &'static str,
        /// The version of the API that it speaks. The first number is that of the paths (`/v1`).
        api_version: &'static str,
    }
}

impl HealthView {
    /// All is well.
    #[must_use]
    pub fn ok() -> Self {
        Self { status: "ok", version: env!("CARGO_PKG_VERSION"), api_version: API_VERSION }
    }
}
