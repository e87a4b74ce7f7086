//! Signatures of Standard Webhooks 1.0 (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>).

use crate::{
    links::keyring::{KEY_BYTES, mac, new_hmac},
    values::entropy::Entropy,
};
use base64::{Engine, engine::general_purpose::STANDARD};

/// What precedes a secret in its text form.
const PREFIX: &str = "whsec_";

/// The secret that an endpoint shares with its receiver.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningSecret([u8; KEY_BYTES]);

impl std::fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningSecret")
    }
}

impl SigningSecret {
    /// Generates a secret.
    pub fn generate(entropy: &mut dyn Entropy) -> Self {
        let mut key = [0; KEY_BYTES];
        entropy.fill(&mut key);
        Self(key)
    }

    /// Parses `whsec_` and 32 bytes in base64.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let key = STANDARD.decode(text.strip_prefix(PREFIX)?).ok()?;
        key.try_into().ok().map(Self)
    }

    /// The text form, which libraries of Standard Webhooks accept.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(self.0))
    }

    fn sign(&self, id: &str, timestamp_s: i64, body: &str) -> String {
        let signed = format!("{id}.{timestamp_s}.{body}");
        format!("v1,{}", STANDARD.encode(mac(&new_hmac(&self.0), signed.as_bytes())))
    }
}

/// The value of `webhook-signature`: one signature for each live secret.
#[must_use]
pub fn header(secrets: &[SigningSecret], id: &str, timestamp_s: i64, body: &str) -> String {
    let signatures: Vec<_> = secrets.iter().map(|secret| secret.sign(id, timestamp_s, body)).collect();
    signatures.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::entropy::SeededEntropy;

    #[test]
    fn the_published_example_has_the_published_signature() {
        // The test vector of the specification's libraries. HMAC pads a shorter key with zeros, so its 24 bytes can be padded here.
        let key = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let mut padded = [0; KEY_BYTES];
        padded[..key.len()].copy_from_slice(&key);
        let header = header(
            &[SigningSecret(padded)],
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            "{\"test\": 2432232314}",
        );
        assert_eq!(header, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_survives_its_text_form() {
        let mut entropy = SeededEntropy::new(1);
        let secret = SigningSecret::generate(&mut entropy);
        assert_eq!(SigningSecret::parse(&secret.text()), Some(secret.clone()));
        assert_ne!(SigningSecret::generate(&mut entropy), secret);
        for text in ["", "whsec_", "whsec_AAAA", &secret.text()[6..], &format!("{}=", secret.text())] {
            assert_eq!(SigningSecret::parse(text), None, "{text}");
        }
        assert_eq!(format!("{secret:?}"), "SigningSecret");
    }

    #[test]
    fn every_live_secret_signs() {
        let secrets = [1, 2].map(|seed| SigningSecret::generate(&mut SeededEntropy::new(seed)));
        let both = header(&secrets, "evt_1", 1_700_000_000, "{}");
        let alone = secrets
            .each_ref()
            .map(|secret| header(std::slice::from_ref(secret), "evt_1", 1_700_000_000, "{}"));
        assert_eq!(both, alone.join(" "));
        assert_ne!(both, header(&secrets, "evt_2", 1_700_000_000, "{}"));
        assert_ne!(both, header(&secrets, "evt_1", 1_700_000_001, "{}"));
        assert_ne!(both, header(&secrets, "evt_1", 1_700_000_000, "{ }"));
    }
}
