//! The part of the Ledger's alarm that hands new events to the relay, and commands to the objects of destinations.

use crate::{
    delivery::{
        fan_out::{Batch, Destination, Destinations, received},
        intake::LogPart,
    },
    domain::{delivery::endpoint::Filters, values::id::WebhookId},
    edge::{
        failed,
        http::with_timeout,
        rpc::{STORE_TIMEOUT, Stores},
        sql::DurableSql,
    },
    store::{
        Sql, SqlError,
        log::{
            archive::{EventLog, LogError, Segments},
            relay::{self, done, due},
        },
        meta,
        value::json_text,
        webhooks,
    },
};
use futures_util::future::join_all;
use std::collections::BTreeMap;
use worker::Result;

/// The maximum number of batches that one alarm hands over.
const BATCHES_PER_ALARM: usize = 20;
/// The maximum number of commands that one alarm sends.
const COMMANDS_PER_ALARM: i64 = 200;

fn partners_see_customers(sql: &dyn Sql) -> std::result::Result<bool, SqlError> {
    Ok(meta::program(sql)?.is_some_and(|program| program.partners_see_customers))
}

/// Hands new events to the relay. A batch whose response is lost is handed over again; destinations know the events that they have.
pub async fn relay_events(stores: &Stores, sql: &DurableSql) -> Result<()> {
    for _ in 0..BATCHES_PER_ALARM {
        let Some(batch) = due(sql).map_err(failed)? else { break };
        let version = webhooks::version(sql).map_err(failed)?;
        let batch =
            Batch::new(batch, version, partners_see_customers(sql).map_err(failed)?).map_err(failed)?;
        let text = json_text(&batch).map_err(failed)?;
        with_timeout(STORE_TIMEOUT, async { stores.relay()?.take(&text).await }).await?;
        done(sql, batch.through).map_err(failed)?;
    }
    Ok(())
}

/// Sends commands to the objects of destinations. The commands of one destination are executed in their order; a destination that
/// fails does not delay the others.
pub async fn send_commands(stores: &Stores, sql: &DurableSql) -> Result<()> {
    let mut by_destination: BTreeMap<String, Vec<(i64, String)>> = BTreeMap::new();
    for queued in webhooks::queued_commands(sql, COMMANDS_PER_ALARM).map_err(failed)? {
        by_destination.entry(queued.destination).or_default().push((queued.no, queued.command));
    }
    let sends = by_destination.into_iter().map(|(id, commands)| async move {
        for (no, command) in commands {
            with_timeout(STORE_TIMEOUT, async { stores.destination(&id)?.execute(&command).await }).await?;
            webhooks::command_done(sql, no).map_err(failed)?;
        }
        Ok(())
    });
    join_all(sends).await.into_iter().collect()
}

/// Returns the active destinations, JSON.
pub fn destinations(sql: &dyn Sql) -> std::result::Result<String, SqlError> {
    let destinations = webhooks::active(sql)?.iter().map(Destination::of).collect();
    json_text(&Destinations { version: webhooks::version(sql)?, destinations })
}

/// Returns a part of the log as a destination receives it, JSON. One that does not exist receives nothing.
pub fn log_part(
    sql: &dyn Sql,
    segments: &Segments,
    destination: &str,
    after: i64,
    through: Option<i64>,
) -> std::result::Result<String, LogError> {
    let found = WebhookId::parse(destination).map(|id| webhooks::by_id(sql, &id)).transpose()?.flatten();
    let Some(webhook) = found else {
        let nothing = LogPart { events: Vec::new(), through: after, is_last: true };
        return Ok(json_text(&nothing)?);
    };
    // A part that was requested again is for the filter of now.
    let filters = match through {
        Some(_) => Filters::new(webhook.events.current),
        None => webhook.events,
    };
    let part = relay::part(&EventLog::open(sql, segments)?, after, through, webhook.partner_no, &filters)?;
    let sees_customers = partners_see_customers(sql)?;
    let shown = part.events.into_iter().map(|event| received(event, webhook.partner_no, sees_customers));
    let events = shown.collect::<std::result::Result<_, SqlError>>()?;
    Ok(json_text(&LogPart { events, through: part.through, is_last: part.is_last })?)
}
