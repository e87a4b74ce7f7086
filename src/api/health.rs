//! The Worker's health.

use crate::ledger::view::view;

view! {
    /// The Worker's health.
    pub struct HealthView {
        /// Always `ok`; what is not is answered with a problem.
        #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("const" = "ok")))]
        status: &'static str,
        /// The version that runs.
        version: &'static str,
    }
}

impl HealthView {
    /// All is well.
    #[must_use]
    pub fn ok() -> Self {
        Self { status: "ok", version: env!("CARGO_PKG_VERSION") }
    }
}
