//! Accepting conversions, with their attribution, money and events in one transaction; and crediting them later, when a
//! click of their customer becomes known.

pub mod accept;
pub mod confirmation;
pub mod fingerprint;
pub mod late_credit;
pub mod qualification;
pub mod recording;
pub mod reported;
pub mod view;
