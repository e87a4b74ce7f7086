//! Who gets mail about an event, and in which language; and the destination that sends it.

use crate::support::{Ledger, OPERATOR};
use serde_json::{Value as Json, json};
use signpost::{
    api,
    domain::{
        delivery::endpoint::{PauseReason, Receiver},
        event::EventType,
        payouts::payer::PayoutMethod,
        values::{date::Date, id::WebhookId},
    },
    ledger::mail::Addressed,
    mail::{
        MailKind, Notice,
        providers::{AddressReport, ReportedState},
    },
    store::webhooks,
};

impl Ledger {
    fn follow_mail(&mut self, can_send: bool) -> bool {
        self.with_environment(|environment, entropy| {
            api::follow_mail(environment, entropy, can_send).unwrap()
        })
    }

    /// The mail that the newest event of a type causes.
    fn mail_of_newest(&mut self, kind: EventType) -> Option<Addressed> {
        let events = self.get(&format!("/v1/events?type={}&limit=200", kind.as_str()));
        let data = events.json["data"].as_array().unwrap().last().unwrap()["data"].to_string();
        let now = self.now;
        let mail = self.with_environment(|environment, entropy| {
            api::mail_of_event(environment, entropy, kind, now, &data).unwrap()
        });
        mail.map(|text| serde_json::from_str(&text).unwrap())
    }

    fn report_address(&mut self, provider: &str, address: &str, state: ReportedState) {
        let reports = vec![AddressReport { address: address.to_owned(), state }];
        let reports = serde_json::to_string(&reports).unwrap();
        self.with_environment(|environment, entropy| {
            api::record_mail_reports(environment, entropy, provider, &reports).unwrap();
        });
    }

    fn set_details(&mut self, partner: &str) {
        let details = json!({"method": "sepa", "legal_name": "Ada", "iban": "DE89370400440532013000"});
        assert_eq!(self.put(&format!("/v1/partners/{partner}/payout-details"), &details).status, 200);
    }
}

fn partner(ledger: &mut Ledger, fields: &Json) -> String {
    let mut body = json!({"name": "Ada", "kind": "influencer"});
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    ledger.post("/v1/partners", &body).text("/id")
}

#[test]
fn a_partner_is_written_to_in_the_language_of_its_country() {
    let mut ledger = Ledger::new();
    ledger.put(
        "/v1/program",
        &json!({"name": "Acme", "contact_email": "help@acme.example", "timezone": "Europe/Berlin"}),
    );
    for (fields, expected) in [
        (json!({"email": "Ada@example.com", "country": "DE"}), Some(("Ada@example.com", "de"))),
        (json!({"email": "ada@example.com", "country": "BR"}), Some(("ada@example.com", "pt-BR"))),
        (json!({"email": "ada@example.com", "country": "SE"}), Some(("ada@example.com", "en"))),
        (json!({"email": "ada@example.com"}), Some(("ada@example.com", "en"))),
        (json!({"country": "DE"}), None),
    ] {
        let id = partner(&mut ledger, &fields);
        ledger.set_details(&id);
        let mail = ledger.mail_of_newest(EventType::PayoutDetailsUpdated);
        let found = mail.as_ref().map(|mail| (mail.to.as_str(), mail.language.as_str()));
        assert_eq!(found, expected, "{fields}");
        let Some(Addressed { programme, support_email, time_zone, mail, .. }) = mail else { continue };
        assert_eq!(
            (programme.as_str(), support_email.as_deref(), time_zone.as_str()),
            ("Acme", Some("help@acme.example"), "Europe/Berlin")
        );
        assert_eq!(mail.recipient_name.as_deref(), Some("Ada"));
        let Notice::PayoutDetailsChanged(changed) = mail.notice else { panic!("{mail:?}") };
        assert_eq!(
            (changed.account_end.as_deref(), changed.by_partner, changed.held_until),
            (Some("3000"), false, None)
        );
    }
}

