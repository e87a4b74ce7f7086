//! Randomness from the engine's `crypto.getRandomValues`.

use crate::domain::values::entropy::Entropy;

/// Random bytes from the engine. They are drawn in blocks, because each call into JavaScript costs more than the bytes.
pub struct CryptoEntropy {
    block: [u8; 256],
    used: usize,
}

impl Default for CryptoEntropy {
    fn default() -> Self {
        Self { block: [0; 256], used: 256 }
    }
}

impl Entropy for CryptoEntropy {
    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            if self.used >= self.block.len() {
                // Without randomness no id may be created and nothing signed, so the call is aborted.
                if getrandom::fill(&mut self.block).is_err() {
                    wasm_bindgen::throw_str("the engine has no randomness");
                }
                self.used = 0;
            }
            if let Some(random) = self.block.get_mut(self.used) {
                *byte = std::mem::take(random);
            }
            self.used = self.used.saturating_add(1);
        }
    }
}
