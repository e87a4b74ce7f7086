//! Endpoints that receive events: their changes, their signing secrets, and the commands that tell their objects.

use super::{public_ids::partner_id, sealing::Sealer, tx::Tx, view::view};
use crate::{
    domain::{
        delivery::{
            endpoint::{ApiVersion, EndpointStatus, MAX_SECRETS, OLD_SECRET_MS, PauseReason},
            signature::SigningSecret,
        },
        event::EventType,
        values::{
            entropy::Entropy,
            id::{EventId, PartnerId, WebhookId},
            time::Timestamp,
        },
    },
    store::{
        Sql, SqlError,
        delivery::{command::Command, config::Config, queue::Event},
        log::relay,
        value::json_text,
        webhooks::{self, Webhook},
    },
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

view! {
    /// An endpoint that receives events.
    pub struct WebhookView {
        /// Id.
        id: WebhookId,
        /// The URL that receives the events.
        url: String,
        /// The types of events that it receives, or `*` for all.
        events: Vec<String>,
        /// A note.
        description: Option<String>,
        /// It receives only this partner's events, as the partner sees them; `null` for the programme's endpoints.
        partner_id: Option<PartnerId>,
        /// Whether it receives events.
        status: EndpointStatus,
        /// Why it is paused.
        pause_reason: Option<PauseReason>,
        /// When it was paused.
        paused_at: Option<Timestamp>,
        /// The version of its payloads.
        api_version: ApiVersion,
        /// When it was made.
        created_at: Timestamp,
        /// When it was last changed.
        updated_at: Timestamp,
    }

    /// What a test sends.
    pub struct TestView {
        /// The endpoint.
        webhook_id: WebhookId,
        /// A sentence for people.
        message: &'static str,
    }
}

/// A signing secret of an endpoint.
#[derive(Serialize, Deserialize)]
struct LiveSecret {
    secret: String,
    /// Until when it signs; absent for the newest.
    expires_at: Option<Timestamp>,
}

/// Shows an endpoint.
pub fn show(sql: &dyn Sql, webhook: &Webhook) -> Result<WebhookView, SqlError> {
    Ok(WebhookView {
        id: webhook.id.clone(),
        url: webhook.url.clone(),
        events: webhook.events.current.words().into_iter().map(str::to_owned).collect(),
        description: webhook.description.clone(),
        partner_id: webhook.partner_no.map(|no| partner_id(sql, no)).transpose()?,
        status: webhook.status,
        pause_reason: webhook.pause_reason,
        paused_at: webhook.paused_at,
        api_version: webhook.api_version,
        created_at: webhook.created_at,
        updated_at: webhook.updated_at,
    })
}

fn command(sql: &dyn Sql, id: &WebhookId, command: &Command) -> Result<(), SqlError> {
    webhooks::queue_command(sql, id.as_str(), &json_text(command)?)
}

fn configure(sql: &dyn Sql, webhook: &Webhook) -> Result<(), SqlError> {
    let config = Config {
        receiver: webhook.receiver,
        url: webhook.url.clone(),
        status: webhook.status,
        api_version: webhook.api_version,
        secrets: webhook.secrets.clone(),
        start_seq: webhook.start_seq,
    };
    command(sql, &webhook.id, &Command::Configure(config))
}

/// Tells the relay that the endpoints changed.
fn update_relay(sql: &dyn Sql) -> Result<(), SqlError> {
    webhooks::bump_version(sql)?;
    relay::set_active(sql, !webhooks::active(sql)?.is_empty())
}

/// Writes a destination that was made or changed.
pub fn put(sql: &dyn Sql, webhook: &Webhook) -> Result<(), SqlError> {
    webhooks::put(sql, webhook)?;
    configure(sql, webhook)?;
    update_relay(sql)
}

/// Writes an endpoint that was made or changed, and its event.
pub fn commit(tx: &Tx<'_>, kind: EventType, webhook: &Webhook) -> Result<WebhookView, SqlError> {
    put(tx.sql, webhook)?;
    let view = show(tx.sql, webhook)?;
    tx.note_of(webhook.partner_no, kind, &view)?;
    Ok(view)
}

/// Deletes a destination with everything that waits for it.
pub fn discard(tx: &Tx<'_>, webhook: &Webhook) -> Result<(), SqlError> {
    webhooks::delete(tx.sql, webhook.no, tx.now)?;
    command(tx.sql, &webhook.id, &Command::Discard)?;
    update_relay(tx.sql)
}

/// Deletes an endpoint, and writes its event.
pub fn delete(tx: &Tx<'_>, webhook: &Webhook) -> Result<(), SqlError> {
    discard(tx, webhook)?;
    tx.note_of(webhook.partner_no, EventType::WebhookDeleted, &show(tx.sql, webhook)?)
}

/// Pauses an endpoint whose object has stopped to send. A repetition changes nothing.
pub fn disable(tx: &Tx<'_>, id: &WebhookId, reason: PauseReason) -> Result<(), SqlError> {
    let found = webhooks::by_id(tx.sql, id)?;
    let Some(webhook) = found.filter(|webhook| webhook.status == EndpointStatus::Active) else {
        return Ok(());
    };
    commit(tx, EventType::WebhookDisabled, &paused(webhook, reason, tx.now)).map(drop)
}

/// An endpoint, paused at `now`.
#[must_use]
pub fn paused(webhook: Webhook, reason: PauseReason, now: Timestamp) -> Webhook {
    let (pause_reason, paused_at) = (Some(reason), Some(now));
    Webhook { status: EndpointStatus::Paused, pause_reason, paused_at, updated_at: now, ..webhook }
}

/// Generates a secret and seals it for its endpoint, with `older` ones that still sign. Returns the secret and the sealed text.
pub fn new_secret(
    tx: &Tx<'_>,
    id: &WebhookId,
    older: Option<&Webhook>,
) -> Result<(SigningSecret, String), SecretError> {
    let secret = tx.with_entropy(|entropy| SigningSecret::generate(entropy));
    let mut live = vec![LiveSecret { secret: secret.text(), expires_at: None }];
    if let Some(webhook) = older {
        let until = tx.now.plus_ms(OLD_SECRET_MS);
        let older = open(&tx.config.sealer, id, &webhook.secrets)?.into_iter();
        live.extend(
            older
                .filter(|older| older.is_live(tx.now))
                .map(|older| LiveSecret { expires_at: older.expires_at.or(Some(until)), ..older }),
        );
    }
    if live.len() > MAX_SECRETS {
        return Err(SecretError::TooMany);
    }
    let sealed = tx.seal(&json_text(&live)?, id.as_str())?;
    Ok((secret, sealed))
}

/// Why an endpoint gets no new secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// Too many older ones still sign.
    #[error("too many secrets of the endpoint still sign")]
    TooMany,
    /// The database failed.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

impl LiveSecret {
    fn is_live(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|expires_at| now < expires_at)
    }
}

