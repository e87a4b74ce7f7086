//! The Worker secret `DATA_KEY`: one key, or several separated by commas. The first seals and hashes, and all of them open
//! what was sealed under them, so that a key can be replaced.

use crate::links::keyring::KEY_BYTES;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// The maximum number of keys.
const MAX_KEYS: usize = 16;

/// `DATA_KEY` is malformed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "DATA_KEY is not 32 bytes in base64url without padding, or up to 16 such keys separated by commas: make one with \
     `cargo xtask keygen`"
)]
pub struct DataKeyError;

/// The keys in `DATA_KEY`.
#[derive(Clone)]
pub struct DataKeys {
    first: [u8; KEY_BYTES],
    others: Vec<[u8; KEY_BYTES]>,
}

/// Prints the number of keys but never the keys.
impl std::fmt::Debug for DataKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DataKeys({} more)", self.others.len())
    }
}

fn key(text: &str) -> Result<[u8; KEY_BYTES], DataKeyError> {
    let bytes = URL_SAFE_NO_PAD.decode(text.trim()).map_err(|_| DataKeyError)?;
    bytes.try_into().map_err(|_| DataKeyError)
}

impl DataKeys {
    /// Parses the text of the secret.
    pub fn parse(text: &str) -> Result<Self, DataKeyError> {
        let (first, others) =
            text.split_once(',').map_or((text, None), |(first, others)| (first, Some(others)));
        let others: Vec<_> =
            others.into_iter().flat_map(|others| others.split(',')).map(key).collect::<Result<_, _>>()?;
        if others.len() >= MAX_KEYS {
            return Err(DataKeyError);
        }
        Ok(Self { first: key(first)?, others })
    }

    /// The key that seals and hashes.
    #[must_use]
    pub fn first(&self) -> &[u8; KEY_BYTES] {
        &self.first
    }

    /// All keys, the first one first.
    pub fn all(&self) -> impl Iterator<Item = &[u8; KEY_BYTES]> {
        std::iter::once(&self.first).chain(&self.others)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_key_or_several_are_read_in_their_order() {
        let [seven, eight] = [[7; 32], [8; 32]].map(|key| URL_SAFE_NO_PAD.encode(key));
        for (text, expected) in [
            (seven.clone(), vec![[7; 32]]),
            (format!("{eight},{seven}"), vec![[8; 32], [7; 32]]),
            (format!(" {seven} , {eight}\n"), vec![[7; 32], [8; 32]]),
        ] {
            let keys = DataKeys::parse(&text).unwrap();
            assert_eq!(keys.all().copied().collect::<Vec<_>>(), expected, "{text}");
            assert_eq!(keys.first(), &expected[0]);
        }
        let many = vec![seven.as_str(); 17].join(",");
        for text in
            ["", ",", &format!("{seven},"), &format!("{seven},short"), &format!("{seven};{eight}"), &many]
        {
            assert_eq!(DataKeys::parse(text).err(), Some(DataKeyError), "{text}");
        }
    }
}
