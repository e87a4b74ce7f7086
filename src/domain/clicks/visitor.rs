//! Visitors without personal data: a keyed hash of address and user agent whose key changes every UTC day.
//!
//! The address itself is never stored or logged. The day's key derives from the Worker secret `DATA_KEY`. A holder of
//! that secret could test a guessed address against the hashes of a day. Without it, hashes cannot be reversed, and
//! hashes of different days cannot be linked.

use crate::{
    clicks::{bot::AGENT_BYTES, click::SHARDS},
    links::keyring::{mac, new_hmac},
    values::{
        data_keys::{DataKeyError, DataKeys},
        time::Timestamp,
    },
};
use data_encoding::HEXLOWER;
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// Separates this subkey from the others derived from `DATA_KEY`.
const LABEL: &[u8] = b"signpost visitor v1";

/// The subkey of `DATA_KEY` from which the day keys for visitors derive.
#[derive(Clone)]
pub struct VisitorSecret(Hmac<Sha256>);

impl std::fmt::Debug for VisitorSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("VisitorSecret")
    }
}

impl VisitorSecret {
    /// Derives the subkey from the text of `DATA_KEY`, of which the first key counts.
    pub fn parse(data_key: &str) -> Result<Self, DataKeyError> {
        let keys = DataKeys::parse(data_key)?;
        Ok(Self(new_hmac(&mac(&new_hmac(keys.first()), LABEL))))
    }

    /// Returns the key of the UTC day that contains `at`.
    #[must_use]
    pub fn day(&self, at: Timestamp) -> DayKey {
        let day = at.utc_day();
        DayKey { day, keyed: new_hmac(&mac(&self.0, &day.to_be_bytes())) }
    }
}

/// The key of one UTC day.
#[derive(Clone)]
pub struct DayKey {
    day: i64,
    keyed: Hmac<Sha256>,
}

impl std::fmt::Debug for DayKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DayKey").field("day", &self.day).finish_non_exhaustive()
    }
}

impl DayKey {
    /// Returns whether this is the key of the day that contains `at`.
    #[must_use]
    pub fn covers(&self, at: Timestamp) -> bool {
        at.utc_day() == self.day
    }

    /// Returns the visitor with this address and user agent. Returns `None` without an address, because a user agent
    /// alone would merge very many people into one visitor.
    #[must_use]
    pub fn visitor(&self, ip: &str, user_agent: &str) -> Option<Visitor> {
        if ip.is_empty() {
            return None;
        }
        let agent = user_agent.as_bytes();
        let agent = agent.get(..AGENT_BYTES).unwrap_or(agent);
        let mut message = self.keyed.clone();
        // An address cannot contain NUL, so the boundary between address and user agent is unambiguous.
        for part in [ip.as_bytes(), &[0], agent] {
            message.update(part);
        }
        let tag: [u8; 32] = message.finalize().into_bytes().into();
        tag.first_chunk().map(|first| Visitor(u64::from_be_bytes(*first)))
    }
}

/// The hash of a visitor for one UTC day: 64 bits, 16 hexadecimal digits as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Visitor(u64);

impl Visitor {
    /// Parses 16 lower-case hexadecimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let plain = text.len() == 16 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if plain { u64::from_str_radix(text, 16).ok().map(Self) } else { None }
    }
}

impl std::fmt::Display for Visitor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(HEXLOWER.encode_mut_str(&self.0.to_be_bytes(), &mut [0; 16]))
    }
}

/// Returns the ClickLog shard of a click. It depends on the visitor, so that duplicates are in one shard, or on the
/// click's random bytes if there is no visitor.
#[must_use]
pub fn shard(visitor: Option<Visitor>, random: [u8; 4]) -> u8 {
    let byte = match visitor {
        Some(Visitor(hash)) => {
            let [.., last] = hash.to_be_bytes();
            last
        }
        None => {
            let [first, ..] = random;
            first
        }
    };
    byte.checked_rem(SHARDS).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::time::DAY_MS;
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

    fn secret() -> VisitorSecret {
        VisitorSecret::parse(&URL_SAFE_NO_PAD.encode([7; 32])).unwrap()
    }

    #[test]
    fn a_visitor_is_the_same_all_day_and_another_the_next() {
        let morning = Timestamp::clamped(20_000 * DAY_MS);
        let (day, evening, next) =
            (secret().day(morning), morning.plus_ms(DAY_MS - 1), morning.plus_ms(DAY_MS));
        assert!(day.covers(evening) && !day.covers(next));
        let visitor = |at| secret().day(at).visitor("203.0.113.9", "agent").unwrap();
        assert_eq!(visitor(morning), visitor(evening));
        assert_ne!(visitor(morning), visitor(next));
    }

    #[test]
    fn address_and_agent_both_count_and_cannot_run_into_each_other() {
        let day = secret().day(Timestamp::clamped(0));
        let visitor = day.visitor("203.0.113.9", "1 agent").unwrap();
        for (ip, agent) in
            [("203.0.113.8", "1 agent"), ("203.0.113.9", "2 agent"), ("203.0.113.91", " agent")]
        {
            assert_ne!(day.visitor(ip, agent), Some(visitor), "{ip} {agent}");
        }
        assert_eq!(day.visitor("", "agent"), None);
        assert_eq!(Visitor::parse(&visitor.to_string()), Some(visitor));
        for text in ["", "00", "0123456789ABCDEF", "+123456789abcdef", "0123456789abcdef0"] {
            assert_eq!(Visitor::parse(text), None, "{text}");
        }
    }

    /// The expected value was computed by running `openssl dgst -sha256 -mac HMAC` three times: for the subkey, the day
    /// key and the visitor.
    #[test]
    fn the_hash_is_the_documented_one() {
        let visitor = secret().day(Timestamp::clamped(0)).visitor("203.0.113.9", "agent");
        assert_eq!(visitor.unwrap().to_string(), "dc9f4e911c6ffc7d");
    }

    #[test]
    fn a_wrong_data_key_is_refused() {
        for text in ["", "short", &"A".repeat(44), &format!("{}=", "A".repeat(43)), &"!".repeat(43)] {
            assert_eq!(VisitorSecret::parse(text).err(), Some(DataKeyError), "{text}");
        }
    }

    #[test]
    fn shards_follow_the_visitor_or_else_the_random_bytes() {
        let mut seen = [0u32; 16];
        for last in 0..=255u8 {
            assert_eq!(shard(Visitor::parse(&format!("00000000000000{last:02x}")), [255; 4]), last % 16);
            assert_eq!(shard(None, [last, 0, 0, 0]), last % 16);
            seen[usize::from(last % 16)] += 1;
        }
        assert_eq!(seen, [16; 16]);
    }
}
