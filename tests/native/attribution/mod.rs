//! Attribution: which touches a sale is credited to, and what each credited partner sees and earns.

mod models;
mod random;
mod shared;
mod tables;
