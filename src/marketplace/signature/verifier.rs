//! A scheme with the operator's configuration.

use super::{
    basic,
    callback::Callback,
    envelope::EnvelopeRule,
    jwt::JwtRule,
    mac::MacRule,
    outbound,
    refusal::Refusal,
    scheme::{Rule, Scheme},
    secret::{Credentials, MacAlgorithm, SecretError, SecretForm, Secrets},
    verified::Verified,
};
use crate::domain::values::time::Timestamp;

/// The parameters of a scheme. A signature proves the marketplace; only the configured audience or organisation proves
/// that the callback is for us.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parameters {
    /// For JWTs: our client ids. The `aud` claim must contain one of them.
    pub audiences: Vec<String>,
    /// For outbound messages: the ids of our organisations, with 15 or 18 characters.
    pub organization_ids: Vec<String>,
    /// The maximum age of a detached signature, in seconds, instead of the scheme's own limit. If the scheme allows
    /// times in the future, the same limit applies to them.
    pub window_seconds: Option<u32>,
    /// Whether a scheme is allowed that the vendor has replaced by a stronger one.
    pub allow_legacy: bool,
    /// The form of the secrets, instead of the scheme's own form.
    pub secret_form: Option<SecretForm>,
}

/// A scheme cannot be used with its configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VerifierError {
    /// The secrets cannot be used.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// No audience is configured, so a JWT for any audience would be accepted.
    #[error("the scheme needs an audience")]
    NoAudience,
    /// No organisation is configured, so a message from any organisation would be accepted.
    #[error("the scheme needs an organisation id")]
    NoOrganization,
    /// The scheme is a legacy scheme, and legacy schemes are not allowed.
    #[error("the scheme is a legacy scheme, which must be allowed explicitly")]
    Legacy,
}

/// A rule with its keys.
#[derive(Debug, Clone)]
enum KeyedRule {
    Mac(&'static MacRule, Secrets),
    Jwt(&'static JwtRule, Secrets),
    Envelope(EnvelopeRule, Secrets),
    Basic(Credentials),
    OutboundMessage(Credentials),
}

/// Verifies the callbacks of one scheme. Keep and reuse it, because it precomputes the hash states of its secrets.
#[derive(Debug, Clone)]
pub struct Verifier {
    scheme: Scheme,
    rule: KeyedRule,
    parameters: Parameters,
}

/// Whether there is a name and none is empty. Without a configured name, callbacks for anybody would be accepted.
pub(super) fn has_names(names: &[String]) -> bool {
    !names.is_empty() && !names.iter().any(String::is_empty)
}

impl Verifier {
    /// A verifier that accepts any of `secrets`, the current one first.
    pub fn new(scheme: Scheme, secrets: &[&str], parameters: Parameters) -> Result<Self, VerifierError> {
        let row = scheme.row();
        if row.legacy && !parameters.allow_legacy {
            return Err(VerifierError::Legacy);
        }
        let form = parameters.secret_form.unwrap_or(row.secret);
        let keyed_rule = match &row.rule {
            Rule::Mac(algorithm, rule) => KeyedRule::Mac(rule, Secrets::new(secrets, form, *algorithm)?),
            Rule::Jwt(rule) => KeyedRule::Jwt(rule, Secrets::new(secrets, form, MacAlgorithm::HmacSha256)?),
            Rule::Envelope(rule) => {
                KeyedRule::Envelope(*rule, Secrets::new(secrets, form, MacAlgorithm::HmacSha256)?)
            }
            Rule::Basic => {
                let credentials = Credentials::new(secrets, form)?;
                if !secrets.iter().all(|secret| secret.contains(':')) {
                    return Err(SecretError::Malformed.into());
                }
                KeyedRule::Basic(credentials)
            }
            Rule::OutboundMessage => KeyedRule::OutboundMessage(Credentials::new(secrets, form)?),
        };
        if matches!(keyed_rule, KeyedRule::Jwt(..)) && !has_names(&parameters.audiences) {
            return Err(VerifierError::NoAudience);
        }
        if matches!(keyed_rule, KeyedRule::OutboundMessage(_)) && !has_names(&parameters.organization_ids) {
            return Err(VerifierError::NoOrganization);
        }
        Ok(Self { scheme, rule: keyed_rule, parameters })
    }

    /// Its scheme.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Returns the proof that `callback` is authentic, fresh and meant for us, or the reason why it is refused. It is
    /// stateless: the caller must accept a proof with a [`super::SingleUse`] only if its key is new.
    pub fn verify<'a>(&self, callback: &Callback<'a>, now: Timestamp) -> Result<Verified<'a>, Refusal> {
        let Self { scheme, rule, parameters } = self;
        match rule {
            KeyedRule::Mac(rule, secrets) => {
                let past_ms = parameters.window_seconds.map(|s| i64::from(s).saturating_mul(1000));
                rule.verify(scheme.name(), callback, secrets, past_ms, now)
            }
            KeyedRule::Jwt(rule, secrets) => {
                rule.verify(scheme.name(), callback, secrets, &parameters.audiences, now)
            }
            KeyedRule::Envelope(rule, secrets) => rule.verify(scheme.name(), callback, secrets),
            KeyedRule::Basic(credentials) => basic::verify(callback, credentials),
            KeyedRule::OutboundMessage(path_secrets) => {
                outbound::verify(callback, path_secrets, &parameters.organization_ids)
            }
        }
    }
}
