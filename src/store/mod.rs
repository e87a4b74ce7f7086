//! The SQL layer, with one file per kind of row, over the [`Sql`] trait. The same statements run on workerd's SQLite
//! and on native SQLite.

pub mod books;
pub mod callbacks;
pub mod clicks;
pub mod columns;
pub mod commissions;
pub mod conversions;
mod count;
pub mod delivery;
mod error;
pub mod imports;
pub mod links;
pub mod log;
pub mod meta;
#[cfg(all(feature = "sqlite", not(target_arch = "wasm32")))]
pub mod native;
pub mod page;
pub mod payouts;
pub mod programme;
pub mod reports;
pub mod schema;
pub mod scratch;
mod sql;
pub mod suppressions;
pub mod value;
pub mod webhooks;

pub use count::count;
pub use error::SqlError;
pub use page::Page;
use sql::next_no;
pub use sql::{Sql, transaction};
pub use value::{Row, Value};
