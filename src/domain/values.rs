//! Value types shared by all subjects: ids, times, dates, texts, digests and randomness.

pub mod data_keys;
pub mod date;
pub mod digest;
pub mod email;
pub mod entropy;
pub mod id;
pub mod language;
pub mod limits;
pub mod string_enum;
pub mod text;
pub mod time;
pub mod zone;
