//! The rules: pure, synchronous functions of their arguments. Nothing here reads a clock, draws a random
//! number or touches a store; time, entropy and rows come in as arguments.

pub mod attribution;
pub mod bot;
pub mod bucket;
pub mod click;
pub mod conversion;
pub mod destination;
pub mod entropy;
pub mod event;
pub mod guide;
pub mod id;
pub mod json;
pub mod key;
pub mod keyring;
pub mod ledger;
pub mod link;
pub mod listing;
pub mod money;
pub mod partner;
pub mod program;
pub mod redirect;
pub mod sealing;
pub mod snapshot;
pub mod text;
pub mod time;
pub mod token;
pub mod trail;
pub mod visit;
pub mod visitor;
pub mod words;
pub mod zone;
