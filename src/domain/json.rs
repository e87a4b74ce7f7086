//! Reading JSON into types.

use serde::de::DeserializeOwned;

/// Why a text could not be read into a type, in serde's words.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct JsonError(#[from] serde_json::Error);

/// Reads a whole text by way of a tree. serde makes a parser of its own for every type that is read straight from text;
/// from a tree it makes much less, and size matters more here than speed.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, JsonError> {
    let tree: serde_json::Value = serde_json::from_str(text)?;
    Ok(T::deserialize(tree)?)
}

/// Reads a text that is known to be well-formed; an error comes with the path to where it arose.
pub fn read_tracked<T: DeserializeOwned>(
    text: &str,
) -> Result<T, serde_path_to_error::Error<serde_json::Error>> {
    serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_str(text))
}
