//! A scheme together with what the operator configured: the one way to a [`Verified`].

use super::{
    basic,
    callback::Callback,
    envelope::EnvelopeRule,
    jwt::JwtRule,
    mac::MacRule,
    outbound,
    refusal::Refusal,
    scheme::{Rule, Scheme},
    secret::{Credentials, Digest, SecretError, SecretForm, Secrets},
    verified::Verified,
};
use crate::domain::values::time::Timestamp;

/// What a scheme needs to know beside its secrets. A signature proves the marketplace; only the configured audience or
/// organisation proves that it speaks of us.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parameters {
    /// For JWTs: our client ids, one of which must be the `aud`.
    pub audiences: Vec<String>,
    /// For outbound messages: our organisations, by their ids of 15 or 18 characters.
    pub organization_ids: Vec<String>,
    /// How old a detached signature may be, in seconds, instead of the scheme's own limit. Where the scheme allows a
    /// time in the future, it allows as much of it.
    pub window_seconds: Option<u32>,
    /// Whether a scheme may be used that the vendor has replaced by a stronger one.
    pub allow_legacy: bool,
    /// How secrets become keys, instead of the scheme's own way.
    pub secret_form: Option<SecretForm>,
}

/// Why a scheme cannot be used with what is configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VerifierError {
    /// The secrets are unusable.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// A JWT without a configured audience would be anybody's.
    #[error("the scheme needs an audience")]
    NoAudience,
    /// An outbound message without a configured organisation would be anybody's.
    #[error("the scheme needs an organisation id")]
    NoOrganization,
    /// The scheme is a legacy one, and those are not allowed.
    #[error("the scheme is a legacy one and is not allowed")]
    Legacy,
}

/// A rule with the keys it needs.
#[derive(Debug, Clone)]
enum Keyed {
    Mac(&'static MacRule, Secrets),
    Jwt(&'static JwtRule, Secrets),
    Envelope(EnvelopeRule, Secrets),
    Basic(Credentials),
    OutboundMessage(Credentials),
}

/// Verifies callbacks of one scheme. Make it once and keep it: its secrets are hashed ahead.
#[derive(Debug, Clone)]
pub struct Verifier {
    scheme: Scheme,
    keyed: Keyed,
    parameters: Parameters,
}

/// Whether `names` is a list with something in each of its places: what has no recipient would be anybody's.
pub(super) fn named(names: &[String]) -> bool {
    !names.is_empty() && !names.iter().any(String::is_empty)
}

impl Verifier {
    /// A verifier under any of `secrets`, the current one first.
    pub fn new(scheme: Scheme, secrets: &[&str], parameters: Parameters) -> Result<Self, VerifierError> {
        let row = scheme.row();
        if row.legacy && !parameters.allow_legacy {
            return Err(VerifierError::Legacy);
        }
        let form = parameters.secret_form.unwrap_or(row.secret);
        let keyed = match &row.rule {
            Rule::Mac(digest, rule) => Keyed::Mac(rule, Secrets::new(secrets, form, *digest)?),
            Rule::Jwt(rule) => Keyed::Jwt(rule, Secrets::new(secrets, form, Digest::HmacSha256)?),
            Rule::Envelope(rule) => Keyed::Envelope(*rule, Secrets::new(secrets, form, Digest::HmacSha256)?),
            Rule::Basic => {
                let credentials = Credentials::new(secrets, form)?;
                if !secrets.iter().all(|secret| secret.contains(':')) {
                    return Err(SecretError::Malformed.into());
                }
                Keyed::Basic(credentials)
            }
            Rule::OutboundMessage => Keyed::OutboundMessage(Credentials::new(secrets, form)?),
        };
        if matches!(keyed, Keyed::Jwt(..)) && !named(&parameters.audiences) {
            return Err(VerifierError::NoAudience);
        }
        if matches!(keyed, Keyed::OutboundMessage(_)) && !named(&parameters.organization_ids) {
            return Err(VerifierError::NoOrganization);
        }
        Ok(Self { scheme, keyed, parameters })
    }

    /// Which scheme it verifies.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The proof that `callback` is authentic, fresh, and meant for us; or why it is not. It has no memory: a proof
    /// with a [`super::SingleUse`] counts only if its key was not seen before.
    pub fn verify<'a>(&self, callback: &Callback<'a>, now: Timestamp) -> Result<Verified<'a>, Refusal> {
        let Self { scheme, keyed, parameters } = self;
        match keyed {
            Keyed::Mac(rule, secrets) => {
                let past_ms = parameters.window_seconds.map(|s| i64::from(s).saturating_mul(1000));
                rule.verify(*scheme, callback, secrets, past_ms, now)
            }
            Keyed::Jwt(rule, secrets) => rule.verify(*scheme, callback, secrets, &parameters.audiences, now),
            Keyed::Envelope(rule, secrets) => rule.verify(*scheme, callback, secrets),
            Keyed::Basic(credentials) => basic::verify(callback, credentials),
            Keyed::OutboundMessage(path_secrets) => {
                outbound::verify(callback, path_secrets, &parameters.organization_ids)
            }
        }
    }
}
