//! Proof of origin: a callback and what the operator configured in, a [`Verified`] or a [`Refusal`] out.
//!
//! A scheme is a row of data ([`scheme`]): what is signed, with which hash, in which encoding, where the signature and
//! the time stand, and how old it may be. The rows are read by five rules, of which each is written once: a detached
//! MAC ([`mac`]), a JWT ([`jwt`]), a signed envelope ([`envelope`]), and two kinds of credentials, [`basic`] and
//! [`outbound`]. Beside them, [`exchange`] proves an install by OAuth, and [`store_keys`] one
//! by keys of a store: there the vendor itself is asked; so it is where [`polled`] takes its API's word.
//!
//! Vendors with public keys have a list of their own ([`token`]): tokens ([`jws`]) that name a key of a set ([`key_set`]) or
//! bring certificates up to a pinned root ([`x509`]), and the rules over them ([`id_token`], [`apple`]).
//!
//! Every rule keeps this order, so that an attacker learns nothing and nothing unproven is interpreted: presence and
//! shape of the signature; the algorithm, pinned; the MAC over the raw bytes, compared in constant time under every
//! configured secret; only then the clock, the audience and the sender; only then the payload is parsed.
//!
//! The HTTP answer to every refusal is one and the same 401. [`Refusal`] is for tests and the operator's log.

mod apple;
mod asn1;
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
mod spki;
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
pub use verified::{Evidence, FOREVER, Payload, SingleUse, Verified, single_use_key};
pub use verifier::{Parameters, Verifier, VerifierError};