fn open(sealer: &Sealer, id: &WebhookId, sealed: &str) -> Result<Vec<LiveSecret>, SqlError> {
    let opened = sealer.open(sealed, id.as_str())?;
    strict_json::from_str(&opened).map_err(|error| SqlError::Engine(error.to_string()))
}

/// Returns the secrets that sign at `now`, the newest first.
pub fn signing_secrets(
    sealer: &Sealer,
    id: &WebhookId,
    sealed: &str,
    now: Timestamp,
) -> Result<Vec<SigningSecret>, SqlError> {
    let live = open(sealer, id, sealed)?.into_iter().filter(|secret| secret.is_live(now));
    Ok(live.filter_map(|secret| SigningSecret::parse(&secret.secret)).collect())
}

/// Seals the secrets of all endpoints anew after a rotation of `DATA_KEY`.
pub fn reseal(sql: &dyn Sql, sealer: &Sealer, entropy: &mut dyn Entropy) -> Result<(), SqlError> {
    for (no, id, sealed) in webhooks::all_sealed_secrets(sql)? {
        let Some(resealed) = sealer.reseal(&sealed, &id, entropy)? else { continue };
        webhooks::set_sealed_secrets(sql, no, &resealed)?;
        let webhook = WebhookId::parse(&id).map(|id| webhooks::by_id(sql, &id)).transpose()?.flatten();
        webhook.map_or(Ok(()), |webhook| configure(sql, &webhook))?;
    }
    Ok(())
}

/// Sends a test to an endpoint and returns its id.
pub fn test(tx: &Tx<'_>, webhook: &Webhook) -> Result<EventId, SqlError> {
    let id = tx.new_id(EventId::generate);
    let message = "This is a test. It is in no list of events.";
    let data = json_text(&TestView { webhook_id: webhook.id.clone(), message })?;
    let event = Event {
        seq: None,
        id: id.clone(),
        kind: EventType::WebhookTest,
        at: tx.now,
        key: webhook.id.to_string(),
        data: RawValue::from_string(data).map_err(|error| SqlError::Engine(error.to_string()))?,
    };
    command(tx.sql, &webhook.id, &Command::Deliver(vec![event]))?;
    Ok(id)
}

/// Sends events to an endpoint again.
pub fn deliver_again(tx: &Tx<'_>, webhook: &Webhook, events: Vec<Event>) -> Result<(), SqlError> {
    command(tx.sql, &webhook.id, &Command::Deliver(events))
}

/// Sends the events after `after` up to `through` to an endpoint again.
pub fn replay(tx: &Tx<'_>, webhook: &Webhook, after: i64, through: i64) -> Result<(), SqlError> {
    command(tx.sql, &webhook.id, &Command::Replay { after, through })
}
