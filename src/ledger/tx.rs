//! The transaction context: everything that an operation of the ledger may use, and the methods that write.

use super::{
    config::Config,
    error::LedgerError,
    journal,
    trails::{TrailRequest, Trails},
};
use crate::{
    domain::{
        clicks::click::ClickId,
        event::EventType,
        programme::partner::PartnerNo,
        values::{entropy::Entropy, id::EventId, time::Timestamp, zone::Zones},
    },
    store::{
        Sql, SqlError,
        log::{
            apply::{Scope, apply_change, apply_in},
            change::Change,
            events, outbox,
        },
        value::json_text,
    },
};
use serde::Serialize;
use std::cell::{Cell, RefCell};

/// What an operation of the ledger may use. It lives as long as one request, callback or alarm.
pub struct Tx<'a> {
    /// The database. Whoever opens the context also opens and commits the SQL transaction.
    pub sql: &'a dyn Sql,
    /// Signing keys, and the key that seals secrets.
    pub config: &'a Config,
    /// Time zones.
    pub zones: &'a dyn Zones,
    /// The time, the same for the whole operation.
    pub now: Timestamp,
    /// Visitors' trails that were fetched before this attempt; see [`super::needs`].
    pub trails: &'a Trails,
    entropy: RefCell<&'a mut dyn Entropy>,
    snapshot_touched: Cell<bool>,
    scope: Scope,
}

impl<'a> Tx<'a> {
    /// A context over an open database.
    pub fn new(
        sql: &'a dyn Sql,
        config: &'a Config,
        zones: &'a dyn Zones,
        now: Timestamp,
        trails: &'a Trails,
        entropy: &'a mut dyn Entropy,
    ) -> Self {
        let (entropy, snapshot_touched) = (RefCell::new(entropy), Cell::new(false));
        Self { sql, config, zones, now, trails, entropy, snapshot_touched, scope: Scope::Whole }
    }

    /// The same context for a simulation: changes are applied to the rows that terms depend on, and no event is written.
    #[must_use]
    pub fn for_simulation(self) -> Self {
        Self { scope: Scope::Terms, ..self }
    }

    /// Generates an id from the time and from randomness.
    pub fn new_id<T>(&self, generate: impl FnOnce(Timestamp, &mut dyn Entropy) -> T) -> T {
        generate(self.now, &mut **self.entropy.borrow_mut())
    }

    /// Calls `use_entropy` with the source of randomness.
    pub fn with_entropy<T>(&self, use_entropy: impl FnOnce(&mut dyn Entropy) -> T) -> T {
        use_entropy(&mut **self.entropy.borrow_mut())
    }

    /// Seals `plain` so that it opens only for the same `owner`.
    pub fn seal(&self, plain: &str, owner: &str) -> Result<String, SqlError> {
        let sealed = self.with_entropy(|entropy| self.config.sealer.seal(plain, owner, entropy));
        sealed.map_err(SqlError::from)
    }

    /// Opens what [`Tx::seal`] made for `owner`.
    pub fn open_sealed(&self, sealed: &str, owner: &str) -> Result<String, SqlError> {
        Ok(self.config.sealer.open(sealed, owner)?)
    }

    /// The earlier clicks of the visitor who made `click`; `None` if the click store could not say. If nobody has asked
    /// the click store yet, the operation ends with [`LedgerError::TrailNeeded`] and writes nothing.
    pub fn trail(&self, click_id: &str, click: &ClickId) -> Result<Option<&[String]>, LedgerError> {
        match self.trails.get(click_id) {
            Some(fetched) => Ok(fetched.as_deref()),
            None => Err(LedgerError::TrailNeeded(TrailRequest {
                shard: click.shard,
                click_id: click_id.to_owned(),
            })),
        }
    }

    /// Writes an event that changes no rows of the log's replay, such as that of an API key.
    pub fn note<T: Serialize>(&self, kind: EventType, data: &T) -> Result<(), SqlError> {
        self.note_of(None, kind, data)
    }

    /// The same for something that belongs to a partner, if it does.
    pub fn note_of<T: Serialize>(
        &self,
        partner_no: Option<PartnerNo>,
        kind: EventType,
        data: &T,
    ) -> Result<(), SqlError> {
        let id = self.new_id(EventId::generate);
        events::append(self.sql, &id, kind, partner_no, self.now, &json_text(data)?, None)
    }

    /// Applies a change and writes its event. `response` is kept with conversions and refunds, for replays; `data` is what
    /// the event shows.
    pub fn commit<T: Serialize>(
        &self,
        kind: EventType,
        change: &Change,
        data: &T,
        response: &str,
    ) -> Result<(), SqlError> {
        if self.scope == Scope::Terms {
            return apply_in(self.scope, self.sql, change, response, self.now);
        }
        let data = json_text(data)?;
        self.with_entropy(|entropy| {
            journal::record(self.sql, self.now, entropy, kind, change, &data, response)
        })
    }

    /// Applies a change that computes rows, and writes its event: `view` reads what the event shows once the rows are
    /// there. Returns that as JSON.
    pub fn commit_computed<T: Serialize>(
        &self,
        kind: EventType,
        change: &Change,
        view: impl FnOnce() -> Result<T, SqlError>,
    ) -> Result<String, SqlError> {
        apply_change(self.sql, change, "", self.now)?;
        let data = json_text(&view()?)?;
        self.with_entropy(|entropy| journal::append(self.sql, self.now, entropy, kind, change, &data))?;
        Ok(data)
    }

    /// Notes that redirects must learn of what was written.
    pub fn bump_snapshot_version(&self) -> Result<(), SqlError> {
        self.snapshot_touched.set(true);
        outbox::bump_snapshot_version(self.sql)
    }

    /// Notes that redirects must learn of what a part of the operation wrote in a context of its own.
    pub fn absorb(&self, part: &Tx<'_>) {
        self.snapshot_touched.set(self.is_snapshot_touched() || part.is_snapshot_touched());
    }

    /// Whether redirects must learn of what was written.
    #[must_use]
    pub fn is_snapshot_touched(&self) -> bool {
        self.snapshot_touched.get()
    }
}
