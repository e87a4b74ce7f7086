//! All native tests of the crate, in one binary, because each binary links the whole crate again. The modules are grouped by
//! the same subjects as the folders of `src`. `cargo test --test native <module>::` runs one of them.

mod attribution;
mod callbacks;
mod clicks;
mod conversions;
mod delivery;
mod edge;
mod http;
mod imports;
mod ledger;
mod links;
mod mail;
mod marketplaces;
mod money;
mod openapi;
mod partners;
mod payouts;
mod programme;
mod pruning;
mod reports;
mod restore;
mod signatures;
mod store;
mod support;
