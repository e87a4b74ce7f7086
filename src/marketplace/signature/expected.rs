//! The claims that the operator expects in a token. A vendor signs with the same keys for all of its customers: the
//! signature proves the vendor, and only these claims prove that the token is about our listing.

use super::verifier::has_names;

/// The environment of an app's purchases. Apple does not sign the purchases of Xcode and of local tests, so these
/// environments have no variant and cannot be configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppleEnvironment {
    /// Purchases by customers.
    Production,
    /// Purchases by testers, including TestFlight.
    Sandbox,
}

impl AppleEnvironment {
    /// All environments.
    pub const ALL: &'static [Self] = &[Self::Production, Self::Sandbox];

    /// Apple's name of the environment, in tokens and in the configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Production => "Production",
            Self::Sandbox => "Sandbox",
        }
    }

    /// The environment with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|environment| environment.name() == name)
    }
}

/// The expected claims. If one is missing that a scheme needs, every token is refused.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expected {
    /// Entra: the application id of the offer. Google's sign-up: the product's domain. Pub/Sub: the audience of the
    /// subscription. Apple: the bundle ids.
    pub audiences: Vec<String>,
    /// Entra: the publisher's tenant.
    pub tenant_id: Option<String>,
    /// Pub/Sub: the service account of the subscription.
    pub email: Option<String>,
    /// Pub/Sub: the full name of the subscription, if bodies contain it.
    pub subscription: Option<String>,
    /// Google Play over Pub/Sub: the app's package. It is necessary because one subscription serves all apps of a
    /// developer.
    pub package_name: Option<String>,
    /// Apple: the app's id. It is required in production; sandboxes do not send it reliably.
    pub app_apple_id: Option<u64>,
    /// Apple: the environment.
    pub environment: Option<AppleEnvironment>,
}

impl Expected {
    /// Whether there is an audience and none is empty. Without one, tokens for any recipient would be accepted.
    pub(super) fn is_addressed(&self) -> bool {
        has_names(&self.audiences)
    }
}
