//! The rules: pure, synchronous functions of their arguments. Nothing here reads a clock, draws a random
//! number or touches a store; time, entropy and rows come in as arguments.

pub mod bot;
pub mod bucket;
pub mod click;
pub mod destination;
pub mod entropy;
pub mod guide;
pub mod id;
pub mod keyring;
pub mod money;
pub mod redirect;
pub mod snapshot;
pub mod time;
pub mod token;
pub mod trail;
pub mod visit;
pub mod visitor;
