//! Closed sets of words that appear in the API and in rows, and free-form annotations.

use std::collections::BTreeMap;

/// Free-form annotations: at most 50 keys; [`crate::values::text`] has the limits of each.
pub type Metadata = BTreeMap<String, String>;

/// Defines an enum whose variants are words in the API, with `as_str`, `parse`, serde and a JSON schema.
#[macro_export]
macro_rules! string_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal;)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
        #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $word)] $variant,)* }

        impl $name {
            /// All variants, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Returns the word used in the API and in rows.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// Returns the variant that a word stands for.
            #[must_use]
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|variant| variant.as_str() == word)
            }
        }

        // This is not derived because serde's derive also accepts the object `{"word": null}`.
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Visitor;
                impl serde::de::Visitor<'_> for Visitor {
                    type Value = $name;
                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("a text")
                    }
                    fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<$name, E> {
                        $name::parse(word).ok_or_else(|| E::unknown_variant(word, &[$($word),*]))
                    }
                }
                deserializer.deserialize_str(Visitor)
            }
        }


        impl From<$name> for $crate::values::string_enum::Word {
            fn from(value: $name) -> Self {
                $crate::values::string_enum::Word(value.as_str())
            }
        }
    };
}
pub use string_enum;

/// A word of a closed set, as bound to an SQL parameter.
#[derive(Debug, Clone, Copy)]
pub struct Word(pub &'static str);
