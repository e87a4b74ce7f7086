//! Installs that an app's backend reports. Google Play calls nobody about an install: the app reads the Play Store's
//! referrer on its first run, and its backend reports it with an API key. Without a key anybody could bind any click to any
//! customer, and with the click whatever that customer pays later.
//!
//! The report relies on a device, which can be made to say anything (`evidence: client_reported`). So it carries no amount,
//! and a report that contradicts itself earns nobody anything.
//!
//! Source: developer.android.com/google/play/installreferrer.

use super::{
    super::http::{
        call::Call,
        checks::Checks,
        failure::Failure,
        message::Response,
        problems::{Code, Problem},
    },
    create::accepted,
    request::storable_click_id,
};
use crate::{
    domain::{
        conversions::ConversionType,
        programme::listing::{Listing, Marketplace},
        values::{
            id::ListingId,
            limits,
            string_enum::Metadata,
            time::{DAY_MS, Timestamp},
        },
    },
    ledger::{
        conversions::{accept::accept, late_credit::credit_unearned, reported::ReportedConversion},
        terms,
    },
    marketplace::event::Evidence,
    store::{SqlError, conversions as rows, programme::listings, value::json_text},
};
use serde::Deserialize;

/// What the app read from the Play Install Referrer Library on its first run.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct PlayInstall {
    /// The listing, which must be on Google Play.
    listing_id: String,
    /// The app's own id of this installation: unique for ever.
    install_id: String,
    /// The referrer as the library returns it, decoded once.
    referrer: String,
    /// The app's package; if the listing names one, it must be the same.
    package_name: Option<String>,
    /// The id that the app sets as the obfuscated account id of purchases; purchases with it belong to this customer.
    obfuscated_account_id: Option<String>,
    /// When the store's page was opened, by the device; Unix seconds, 0 = unknown.
    referrer_click_timestamp_seconds: Option<i64>,
    /// When the installation began, by the device.
    install_begin_timestamp_seconds: Option<i64>,
    /// When the store's page was opened, by Google's servers.
    referrer_click_timestamp_server_seconds: Option<i64>,
    /// When the installation began, by Google's servers.
    install_begin_timestamp_server_seconds: Option<i64>,
    /// The version that was installed first.
    install_version: Option<String>,
    /// Whether the app was used as an instant app within the last 7 days.
    google_play_instant: Option<bool>,
}

impl PlayInstall {
    /// When the store's page was opened, and when the installation began: both by Google's clock, or both by the device's.
    fn times(&self) -> (Option<i64>, Option<i64>) {
        let known = |seconds: Option<i64>| seconds.filter(|seconds| *seconds > 0);
        let begun = known(self.install_begin_timestamp_server_seconds);
        match begun {
            Some(_) => (known(self.referrer_click_timestamp_server_seconds), begun),
            None => {
                let opened = known(self.referrer_click_timestamp_seconds);
                (opened, known(self.install_begin_timestamp_seconds))
            }
        }
    }

    /// Why the report is not credible. A click that is newer than the installation is an injection: another app on the
    /// device saw the installation begin, and claims it.
    fn flags(&self, now: Timestamp) -> Vec<&'static str> {
        let (opened, begun) = self.times();
        let is_injected = opened.zip(begun).is_some_and(|(opened, begun)| opened > begun);
        let limit = now.plus_ms(DAY_MS).ms();
        let is_ahead = begun.is_some_and(|begun| begun.saturating_mul(1000) > limit);
        let flags = [(is_injected, "click_injection"), (is_ahead, "begins_ahead")];
        flags.into_iter().filter_map(|(is_so, flag)| is_so.then_some(flag)).collect()
    }

    /// When the installation began, by Google's clock; the device's may be off.
    fn begun_at(&self, now: Timestamp) -> Timestamp {
        let begun = self.install_begin_timestamp_server_seconds.filter(|seconds| *seconds > 0);
        let begun = begun.and_then(|seconds| Timestamp::from_ms(seconds.saturating_mul(1000)));
        begun.filter(|at| *at <= now.plus_ms(DAY_MS)).unwrap_or(now)
    }

    /// The click id in the referrer; of several the last one, because redirects append it.
    fn click_id(&self, click_param: &str) -> Option<String> {
        let pairs = url::form_urlencoded::parse(self.referrer.as_bytes());
        let found = pairs.filter(|(name, _)| name == click_param).last();
        found.map(|(_, id)| storable_click_id(id.into_owned()))
    }

    fn metadata(&self, flags: &[&str]) -> Metadata {
        let flags = flags.join(",");
        [
            ("marketplace", Some(Marketplace::GooglePlay.as_str())),
            ("evidence", Some(Evidence::ClientReported.as_str())),
            ("flags", Some(flags.as_str()).filter(|flags| !flags.is_empty())),
            ("install_version", self.install_version.as_deref()),
            ("google_play_instant", self.google_play_instant.map(|used| if used { "true" } else { "false" })),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
        .collect()
    }
}

