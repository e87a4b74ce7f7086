//! What a person must be told: the kinds of mail, with the data of each.

use super::{
    brand::Brand,
    text::{Arg, Line, MAX_NAME_CHARS},
};
use crate::domain::{
    delivery::endpoint::PauseReason,
    money::{Currency, Money},
    payouts::payer::PayoutMethod,
    values::{date::Date, string_enum::string_enum, time::Timestamp},
};
use serde::{Deserialize, Serialize};

string_enum! {
    /// A kind of mail. Its word is also the message of its texts in `locales/<language>/mail.ftl`.
    MailKind {
        /// A person is invited to act for a partner or for the programme.
        Invitation = "invitation";
        /// A person asked for a link to sign in.
        SignInLink = "sign_in_link";
        /// A payout was paid.
        PayoutSent = "payout_sent";
        /// A partner's payout details were changed.
        PayoutDetailsChanged = "payout_details_changed";
        /// An endpoint was paused because it answered 410 Gone or failed for five days.
        WebhookDisabled = "webhook_disabled";
        /// An application to the programme arrived.
        ApplicationReceived = "application_received";
        /// An application was accepted.
        ApplicationAccepted = "application_accepted";
        /// An application was declined.
        ApplicationDeclined = "application_declined";
        /// A month's figures and balances.
        MonthlyStatement = "monthly_statement";
    }
}

impl MailKind {
    /// Returns whether the recipient needs the mail because of something that happened. Of other mails, people can
    /// unsubscribe.
    #[must_use]
    pub fn is_transactional(self) -> bool {
        match self {
            Self::Invitation
            | Self::SignInLink
            | Self::PayoutSent
            | Self::PayoutDetailsChanged
            | Self::WebhookDisabled
            | Self::ApplicationReceived
            | Self::ApplicationAccepted
            | Self::ApplicationDeclined => true,
            Self::MonthlyStatement => false,
        }
    }
}

/// A mail as data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    /// The name by which the recipient is greeted.
    pub recipient_name: Option<String>,
    /// What the recipient is told.
    pub notice: Notice,
}

/// What a person is told, by the kind of mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// See [`MailKind::Invitation`].
    Invitation(Invitation),
    /// See [`MailKind::SignInLink`].
    SignInLink(SignInLink),
    /// See [`MailKind::PayoutSent`].
    PayoutSent(PayoutSent),
    /// See [`MailKind::PayoutDetailsChanged`].
    PayoutDetailsChanged(PayoutDetailsChanged),
    /// See [`MailKind::WebhookDisabled`].
    WebhookDisabled(WebhookDisabled),
    /// See [`MailKind::ApplicationReceived`]. It contains only the programme's name.
    ApplicationReceived,
    /// See [`MailKind::ApplicationAccepted`].
    ApplicationAccepted(ApplicationAccepted),
    /// See [`MailKind::ApplicationDeclined`].
    ApplicationDeclined(ApplicationDeclined),
    /// See [`MailKind::MonthlyStatement`].
    MonthlyStatement(MonthlyStatement),
}

/// An invitation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// Who invites: a person or a partner; absent if the programme does.
    pub invited_by: Option<String>,
    /// The page where the invitation is accepted.
    pub url: String,
    /// Until when the link works.
    pub expires_at: Timestamp,
}

/// A link to sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInLink {
    /// The page with the button that signs in.
    pub url: String,
    /// For how many minutes the link works.
    pub valid_minutes: i64,
}

/// A payout that was paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayoutSent {
    /// The amount.
    pub amount: Money,
    /// The day on which it was paid.
    pub paid_on: Date,
    /// The first day of the period.
    pub from: Date,
    /// The last day of the period.
    pub to: Date,
    /// How it was paid.
    pub method: PayoutMethod,
    /// The last characters of the account; more than four are not shown.
    pub account_end: Option<String>,
    /// The provider's reference.
    pub reference: Option<String>,
    /// The number of the statement, which is also the self-billing invoice.
    pub statement_number: Option<String>,
    /// The page of the statement.
    pub statement_url: Option<String>,
}

