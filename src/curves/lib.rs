//! ECDSA on P-256 and P-384 (FIPS 186-5 §6.4.2): verification alone. A crate of its own, because the arithmetic is generic
//! code, which is compiled as whoever calls it: for speed here, for size elsewhere.

#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::let_underscore_must_use
    )
)]

use p256::ecdsa::signature::hazmat::PrehashVerifier;

/// Why a signature does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mismatch {
    /// It is not of its form.
    Malformed,
    /// It is another key's, or of another hash.
    Bad,
}

macro_rules! curve {
    ($(#[$doc:meta])* $name:ident, $of:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name($of::ecdsa::VerifyingKey);

        impl $name {
            /// The key at a point (SEC 1 §2.3.4), compressed or not.
            #[must_use]
            pub fn from_point(point: &[u8]) -> Option<Self> {
                $of::ecdsa::VerifyingKey::from_sec1_bytes(point).ok().map(Self)
            }

            /// Verifies a signature over what has this hash: its two numbers side by side, each as long as the curve's
            /// (RFC 7518 §3.4).
            pub fn verify(&self, hash: &[u8], numbers: &[u8]) -> Result<(), Mismatch> {
                let signature = $of::ecdsa::Signature::from_slice(numbers);
                let signature = signature.map_err(|_| Mismatch::Malformed)?;
                self.0.verify_prehash(hash, &signature).map_err(|_| Mismatch::Bad)
            }
        }
    };
}

curve! {
    /// A key on P-256.
    P256, p256
}
curve! {
    /// A key on P-384.
    P384, p384
}

impl P256 {
    /// The key at a point, by its two numbers (RFC 7518 §6.2.1).
    #[must_use]
    pub fn from_numbers(x: &[u8; 32], y: &[u8; 32]) -> Option<Self> {
        Self::from_point(&[&[4], x.as_slice(), y].concat())
    }
}