fn check(call: &Call<'_>, body: &PlayInstall) -> Result<Listing, Problem> {
    let mut checks = Checks::default();
    checks.text("install_id", Some(&body.install_id), limits::INSTALL_ID);
    checks.text("referrer", Some(&body.referrer), limits::REFERRER);
    checks.text("package_name", body.package_name.as_deref(), limits::PACKAGE_NAME);
    checks.text(
        "obfuscated_account_id",
        body.obfuscated_account_id.as_deref(),
        limits::OBFUSCATED_ACCOUNT_ID,
    );
    checks.text("install_version", body.install_version.as_deref(), limits::INSTALL_VERSION);
    for (field, seconds) in [
        ("referrer_click_timestamp_seconds", body.referrer_click_timestamp_seconds),
        ("install_begin_timestamp_seconds", body.install_begin_timestamp_seconds),
        ("referrer_click_timestamp_server_seconds", body.referrer_click_timestamp_server_seconds),
        ("install_begin_timestamp_server_seconds", body.install_begin_timestamp_server_seconds),
    ] {
        checks.range(field, seconds, limits::UNIX_SECONDS);
    }
    let id = ListingId::parse(&body.listing_id);
    let listing = id.map(|id| listings::by_id(call.tx.sql, &id)).transpose()?.flatten();
    let listing = listing.filter(|listing| listing.marketplace == Marketplace::GooglePlay);
    let Some(listing) = listing else {
        checks.refuse(Code::UnknownListing, "listing_id", "There is no listing on Google Play with this id.");
        return Err(match checks.finish() {
            Err(problem) => problem,
            Ok(()) => Problem::not_found(),
        });
    };
    let settings: serde_json::Map<String, serde_json::Value> =
        strict_json::from_str(&listing.settings).map_err(|error| SqlError::Engine(error.to_string()))?;
    let package = settings.get("package_name").and_then(serde_json::Value::as_str);
    if body.package_name.as_deref().zip(package).is_some_and(|(reported, set)| reported != set) {
        checks.refuse(Code::InvalidValue, "package_name", "The listing's app has another package name.");
    }
    checks.finish().map(|()| listing)
}

/// `POST /v1/installs/google-play`
pub fn report_google_play(call: &Call<'_>) -> Result<Response, Failure> {
    let body: PlayInstall = call.body()?;
    let listing = check(call, &body)?;
    let flags = body.flags(call.tx.now);
    let click_id = body.click_id(&terms::current(call.tx)?.click_param).filter(|_| flags.is_empty());
    let account = body.obfuscated_account_id.as_deref().unwrap_or(&body.install_id);
    let customer_id = format!("{}:{account}", Marketplace::GooglePlay.as_str());
    let external_id = format!("{}/install:{}", listing.id, body.install_id);
    let metadata = body.metadata(&flags);
    let kind = ConversionType::Install;
    if let Some(first) = rows::by_key(call.tx.sql, kind, &external_id)? {
        let is_same = first.click_id == click_id
            && first.customer_id.as_deref() == Some(&customer_id)
            && first.metadata == json_text(&metadata)?;
        if is_same {
            return Ok(Response::replayed(first.answer));
        }
        let detail = format!("It was accepted as {} with another content.", first.id);
        return Err(Problem::field(Code::ConversionConflict, "/install_id", detail).into());
    }
    let reported = ReportedConversion {
        click_id,
        customer_id: Some(customer_id.clone()),
        occurred_at: Some(body.begun_at(call.tx.now)),
        listing: Some((listing.id.to_string(), listing.no)),
        metadata,
        ..ReportedConversion::new(kind, external_id)
    };
    let conversion = accept(call.tx, reported)?;
    if conversion.is_earned {
        // Google may have reported a purchase before the install.
        credit_unearned(call.tx, &customer_id)?;
    }
    Ok(accepted(conversion))
}
