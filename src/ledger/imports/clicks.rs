//! Imported clicks. The Ledger mints their ids and queues their records; their ClickLogs count them as any other click.

use super::super::tx::Tx;
use crate::{
    domain::{
        clicks::{
            bucket::Bucket,
            click::{Class, ClickId, Country, Device},
            visit::Visit,
            visitor::shard,
        },
        links::link::LinkNo,
        values::string_enum::string_enum,
    },
    store::{SqlError, imports},
};

string_enum! {
    /// Who made an imported click, as the system that it comes from has decided.
    ImportedClass {
        /// A person.
        Human = "human";
        /// A crawler, a link preview or a script.
        Bot = "bot";
        /// A prefetch or prerender.
        Prefetch = "prefetch";
    }
}

/// What the id of a click and its record contain.
pub struct ImportedClick<'a> {
    /// The link.
    pub link_no: LinkNo,
    /// The other system's id of the visitor, which is stored as a hash of the day only.
    pub visitor: Option<&'a str>,
    /// The visitor's country.
    pub country: Option<Country>,
    /// The visitor's device.
    pub device: Device,
    /// Who made it.
    pub class: ImportedClass,
    /// The visitor's earlier click ids, oldest first, joined by `.`.
    pub trail: String,
}

/// Stands in place of an address in the hash of a visitor, so that no imported visitor equals a real one.
const IMPORTED: &str = "imported";

/// Mints the id of a click at the time of the context.
fn mint(tx: &Tx<'_>, click: &ImportedClick<'_>) -> Result<(String, Visit), SqlError> {
    let visitor = click.visitor.and_then(|visitor| tx.config.visitors.day(tx.now).visitor(IMPORTED, visitor));
    let mut random = [0; 4];
    tx.with_entropy(|entropy| entropy.fill(&mut random));
    let (class, bucket) = match click.class {
        ImportedClass::Human => (Class::Human, Bucket::Human),
        ImportedClass::Bot => (Class::Bot, Bucket::Bot),
        ImportedClass::Prefetch => (Class::Prefetch, Bucket::Prefetch),
    };
    let click_id = ClickId {
        at: tx.now,
        link_no: click.link_no,
        shard: shard(visitor, random),
        country: click.country,
        device: click.device,
        class,
        gpc: false,
        random,
    };
    let id = click_id
        .mint(&tx.config.ring)
        .ok_or_else(|| SqlError::Engine("the key ring cannot sign".to_owned()))?;
    let visit = Visit {
        id: id.clone(),
        at: tx.now,
        link_no: Some(click.link_no),
        visitor,
        country: click.country,
        device: click.device,
        bucket,
        trail: click.trail.clone(),
    };
    Ok((id, visit))
}

/// Records a click, and returns its id.
pub fn record(tx: &Tx<'_>, click: &ImportedClick<'_>) -> Result<String, SqlError> {
    let (id, visit) = mint(tx, click)?;
    let shard = ClickId::verify(&id, &tx.config.ring).map_or(0, |click| click.shard);
    imports::queue_click(tx.sql, shard, &visit.to_json())?;
    Ok(id)
}

/// The id of a click that nobody counts: it stands for the visit that made a customer known elsewhere.
pub fn unrecorded(tx: &Tx<'_>, link_no: LinkNo) -> Result<String, SqlError> {
    let click = ImportedClick {
        link_no,
        visitor: None,
        country: None,
        device: Device::Unknown,
        class: ImportedClass::Human,
        trail: String::new(),
    };
    mint(tx, &click).map(|(id, _)| id)
}
