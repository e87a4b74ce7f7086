//! Clicks: visits through links, the visitors behind them, and the bucket that each click is counted in.

pub mod bot;
pub mod bucket;
pub mod click;
pub mod trail;
pub mod visit;
pub mod visitor;
