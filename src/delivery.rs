//! The delivery of events to destinations outside, without the network: which events a destination receives ([`fan_out`]), in which
//! order and when they are attempted ([`queue`]), and what is sent ([`payload`]). `edge/objects/{relay,destination}.rs` run it.

pub mod fan_out;
pub mod intake;
pub mod mail;
pub mod ordering;
pub mod payload;
pub mod queue;
