//! Orders of a WooCommerce store. Every update contains the whole order, so each is read by itself: the charge with its
//! total, the refunds, and the reversal of what is left once the order ends.

use super::{
    super::{
        adapter::{
            AccountEmail, CallbackContext, CallbackResponse, ParsedCallback, Reply, Unreadable, unreadable,
        },
        event::{Event, EventKind, Evidence},
        fields::Fields,
        money::{Amount, amount},
    },
    time::time,
};
use crate::domain::{
    clicks::click::CLICK_ID_LENGTH,
    money::Currency,
    values::{digest::sha256_hex, time::Timestamp},
};
use serde::Deserialize;

/// The fields of an order that are read. Depending on version and plugin, unknown values are `null`, empty or absent.
/// Only `id`, `status` and, if it is paid, `currency` and `total` are needed.
struct Order {
    id: u64,
    fields: Fields,
    status: Option<String>,
}

#[derive(Deserialize)]
struct Billing {
    email: Option<String>,
}

#[derive(Deserialize)]
struct LineItem {
    sku: Option<String>,
}

#[derive(Deserialize)]
struct CouponLine {
    code: String,
}

#[derive(Deserialize)]
struct Meta {
    key: String,
    value: Option<serde_json::Value>,
}

/// How far an order has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// It is not paid, and may still be.
    Unpaid,
    /// It is paid.
    Paid,
    /// It is paid, and all of it was refunded.
    Refunded,
    /// It ended: it was cancelled, its payment failed, or it was moved to the trash or deleted. The flag says whether it
    /// was paid before.
    Ended(bool),
}

impl Order {
    fn read(text: &str) -> Result<Self, Unreadable> {
        let fields = Fields::read(text)?;
        let id = fields.needed("id")?.and_then(|id| id.parse().ok());
        let id = id.ok_or_else(|| unreadable("/id is not a number"))?;
        let status = fields.needed("status")?;
        Ok(Self { id, fields, status })
    }

    /// How far it has come. An order that is paid on delivery may be `completed` without a date of payment. A status of
    /// a plugin says nothing, so the date decides.
    fn progress(&self) -> Progress {
        let is_paid = self.fields.is_set("date_paid_gmt");
        match self.status.as_deref() {
            Some("cancelled" | "failed" | "trash") => Progress::Ended(is_paid),
            Some("refunded") => Progress::Refunded,
            Some("processing" | "completed") => Progress::Paid,
            // The webhook “Order deleted” sends the id alone.
            None if !self.fields.is_set("total") => Progress::Ended(false),
            _ if is_paid => Progress::Paid,
            _ => Progress::Unpaid,
        }
    }

    /// The buyer's e-mail address, which guests and registered customers have.
    fn email(&self) -> Option<String> {
        let email = self.fields.side_of("billing").and_then(|billing: Billing| billing.email);
        email.filter(|email| !email.is_empty())
    }

    /// The customer, whose number counts within the shop only. A guest is identified by a hash of the e-mail address.
    fn account(&self, listing_id: &str) -> String {
        let customer = self.fields.side("customer_id").filter(|id| id != "0");
        if let Some(number) = customer.and_then(|id| id.parse::<u64>().ok()) {
            return format!("{listing_id}/customer:{number}");
        }
        match self.email() {
            Some(email) => {
                let hash = sha256_hex(format!("{listing_id}\0{}", email.to_ascii_lowercase()).as_bytes());
                format!("guest:{}", hash.get(..32).unwrap_or(&hash))
            }
            // A sale at the counter has no customer, so the order is its own.
            None => format!("{listing_id}/order:{}", self.id),
        }
    }

    /// The click id of the visit, from WooCommerce's order attribution.
    fn clicks(&self, click_param: &str) -> Vec<String> {
        let mut found = Vec::new();
        for meta in self.fields.side_list::<Meta>("meta_data") {
            let Some(value) = meta.value.as_ref().and_then(|value| value.as_str()) else { continue };
            match meta.key.as_str() {
                "_wc_order_attribution_utm_content" | "_wc_order_attribution_utm_id" => {
                    found.push(value.to_owned())
                }
                "_wc_order_attribution_session_entry" => {
                    let url = url::Url::parse(value).ok();
                    let pairs = url.iter().flat_map(url::Url::query_pairs);
                    found
                        .extend(pairs.filter(|(name, _)| name == click_param).map(|(_, id)| id.into_owned()));
                }
                _ => {}
            }
        }
        found.retain(|id| id.len() == CLICK_ID_LENGTH);
        found.dedup();
        found
    }

