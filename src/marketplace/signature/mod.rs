//! Verification of callbacks: takes a callback and the operator's configuration, and returns a [`Verified`] proof or a
//! [`Refusal`].
//!
//! A scheme with a shared secret is a row of data ([`scheme`]): what is signed, with which hash, in which encoding,
//! where the signature and the time are, and how old the signature may be. Five rules interpret the rows: detached
//! MACs ([`mac`]), JWTs ([`jwt`]), signed envelopes ([`envelope`]), and two kinds of credentials ([`basic`] and
//! [`outbound`]). Three further proofs need an answer of the vendor: [`exchange`] verifies an OAuth installation,
//! [`store_keys`] the API keys of a store, and [`polled`] accepts what a vendor's API answers.
//!
//! The schemes with vendors' public keys are listed in [`token`]: tokens ([`jws`]) that name a key of a key set
//! ([`key_set`]) or carry certificates up to a pinned root ([`x509`]), and the rules for their claims ([`id_token`],
//! [`apple`]).
//!
//! Every rule keeps this order, so that an attacker learns nothing and unverified content is never interpreted:
//! presence and form of the signature; the algorithm, which is pinned; the MAC over the raw bytes, compared in
//! constant time under every configured secret; then the clock, the audience and the sender; and only then the
//! payload.
//!
//! The HTTP response to every refusal is the same 401. [`Refusal`] is for tests and the operator's log.

mod apple;
mod basic;
mod bearer;
mod callback;
mod claims;
mod compact;
mod encoding;
mod entities;
mod envelope;
mod exchange;
mod expected;
mod fields;
mod id_token;
mod jws;
mod jwt;
mod key_set;
mod mac;
mod outbound;
mod pem;
pub mod platforms;
mod polled;
pub mod public_key;
mod query;
mod refusal;
mod scheme;
mod secret;
mod store_keys;
mod token;
mod uri;
mod verified;
mod verifier;
mod window;
mod x509;

pub use bearer::bearer;
pub use callback::Callback;
pub use exchange::{TokenEncoding, TokenEndpoint, accepted_code, client_secret_post};
pub use expected::{AppleEnvironment, Expected};
pub use id_token::google_sign_in;
pub use key_set::Keys;
pub use polled::polled;
pub use query::is_shop;
pub use refusal::Refusal;
pub use scheme::Scheme;
pub use secret::{SecretError, SecretForm};
pub use store_keys::{Connection, StoreKeys};
pub use token::{TokenScheme, Trust};
pub use verified::{Evidence, FOREVER, KeptProof, Payload, SingleUse, Verified};
pub use verifier::{Parameters, Verifier, VerifierError};