#[test]
fn a_disabled_endpoint_is_told_to_its_owner() {
    let mut ledger = Ledger::new();
    let ada = partner(&mut ledger, &json!({"email": "ada@example.com", "country": "JP"}));
    let disabled = |ledger: &mut Ledger, owner: Option<&str>| {
        let body = json!({"url": "https://hooks.example.com/secret-path", "events": ["fx.updated"], "partner_id": owner});
        let id = WebhookId::parse(&ledger.post("/v1/webhooks", &body).text("/id")).unwrap();
        ledger.disable_webhook(&id, PauseReason::Gone);
        ledger.mail_of_newest(EventType::WebhookDisabled)
    };
    let mail = disabled(&mut ledger, Some(&ada)).unwrap();
    assert_eq!((mail.to.as_str(), mail.language.as_str()), ("ada@example.com", "ja"));
    let Notice::WebhookDisabled(notice) = mail.mail.notice else { panic!("{mail:?}") };
    assert_eq!((notice.host.as_str(), notice.reason), ("hooks.example.com", PauseReason::Gone));
    // The programme's own endpoint is told to its contact, once there is one.
    assert_eq!(disabled(&mut ledger, None), None);
    ledger.patch("/v1/program", &json!({"contact_email": "ops@acme.example"}));
    let mail = disabled(&mut ledger, None).unwrap();
    assert_eq!(
        (mail.to.as_str(), mail.language.as_str(), mail.mail.recipient_name),
        ("ops@acme.example", "en", None)
    );
    assert_eq!(mail.mail.notice.kind(), MailKind::WebhookDisabled);
}

#[test]
fn an_address_that_bounced_gets_nothing_until_its_provider_lifts_that() {
    let mut ledger = Ledger::new();
    let ada = partner(&mut ledger, &json!({"email": "Ada@Example.com"}));
    ledger.set_details(&ada);
    let is_told = |ledger: &mut Ledger| ledger.mail_of_newest(EventType::PayoutDetailsUpdated).is_some();
    assert!(is_told(&mut ledger));
    ledger.report_address("postmark", "ada@example.com", ReportedState::Bounced);
    ledger.report_address("postmark", "ada@example.com", ReportedState::Complained);
    assert!(!is_told(&mut ledger));
    ledger.report_address("sendgrid", "ada@example.com", ReportedState::Lifted);
    assert!(!is_told(&mut ledger), "another provider knows nothing of it");
    ledger.report_address("postmark", "ada@example.com", ReportedState::Lifted);
    assert!(is_told(&mut ledger));
    // Whoever does not want a newsletter is told of changes all the same, but not once the address bounces.
    ledger.report_address("sendgrid", "ada@example.com", ReportedState::Unsubscribed);
    assert!(is_told(&mut ledger));
    ledger.report_address("sendgrid", "ada@example.com", ReportedState::Bounced);
    ledger.report_address("sendgrid", "ada@example.com", ReportedState::Resubscribed);
    assert!(!is_told(&mut ledger));
}

#[test]
fn a_mail_tells_of_its_own_change() {
    let mut ledger = Ledger::new();
    let ada = partner(&mut ledger, &json!({"email": "ada@example.com"}));
    ledger.set_details(&ada);
    let first = ledger.now;
    ledger.wait(60_000);
    let paypal = json!({"method": "paypal", "legal_name": "Ada", "paypal_email": "ada.pays@example.com"});
    assert_eq!(ledger.put(&format!("/v1/partners/{ada}/payout-details"), &paypal).status, 200);
    let data =
        ledger.get("/v1/events?type=partner.payout_details_updated").json["data"][0]["data"].to_string();
    let mail = ledger.with_environment(|environment, entropy| {
        api::mail_of_event(environment, entropy, EventType::PayoutDetailsUpdated, first, &data).unwrap()
    });
    let mail: Addressed = serde_json::from_str(&mail.unwrap()).unwrap();
    let Notice::PayoutDetailsChanged(changed) = mail.mail.notice else { panic!("{mail:?}") };
    assert_eq!((changed.method, changed.account_end, changed.changed_at), (PayoutMethod::Sepa, None, first));
}

