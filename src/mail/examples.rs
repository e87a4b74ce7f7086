//! An example of each mail, for the developers' pages and the tests.

use super::notice::{
    ApplicationAccepted, ApplicationDeclined, Invitation, Mail, MailKind, MonthlyAmounts, MonthlyStatement,
    Notice, PayoutDetailsChanged, PayoutSent, SignInLink, WebhookDisabled,
};
use crate::domain::{
    delivery::endpoint::PauseReason,
    money::{Currency, Money},
    payouts::payer::PayoutMethod,
    values::{
        date::Date,
        time::{DAY_MS, Timestamp},
    },
};

/// 30 November 2026, 10:24 UTC.
const NOW_MS: i64 = 1_796_034_240_000;

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// Returns the example of a kind.
#[must_use]
pub fn example(kind: MailKind) -> Mail {
    let now = Timestamp::clamped(NOW_MS);
    let day = |days_ago: i64| Date::of(now.plus_ms(DAY_MS.saturating_mul(days_ago).saturating_neg()));
    let in_days = |days: i64| now.plus_ms(DAY_MS.saturating_mul(days));
    let url = |path: &str| format!("https://partners.example/{path}");
    let notice = match kind {
        MailKind::Invitation => Notice::Invitation(Invitation {
            invited_by: text("Mirela Popescu"),
            url: url("app/invitations/inv_4f7c2a9d"),
            expires_at: in_days(7),
        }),
        MailKind::SignInLink => {
            Notice::SignInLink(SignInLink { url: url("sign-in/4f7c2a9d6e1b8035"), valid_minutes: 15 })
        }
        MailKind::PayoutSent => Notice::PayoutSent(PayoutSent {
            amount: Money { amount: 2_410, currency: Currency::EUR },
            paid_on: day(0),
            from: day(29),
            to: day(0),
            method: PayoutMethod::Sepa,
            account_end: text("3000"),
            reference: text("E2E-2026-11-0042"),
            statement_number: text("SB-000042"),
            statement_url: url("app/payouts/po_4f7c2a9d").into(),
        }),
        MailKind::PayoutDetailsChanged => Notice::PayoutDetailsChanged(PayoutDetailsChanged {
            changed_at: now,
            by_partner: true,
            method: PayoutMethod::Sepa,
            account_end: text("3000"),
            held_until: Some(in_days(3)),
            url: url("app/payouts/details").into(),
        }),
        MailKind::WebhookDisabled => Notice::WebhookDisabled(WebhookDisabled {
            endpoint_id: "we_4f7c2a9d".to_owned(),
            host: "hooks.lucia.example".to_owned(),
            reason: PauseReason::Failing,
            disabled_at: now,
            url: url("app/webhooks/we_4f7c2a9d").into(),
        }),
        MailKind::ApplicationReceived => Notice::ApplicationReceived,
        MailKind::ApplicationAccepted => Notice::ApplicationAccepted(ApplicationAccepted {
            url: url("app/invitations/inv_4f7c2a9d"),
            expires_at: in_days(7),
            message: None,
        }),
        MailKind::ApplicationDeclined => Notice::ApplicationDeclined(ApplicationDeclined {
            reason: text("Your site has no page about our products."),
        }),
        MailKind::MonthlyStatement => Notice::MonthlyStatement(MonthlyStatement {
            month: day(29),
            clicks: 1_234,
            sales: 17,
            amounts: [("EUR", 123_456, 1_980, 2_410, 98_000, 21_066), ("JPY", 12_300, 0, 0, 0, 12_300)]
                .into_iter()
                .filter_map(|(code, earned, reversed, paid, payable, pending)| {
                    let currency = Currency::parse(code)?;
                    Some(MonthlyAmounts { currency, earned, reversed, paid, payable, pending })
                })
                .collect(),
            url: url("app/reports/2026-11").into(),
            unsubscribe_url: url("mail/unsubscribe/4f7c2a9d"),
        }),
    };
    Mail { recipient_name: text("Lucía Prado"), notice }
}
