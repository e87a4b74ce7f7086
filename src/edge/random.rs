//! Randomness from the engine's `crypto.getRandomValues`.

use crate::domain::values::entropy::Entropy;

/// Draws from the engine, a block at a time: each crossing costs more than the bytes.
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
                // Without randomness nothing may be signed or named: ending the call is the only right answer.
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