/// A change of payout details.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayoutDetailsChanged {
    /// When they were changed.
    pub changed_at: Timestamp,
    /// Whether somebody with the partner's key or account changed them, rather than the programme.
    pub by_partner: bool,
    /// How payouts are paid now.
    pub method: PayoutMethod,
    /// The last characters of the new account; more than four are not shown.
    pub account_end: Option<String>,
    /// Until when payouts to the new details are held.
    pub held_until: Option<Timestamp>,
    /// The page where the details can be checked.
    pub url: Option<String>,
}

/// An endpoint that was paused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookDisabled {
    /// The endpoint.
    pub endpoint_id: String,
    /// The host of its URL. The rest of the URL may contain a secret.
    pub host: String,
    /// Why it was paused.
    pub reason: PauseReason,
    /// When it was paused.
    pub disabled_at: Timestamp,
    /// The page of the endpoint.
    pub url: Option<String>,
}

/// An application that was accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApplicationAccepted {
    /// The page where the account is set up.
    pub url: String,
    /// Until when the link works.
    pub expires_at: Timestamp,
    /// What the programme adds in its own words.
    pub message: Option<String>,
}

/// An application that was declined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApplicationDeclined {
    /// The reason in the programme's own words.
    pub reason: Option<String>,
}

/// A month's figures and balances.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MonthlyStatement {
    /// The first day of the month.
    pub month: Date,
    /// The number of clicks.
    pub clicks: i64,
    /// The number of sales.
    pub sales: i64,
    /// The amounts, one entry for each currency.
    pub amounts: Vec<MonthlyAmounts>,
    /// The page of the statement.
    pub url: Option<String>,
    /// The address that unsubscribes the recipient from this kind of mail.
    pub unsubscribe_url: String,
}

/// A month's amounts in one currency, minor units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MonthlyAmounts {
    /// The currency.
    pub currency: Currency,
    /// Commission earned in the month.
    pub earned: i64,
    /// Commission taken back in the month, as a positive amount.
    pub reversed: i64,
    /// Paid out in the month.
    pub paid: i64,
    /// Payable at its end.
    pub payable: i64,
    /// Not payable yet at its end.
    pub pending: i64,
}

/// The maximum number of characters of a reason or message that a person wrote.
const MAX_REASON_CHARS: usize = 1_000;
/// The maximum number of characters of a reference, an id or a host.
const MAX_REFERENCE_CHARS: usize = 140;