    /// When it was paid, or else when it was changed last.
    fn occurred_at(&self) -> Option<Timestamp> {
        ["date_paid_gmt", "date_modified_gmt"].into_iter().find_map(|name| {
            let at = time(self.fields.side(name).as_deref());
            at.unwrap_or_else(|_| {
                self.fields.skip(name);
                None
            })
        })
    }

    /// Its charge, with the total as it is now.
    fn charge(&self, context: &CallbackContext<'_>, evidence: Evidence) -> Result<Event, Unreadable> {
        let currency = self.currency()?;
        let total = self.fields.needed("total")?;
        let total = total.as_deref().and_then(|text| amount(text, currency)).and_then(Amount::without_sign);
        let total = total.ok_or_else(|| unreadable("/total is not an amount of the currency"))?;
        let click_param = context.listing.setting("click_param").unwrap_or("sp_click");
        let plan = self
            .fields
            .side_list::<LineItem>("line_items")
            .into_iter()
            .find_map(|item| item.sku.filter(|sku| !sku.is_empty()));
        let mut event = Event {
            is_current_total: true,
            plan,
            occurred_at: self.occurred_at(),
            clicks: self.clicks(click_param),
            coupon: self
                .fields
                .side_list::<CouponLine>("coupon_lines")
                .into_iter()
                .next()
                .map(|line| line.code),
            ..Event::new(EventKind::Charged, self.account(&context.listing.id), self.transaction(), evidence)
        };
        event.skipped = self.fields.skipped();
        Ok(event.with_amount(total, currency))
    }

    fn currency(&self) -> Result<Currency, Unreadable> {
        let currency = self.fields.needed("currency")?.as_deref().and_then(Currency::parse);
        currency.ok_or_else(|| unreadable("/currency is not an ISO 4217 code"))
    }

    /// The name of its charge.
    fn transaction(&self) -> String {
        format!("order:{}", self.id)
    }

    /// A refund of it; without an amount, of all that is left.
    fn refund(&self, context: &CallbackContext<'_>, name: String, evidence: Evidence) -> Event {
        Event {
            charge: Some(self.transaction()),
            ..Event::new(EventKind::Refunded, self.account(&context.listing.id), name, evidence)
        }
    }

    /// The refund of a line in its list of refunds.
    fn refund_line(
        &self,
        text: &str,
        context: &CallbackContext<'_>,
        evidence: Evidence,
    ) -> Result<Event, Unreadable> {
        let (line, currency) = (Fields::read(text)?, self.currency()?);
        let id = line.needed("id")?.ok_or_else(|| unreadable("a refund has no id"))?;
        let total = line.needed("total")?.and_then(|text| amount(&text, currency));
        let total = total.ok_or_else(|| unreadable("a refund's total is not an amount"))?;
        Ok(self.refund(context, format!("refund:{id}"), evidence).with_amount(total, currency))
    }
}

/// The events of an order: its charge, its refunds, and the reversal of what is left once it ends. Every update repeats
/// all of them.
pub fn events(
    text: &str,
    context: &CallbackContext<'_>,
    evidence: Evidence,
) -> Result<ParsedCallback, Unreadable> {
    let order = Order::read(text)?;
    let rest = |why: &str| order.refund(context, format!("{}:{why}", order.transaction()), evidence);
    let (mut events, mut unread) = (Vec::new(), None);
    let progress = order.progress();
    if matches!(progress, Progress::Paid | Progress::Refunded | Progress::Ended(true)) {
        match order.charge(context, evidence) {
            Ok(charge) => events.push(charge),
            Err(why) if progress == Progress::Paid => return Err(why),
            // Nothing of it is earned, whatever its total is.
            Err(Unreadable(why)) => unread = Some(why),
        }
        for (index, line) in order.fields.needed_list("refunds")?.iter().enumerate() {
            match order.refund_line(line.get(), context, evidence) {
                Ok(refund) => events.push(refund),
                Err(Unreadable(why)) => unread = Some(format!("/refunds/{index}: {why}")),
            }
        }
    }
    match progress {
        Progress::Unpaid | Progress::Paid => {}
        Progress::Refunded => events.push(rest("refunded")),
        // Another attempt to pay may succeed, so nothing waits for the charge of an order that was never paid.
        Progress::Ended(is_paid) => events.push(Event { only_if_charged: !is_paid, ..rest("ended") }),
    }
    let email = order.email().filter(|_| !events.is_empty());
    let emails = AccountEmail::list(&order.account(&context.listing.id), email);
    let skipped = order.fields.skipped();
    Ok(ParsedCallback {
        emails,
        log: (!skipped.is_empty()).then(|| format!("skipped {}", skipped.join(" "))),
        unprocessed: unread,
        ..ParsedCallback::new(events, Reply::Plain(CallbackResponse::empty(200)))
    })
}
