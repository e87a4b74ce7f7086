//! An allow-list of names.

/// The names that a platform's message may contain. Apple signs all postbacks with one key, and its documentation
/// contains genuine ones, so only the app and the ad network show that a postback is for the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allowed {
    /// Only these names.
    Only(Vec<String>),
    /// Any name. The caller must check the payload of the proof itself.
    Any,
}

impl Allowed {
    /// Whether this name is allowed.
    pub(super) fn allows(&self, name: &str) -> bool {
        match self {
            Self::Only(names) => names.iter().any(|known| known == name),
            Self::Any => true,
        }
    }
}
