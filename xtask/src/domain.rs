//! The library's key ring, compiled from its own source: linking the library would build SQLite and a hundred
//! other crates before the first line of `cargo xtask dev`.

#[path = "../../src/domain/entropy.rs"]
#[allow(dead_code, reason = "the seeded entropy is for tests and replays")]
pub mod entropy;
#[path = "../../src/domain/keyring.rs"]
#[allow(dead_code, reason = "only the Worker signs and verifies")]
pub mod keyring;
