//! The three secrets of a Worker, and the file in which `dev` stores its own.

use crate::keyring::with_new_key;
use crate::values::entropy::Entropy;
use anyhow::{Context, Result, bail};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

const FILE: &str = "keys.json";

/// The Worker's secrets. The field names are the secrets' names in lower case.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    pub operator_key: String,
    pub signing_keys: String,
    pub data_key: String,
}

/// The operating system's randomness. `Entropy::fill` cannot return an error, so the first error is stored.
#[derive(Default)]
struct SystemEntropy {
    failure: Option<getrandom::Error>,
}

impl Entropy for SystemEntropy {
    fn fill(&mut self, bytes: &mut [u8]) {
        self.failure = getrandom::fill(bytes).err().or(self.failure);
    }
}

impl SystemEntropy {
    fn draw<T>(body: impl FnOnce(&mut Self) -> T) -> Result<T> {
        let mut entropy = Self::default();
        let drawn = body(&mut entropy);
        match entropy.failure {
            Some(error) => Err(error).context("the operating system's random number generator failed"),
            None => Ok(drawn),
        }
    }
}

fn random_text() -> Result<String> {
    let mut bytes = [0; 32];
    SystemEntropy::draw(|entropy| entropy.fill(&mut bytes))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// Adds a new signing key to `ring`, or creates a key ring with one key.
pub fn signing_keys(ring: Option<&str>) -> Result<String> {
    let text = SystemEntropy::draw(|entropy| with_new_key(ring, entropy))?;
    text.context("no key can be added to the ring")
}

impl Keys {
    pub fn generate() -> Result<Self> {
        Ok(Self {
            operator_key: format!("op_{}", random_text()?),
            signing_keys: signing_keys(None)?,
            data_key: random_text()?,
        })
    }

    /// Loads the keys that `dev` has stored in `data`.
    pub fn load(data: &Path) -> Result<Self> {
        let path = data.join(FILE);
        let text =
            std::fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
        serde_json::from_str(&text).with_context(|| format!("{} is damaged", path.display()))
    }

    /// Loads the keys stored in `data`, or creates them on first use. `has_state` says whether a Worker has written
    /// data there before.
    pub fn load_or_create(data: &Path, has_state: bool) -> Result<Self> {
        let path = data.join(FILE);
        match std::fs::read_to_string(&path) {
            Ok(text) => serde_json::from_str(&text).with_context(|| format!("{} is damaged", path.display())),
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("{} cannot be read", path.display()))
            }
            Err(_) if has_state => bail!(
                "{} is missing, but the data in that directory was created with its keys: restore the file, or choose \
                 another directory with --data",
                path.display()
            ),
            Err(_) => {
                let keys = Self::generate()?;
                keys.write(&path).with_context(|| format!("{} cannot be written", path.display()))?;
                Ok(keys)
            }
        }
    }

    /// Writes the file atomically, readable by its owner only.
    fn write(&self, path: &Path) -> Result<()> {
        let fresh = path.with_extension("json.new");
        let mut options = std::fs::OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
        file.write_all(serde_json::to_string_pretty(self)?.as_bytes())?;
        file.sync_all()?;
        Ok(std::fs::rename(fresh, path)?)
    }
}
