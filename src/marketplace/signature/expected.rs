//! What the operator expects of a token that a vendor signs for all of its customers. A signature proves the vendor; only
//! this proves that it speaks of us.

use super::verifier::named;

/// Where an app's purchases are made. Xcode's and local tests' are not signed by Apple: there is no word for them here, so
/// that they cannot be configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppleEnvironment {
    /// Customers.
    Production,
    /// Testers, TestFlight included.
    Sandbox,
}

impl AppleEnvironment {
    /// Both.
    pub const ALL: &'static [Self] = &[Self::Production, Self::Sandbox];

    /// Apple's name of it, in tokens and in configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Production => "Production",
            Self::Sandbox => "Sandbox",
        }
    }

    /// The environment of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|environment| environment.name() == name)
    }
}

/// What must stand in a token. What a scheme needs and is not here refuses everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expected {
    /// Entra: the application id of the offer. Google's sign-up: the product's domain. Pub/Sub: the audience of the
    /// subscription. Apple: bundle ids.
    pub audiences: Vec<String>,
    /// Entra: the publisher's tenant.
    pub tenant_id: Option<String>,
    /// Pub/Sub: the service account of the subscription.
    pub email: Option<String>,
    /// Pub/Sub: the full name of the subscription, where bodies name it.
    pub subscription: Option<String>,
    /// Google Play over Pub/Sub: the app's package. Its subscription is the developer's, for all apps of theirs.
    pub package_name: Option<String>,
    /// Apple: the app's id, which sandboxes do not tell reliably: needed in production.
    pub app_apple_id: Option<u64>,
    /// Apple: the environment.
    pub environment: Option<AppleEnvironment>,
}

impl Expected {
    /// Whether there are audiences, none of them empty: what has no recipient would be anybody's.
    pub(super) fn is_addressed(&self) -> bool {
        named(&self.audiences)
    }
}
