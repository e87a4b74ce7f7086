//! The programme: its settings, its terms, its commission plans, and the demo programme.

mod data_key;
mod demo;
mod late_credits;
mod partner_terms;
mod payer;
mod plans;
mod settings;
mod terms;