/// What the texts of a mail need. The texts themselves follow from its kind.
#[derive(Default)]
pub(super) struct Content<'a> {
    /// Values for all texts.
    pub args: Vec<(&'static str, Arg)>,
    /// The message of each fact, and its `$value`.
    pub facts: Vec<(&'static str, Arg)>,
    /// Where the button leads.
    pub button: Option<&'a str>,
    /// Where the recipient unsubscribes.
    pub unsubscribe: Option<&'a str>,
}

impl<'a> Content<'a> {
    fn arg(&mut self, name: &'static str, value: Arg) {
        self.args.push((name, value));
    }

    fn fact(&mut self, id: &'static str, value: Arg) {
        self.facts.push((id, value));
    }

    fn fact_text(&mut self, id: &'static str, text: Option<&str>, max_chars: usize) {
        if let Some(line) = Line::visible(text, max_chars) {
            self.fact(id, Arg::Text(line));
        }
    }

    /// Adds how and to where payouts are paid. Only the last four characters of an account are shown, whatever is passed.
    fn account(&mut self, method: PayoutMethod, end: Option<&str>) {
        self.fact("fact-method", word(method.as_str()));
        if let Some(end) = end {
            let end = end.trim_start_matches('•');
            let skipped = end.chars().count().saturating_sub(4);
            let shown: String = "••••".chars().chain(end.chars().skip(skipped)).collect();
            self.fact("fact-account", Arg::name(&shown));
        }
    }
}

/// Returns a word by which a text selects a variant.
pub(super) fn word(word: &'static str) -> Arg {
    Arg::name(word)
}

impl Notice {
    /// Returns the kind of mail.
    #[must_use]
    pub fn kind(&self) -> MailKind {
        match self {
            Self::Invitation(_) => MailKind::Invitation,
            Self::SignInLink(_) => MailKind::SignInLink,
            Self::PayoutSent(_) => MailKind::PayoutSent,
            Self::PayoutDetailsChanged(_) => MailKind::PayoutDetailsChanged,
            Self::WebhookDisabled(_) => MailKind::WebhookDisabled,
            Self::ApplicationReceived => MailKind::ApplicationReceived,
            Self::ApplicationAccepted(_) => MailKind::ApplicationAccepted,
            Self::ApplicationDeclined(_) => MailKind::ApplicationDeclined,
            Self::MonthlyStatement(_) => MailKind::MonthlyStatement,
        }
    }

    /// Returns what the texts need.
    pub(super) fn content(&self, brand: &Brand<'_>) -> Content<'_> {
        let time = |at: Timestamp| Arg::Time(at, Line::new(brand.time_zone, MAX_REFERENCE_CHARS));
        let mut content = Content::default();
        match self {
            Self::Invitation(mail) => {
                let inviter = Line::visible(mail.invited_by.as_deref(), MAX_NAME_CHARS);
                content.arg("by", word(if inviter.is_some() { "person" } else { "programme" }));
                content.args.extend(inviter.map(|name| ("inviter", Arg::Text(name))));
                content.arg("at", time(mail.expires_at));
                content.button = Some(&mail.url);
            }
            Self::SignInLink(mail) => {
                content.arg("minutes", Arg::Number(mail.valid_minutes));
                content.button = Some(&mail.url);
            }
            Self::PayoutSent(mail) => {
                content.arg("amount", Arg::Money(mail.amount));
                content.fact("fact-amount", Arg::Money(mail.amount));
                content.fact("fact-period", Arg::Days(mail.from, mail.to));
                content.fact("fact-paid-on", Arg::Day(mail.paid_on));
                content.account(mail.method, mail.account_end.as_deref());
                content.fact_text("fact-reference", mail.reference.as_deref(), MAX_REFERENCE_CHARS);
                content.fact_text("fact-statement", mail.statement_number.as_deref(), MAX_REFERENCE_CHARS);
                content.button = mail.statement_url.as_deref();
            }
            Self::PayoutDetailsChanged(mail) => {
                content.arg("by", word(if mail.by_partner { "partner" } else { "programme" }));
                content.arg("held", word(if mail.held_until.is_some() { "yes" } else { "no" }));
                if let Some(until) = mail.held_until {
                    content.arg("at", time(until));
                }
                content.fact("fact-changed-at", time(mail.changed_at));
                content.account(mail.method, mail.account_end.as_deref());
                content.button = mail.url.as_deref();
            }
            Self::WebhookDisabled(mail) => {
                content.arg("reason", word(mail.reason.as_str()));
                content.arg("host", Arg::Text(Line::new(&mail.host, MAX_REFERENCE_CHARS)));
                content.fact_text("fact-host", Some(&mail.host), MAX_REFERENCE_CHARS);
                content.fact_text("fact-endpoint", Some(&mail.endpoint_id), MAX_REFERENCE_CHARS);
                content.fact("fact-paused-at", time(mail.disabled_at));
                content.button = mail.url.as_deref();
            }
            Self::ApplicationReceived => {}
            Self::ApplicationAccepted(mail) => {
                content.arg("at", time(mail.expires_at));
                content.fact_text("fact-message", mail.message.as_deref(), MAX_REASON_CHARS);
                content.button = Some(&mail.url);
            }
            Self::ApplicationDeclined(mail) => {
                content.fact_text("fact-reason", mail.reason.as_deref(), MAX_REASON_CHARS);
            }
            Self::MonthlyStatement(mail) => {
                content.arg("month", Arg::Day(mail.month));
                content.fact("fact-clicks", Arg::Number(mail.clicks));
                content.fact("fact-sales", Arg::Number(mail.sales));
                for amounts in &mail.amounts {
                    // A currency in which nothing was taken back or paid out needs no line that says so.
                    for (id, amount, is_always_shown) in [
                        ("fact-earned", amounts.earned, true),
                        ("fact-reversed", amounts.reversed.saturating_neg(), false),
                        ("fact-paid", amounts.paid, false),
                        ("fact-payable", amounts.payable, true),
                        ("fact-pending", amounts.pending, false),
                    ] {
                        if is_always_shown || amount != 0 {
                            content.fact(id, Arg::Money(Money { amount, currency: amounts.currency }));
                        }
                    }
                }
                content.button = mail.url.as_deref();
                content.unsubscribe = Some(&mail.unsubscribe_url);
            }
        }
        content
    }
}