#[test]
fn the_destination_of_mail_follows_the_configuration_and_no_list_shows_it() {
    let mut ledger = Ledger::new();
    // There is nothing to begin after yet.
    assert!(!ledger.follow_mail(true));
    assert!(ledger.follow_mail(false));
    partner(&mut ledger, &json!({}));
    assert!(ledger.follow_mail(true) && ledger.follow_mail(true));
    let made = webhooks::mail(&ledger.sql).unwrap().unwrap();
    assert_eq!((made.receiver, made.start_seq), (Receiver::Mail, 1));
    assert_eq!(webhooks::active(&ledger.sql).unwrap(), std::slice::from_ref(&made));
    assert_eq!(ledger.get("/v1/webhooks?count=true").json["data"], json!([]));
    assert_eq!(webhooks::count(&ledger.sql, None).unwrap(), 0);
    let target = format!("/v1/webhooks/{}", made.id);
    assert_eq!((ledger.get(&target).status, ledger.delete(&target).status), (404, 404));
    // Without a provider it goes, and what happens until there is one again is told to nobody.
    assert!(ledger.follow_mail(false));
    assert_eq!(webhooks::mail(&ledger.sql).unwrap(), None);
    partner(&mut ledger, &json!({}));
    assert!(ledger.follow_mail(true));
    let again = webhooks::mail(&ledger.sql).unwrap().unwrap();
    assert_ne!(again.id, made.id);
    assert_eq!(again.start_seq, 2);
}

#[test]
fn a_payout_is_told_to_its_partner_unless_it_was_made_elsewhere() {
    let mut ledger = Ledger::new();
    ledger.put("/v1/program", &json!({"name": "Acme", "currency": "EUR", "hold_days": 10}));
    let history = [
        json!({"object": "partner", "external_id": "p-1", "created_at": "2026-08-01T09:00:00Z", "name": "Ada",
            "kind": "creator", "email": "ada@example.com"}),
        json!({"object": "opening_balance", "external_id": "b-1", "created_at": "2026-08-02T10:00:00Z",
            "partner_id": "ext:p-1", "amount": {"amount": 700, "currency": "EUR"}}),
        json!({"object": "payout", "external_id": "y-1", "created_at": "2026-09-03T08:00:00Z", "partner_id": "ext:p-1",
            "period": {"from": "2026-08-01", "to": "2026-08-31"}, "reference": "bank-8"}),
        json!({"object": "commission", "external_id": "m-1", "created_at": "2026-09-10T08:00:00Z",
            "partner_id": "ext:p-1", "amount": {"amount": 800, "currency": "EUR"}}),
    ];
    let lines: Vec<String> = history.iter().map(Json::to_string).collect();
    assert_eq!(ledger.call(OPERATOR, "POST", "/v1/import", &lines.join("\n"), None).status, 201);
    assert_eq!(ledger.mail_of_newest(EventType::PayoutPaid), None);

    let partner = ledger.get("/v1/partners").text("/data/0/id");
    ledger.set_details(&partner);
    let (maker, checker) = (ledger.key(&["payouts:write"], None), ledger.key(&["payouts:write"], None));
    let october = json!({"period": {"from": "2026-10-01", "to": "2026-10-31"}}).to_string();
    let run = ledger.call(&maker, "POST", "/v1/payouts/runs", &october, None).text("/id");
    assert_eq!(
        ledger.call(&checker, "POST", &format!("/v1/payouts/runs/{run}/approve"), "", None).status,
        200
    );
    let payout = ledger.get(&format!("/v1/payouts?run_id={run}")).text("/data/0/id");
    let paid = ledger.post(&format!("/v1/payouts/{payout}/paid"), &json!({"reference": "bank-9"}));
    assert_eq!(paid.status, 200, "{}", paid.raw.body);
    let mail = ledger.mail_of_newest(EventType::PayoutPaid).unwrap();
    assert_eq!(mail.to, "ada@example.com");
    let Notice::PayoutSent(sent) = mail.mail.notice else { panic!("{mail:?}") };
    let day = |text| Date::parse(text).unwrap();
    assert_eq!((sent.amount.amount, sent.amount.currency.code()), (800, "EUR"));
    assert_eq!((sent.from, sent.to, sent.paid_on), (day("2026-10-01"), day("2026-10-31"), day("2026-11-22")));
    assert_eq!((sent.account_end.as_deref(), sent.reference.as_deref()), (Some("3000"), Some("bank-9")));
    assert_eq!(sent.statement_number.as_deref(), Some("SB-000001"));
    // One that came back before its mail was sent is no longer one that was paid.
    let returned = ledger.post(&format!("/v1/payouts/{payout}/failed"), &json!({"reason": "AC04"}));
    assert_eq!(returned.status, 200, "{}", returned.raw.body);
    assert_eq!(ledger.mail_of_newest(EventType::PayoutPaid), None);
}
