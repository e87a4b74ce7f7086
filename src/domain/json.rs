//! Reading JSON through one parser. serde makes a parser of its own for every type and every way of reading it; behind
//! a trait object all types share one, which is a tenth of the Worker's size.

use erased_serde::Deserializer as Erased;
use serde::de::DeserializeOwned;

/// Why a text could not be read into a type, in serde's words.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct JsonError(String);

impl From<serde_json::Error> for JsonError {
    fn from(error: serde_json::Error) -> Self {
        Self(error.to_string())
    }
}

/// Reads a whole text.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, JsonError> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = erased_serde::deserialize(&mut <dyn Erased<'_>>::erase(&mut deserializer));
    let value = value.map_err(|error| JsonError(error.to_string()))?;
    deserializer.end()?;
    Ok(value)
}

/// Reads a text that is known to be well-formed; an error comes with the path to where it arose.
pub fn read_tracked<T: DeserializeOwned>(text: &str) -> Result<T, (serde_path_to_error::Path, JsonError)> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let mut track = serde_path_to_error::Track::new();
    let tracked = serde_path_to_error::Deserializer::new(&mut deserializer, &mut track);
    erased_serde::deserialize(&mut <dyn Erased<'_>>::erase(tracked))
        .map_err(|error| (track.path(), JsonError(error.to_string())))
}
