//! The bytes that providers document.

use super::{event_id, start};
use serde_json::{Value as Json, json};
use signpost::{
    domain::values::time::Timestamp,
    mail::{
        MailKind, Rendered,
        providers::{
            DevMailbox, Letter, MailProvider, MailReports, Postmark, PostmarkReports, ReportRefusal,
            SendGrid, SendGridReports, SendOutcome, Sender, sendgrid,
        },
    },
};

fn rendered() -> Rendered {
    Rendered { subject: "Paid".to_owned(), text: "24.10 EUR".to_owned(), html: "<p>24.10 EUR</p>".to_owned() }
}

fn sender() -> Sender {
    Sender::parse("Acme, Partners <partners@acme.example>").unwrap()
}

fn postmark() -> Postmark {
    Postmark { token: "token-1".to_owned() }
}

fn sendgrid() -> SendGrid {
    SendGrid { key: "SG.1".to_owned(), base_url: sendgrid::EU_URL }
}

/// The request of a provider: method, URL, headers and body.
fn request(provider: &dyn MailProvider, kind: MailKind) -> (String, Vec<(&'static str, String)>, Json) {
    let (from, rendered, event) = (sender(), rendered(), event_id(1));
    let letter = Letter {
        from: &from,
        to: "ada@example.com",
        rendered: &rendered,
        kind,
        event_id: &event,
        unsubscribe_url: (!kind.is_transactional()).then_some("https://go.acme.example/u/1"),
    };
    let request = provider.send(&letter).unwrap();
    let body = serde_json::from_str(&request.body).unwrap();
    (format!("{} {}", request.method, request.url), request.headers, body)
}

#[test]
fn a_sender_has_a_name_and_an_address() {
    for (text, header) in [
        ("partners@acme.example", "partners@acme.example"),
        (" Acme <partners@acme.example> ", "\"Acme\" <partners@acme.example>"),
        ("\"Acme, Partners\" <partners@acme.example>", "\"Acme, Partners\" <partners@acme.example>"),
    ] {
        assert_eq!(Sender::parse(text).map(|sender| sender.header()).as_deref(), Some(header), "{text}");
    }
    for text in ["", "Acme", "Acme <>", "A\"b <a@acme.example>", "A\r\nBcc: x@y.example <a@acme.example>"] {
        assert_eq!(Sender::parse(text), None, "{text}");
    }
}

#[test]
fn postmark_gets_one_mail_with_the_event_in_its_metadata() {
    let (line, headers, body) = request(&postmark(), MailKind::PayoutSent);
    assert_eq!(line, "POST https://api.postmarkapp.com/email");
    assert_eq!(
        headers,
        [
            ("accept", "application/json".to_owned()),
            ("content-type", "application/json".to_owned()),
            ("x-postmark-server-token", "token-1".to_owned()),
        ]
    );
    let expected = json!({
        "From": "\"Acme, Partners\" <partners@acme.example>", "To": "ada@example.com", "Subject": "Paid",
        "TextBody": "24.10 EUR", "HtmlBody": "<p>24.10 EUR</p>", "MessageStream": "outbound", "Tag": "payout_sent",
        "Metadata": {"sp_event": event_id(1)}, "Headers": [], "TrackOpens": false, "TrackLinks": "None",
    });
    assert_eq!(body, expected);
    let (_, _, statement) = request(&postmark(), MailKind::MonthlyStatement);
    assert_eq!(statement["MessageStream"], "broadcast");
    assert_eq!(
        statement["Headers"],
        json!([
            {"Name": "List-Unsubscribe", "Value": "<https://go.acme.example/u/1>"},
            {"Name": "List-Unsubscribe-Post", "Value": "List-Unsubscribe=One-Click"},
        ])
    );
    let lookup = postmark().look_up(&event_id(1)).unwrap();
    let url = format!(
        "https://api.postmarkapp.com/messages/outbound?count=1&offset=0&metadata_sp_event={}",
        event_id(1)
    );
    assert_eq!((lookup.method, lookup.url, lookup.body.as_str()), ("GET", url, ""));
}

#[test]
fn sendgrid_gets_one_mail_without_tracking() {
    let (line, headers, body) = request(&sendgrid(), MailKind::PayoutSent);
    assert_eq!(line, "POST https://api.eu.sendgrid.com/v3/mail/send");
    assert_eq!(
        headers,
        [("authorization", "Bearer SG.1".to_owned()), ("content-type", "application/json".to_owned())]
    );
    let expected = json!({
        "personalizations": [{"to": [{"email": "ada@example.com"}], "custom_args": {"sp_event": event_id(1)}}],
        "from": {"email": "partners@acme.example", "name": "Acme, Partners"}, "subject": "Paid",
        "content": [{"type": "text/plain", "value": "24.10 EUR"}, {"type": "text/html", "value": "<p>24.10 EUR</p>"}],
        "categories": ["signpost", "payout_sent"],
        "tracking_settings": {"click_tracking": {"enable": false}, "open_tracking": {"enable": false}},
    });
    assert_eq!(body, expected);
    let (_, _, statement) = request(&sendgrid(), MailKind::MonthlyStatement);
    assert_eq!(
        statement["headers"],
        json!({
            "List-Unsubscribe": "<https://go.acme.example/u/1>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        })
    );
    assert!(sendgrid().look_up(&event_id(1)).is_none());
}

/// The kind of an outcome, and its reason.
fn words(outcome: SendOutcome) -> (&'static str, String) {
    match outcome {
        SendOutcome::Accepted => ("accepted", String::new()),
        SendOutcome::Refused { reason } => ("refused", reason),
        SendOutcome::NotSent { reason } => ("not sent", reason),
        SendOutcome::Unknown { reason } => ("unknown", reason),
    }
}

#[test]
fn responses_of_postmark_are_read_by_their_error_code() {
    for (status, body, expected, reason) in [
        (200, r#"{"ErrorCode":0,"Message":"OK","MessageID":"b7bc"}"#, "accepted", ""),
        (
            422,
            r#"{"ErrorCode":406,"Message":"Found inactive addresses: ada@example.com, bo@example.com."}"#,
            "refused",
            "Postmark: Found inactive addresses: (address) (address) (error 406)",
        ),
        (
            422,
            r#"{"ErrorCode":300,"Message":"Invalid 'To'"}"#,
            "refused",
            "Postmark: Invalid 'To' (error 300)",
        ),
        (
            422,
            r#"{"ErrorCode":300,"Message":"Invalid 'From' address: 'x@acme.example' is not a verified sender."}"#,
            "not sent",
            "Postmark: Invalid 'From' address: (address) is not a verified sender. (error 300)",
        ),
        (422, r#"{"ErrorCode":405,"Message":"no credits"}"#, "not sent", "Postmark: no credits (error 405)"),
        (422, r#"{"ErrorCode":400,"Message":"signature"}"#, "not sent", "Postmark: signature (error 400)"),
        (401, r#"{"ErrorCode":10,"Message":"token"}"#, "not sent", "Postmark: token (error 10)"),
        (413, "", "refused", "Postmark: status 413"),
        (429, "", "not sent", "Postmark: status 429"),
        (500, "", "unknown", "Postmark: status 500"),
        (503, r#"{"ErrorCode":100,"Message":"maintenance"}"#, "unknown", "Postmark: maintenance (error 100)"),
        (200, "<html>", "unknown", "Postmark: status 200"),
        (302, "", "unknown", "Postmark: status 302"),
    ] {
        assert_eq!(words(postmark().outcome(status, body)), (expected, reason.to_owned()), "{status} {body}");
    }
    for (status, body, expected) in [
        (200, r#"{"TotalCount":0,"Messages":[]}"#, Some(false)),
        (200, r#"{"TotalCount":1,"Messages":[{}]}"#, Some(true)),
        (200, "", None),
        (500, r#"{"TotalCount":1}"#, None),
    ] {
        assert_eq!(postmark().has(status, body), expected, "{status} {body}");
    }
}

#[test]
fn responses_of_sendgrid_are_read_by_their_status() {
    let error =
        |message: &str| json!({"errors": [{"message": message, "field": null, "help": null}]}).to_string();
    for (status, body, expected, reason) in [
        (202, String::new(), "accepted", ""),
        (400, error("bad"), "refused", "SendGrid: bad (status 400)"),
        (
            400,
            json!({"errors": [{"message": "no sender", "field": "from.email"}]}).to_string(),
            "not sent",
            "SendGrid: no sender (status 400)",
        ),
        (413, String::new(), "refused", "SendGrid: status 413"),
        (
            401,
            error("Maximum credits exceeded"),
            "not sent",
            "SendGrid: Maximum credits exceeded (status 401)",
        ),
        (403, error("sender"), "not sent", "SendGrid: sender (status 403)"),
        (429, error("too many requests"), "not sent", "SendGrid: too many requests (status 429)"),
        (500, String::new(), "unknown", "SendGrid: status 500"),
        (503, String::new(), "unknown", "SendGrid: status 503"),
    ] {
        assert_eq!(
            words(sendgrid().outcome(status, &body)),
            (expected, reason.to_owned()),
            "{status} {body}"
        );
    }
    assert_eq!(words(DevMailbox.outcome(202, "")).0, "accepted");
}

/// The addresses of a report with their states, or why it is refused.
fn read(
    reports: &dyn MailReports,
    headers: &[(&str, &str)],
    body: &[u8],
    now_s: i64,
) -> Result<Vec<(String, &'static str)>, ReportRefusal> {
    let header =
        |name: &str| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    let verified = reports.verify(&header, body, Timestamp::clamped(now_s * 1_000))?;
    let read = reports.parse(&verified)?;
    Ok(read.into_iter().map(|report| (report.address, report.state.as_str())).collect())
}

/// The request in the tests of SendGrid's Python library (test/unit/test_eventwebhook.py).
const KEY: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g==";
const SIGNATURE: &str =
    "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15TluLtEZtM=";
const TIME: &str = "1600112502";
const BODY: &str = "[{\"email\":\"hello@world.com\",\"event\":\"dropped\",\"reason\":\"Bounced Address\",\"sg_event_id\":\"ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA\",\"sg_message_id\":\"LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0\",\"smtp-id\":\"<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>\",\"timestamp\":1600112492}]\r\n";

#[test]
fn reports_of_sendgrid_are_verified_over_their_exact_bytes() {
    let reports = SendGridReports { public_key: KEY.to_owned() };
    let headers = |signature: &'static str, time: &'static str| {
        [
            ("x-twilio-email-event-webhook-signature", signature),
            ("x-twilio-email-event-webhook-timestamp", time),
        ]
    };
    let valid = headers(SIGNATURE, TIME);
    let at = 1_600_112_502;
    let bounced = Ok(vec![("hello@world.com".to_owned(), "bounced")]);
    assert_eq!(read(&reports, &valid, BODY.as_bytes(), at), bounced);
    assert_eq!(read(&reports, &valid, BODY.as_bytes(), at + 25 * 3_600), bounced);
    assert_eq!(read(&reports, &valid, BODY.as_bytes(), at - 300), bounced);
    for (headers, body, now, refusal) in [
        (&valid[..], BODY.trim_end(), at, ReportRefusal::Forged),
        (&valid, &BODY.replace("\r\n", "\n"), at, ReportRefusal::Forged),
        (&headers(SIGNATURE, "1600112503"), BODY, at, ReportRefusal::Forged),
        (&valid[..1], BODY, at, ReportRefusal::Missing),
        (&valid[1..], BODY, at, ReportRefusal::Missing),
        (&headers("MEUC", TIME), BODY, at, ReportRefusal::Forged),
        (&headers("?", TIME), BODY, at, ReportRefusal::Missing),
        (&valid, BODY, at + 25 * 3_600 + 1, ReportRefusal::Stale),
        (&valid, BODY, at - 301, ReportRefusal::Stale),
    ] {
        assert_eq!(read(&reports, headers, body.as_bytes(), now), Err(refusal), "{headers:?} {now}");
    }
    for public_key in ["", "MFkw", "?"] {
        let reports = SendGridReports { public_key: public_key.to_owned() };
        assert_eq!(read(&reports, &valid, BODY.as_bytes(), at), Err(ReportRefusal::NotConfigured));
    }
}

#[test]
fn several_events_of_sendgrid_are_one_report() {
    let reports = SendGridReports {
        public_key: "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEIt7aau1CfHH2J3dmhCZWQ6D4h9uATfU1dNXKksXKzUUsktDLsCnLZTbW/nAW0XoyBR0vm9KC5Z/sJgQBeVuhtQ==".to_owned(),
    };
    let headers = [
        (
            "x-twilio-email-event-webhook-signature",
            "MEYCIQDu4L74robT3U4M24uugsbGAP2PXCJ3yVZ/xcuqBEpVlwIhAL8bMfFS9VDuSceEfzpINPAKd4I79AFpyT1g0SuvneOD",
        ),
        ("x-twilio-email-event-webhook-timestamp", "1795910400"),
    ];
    let body = "[{\"email\":\"ana@example.com\",\"timestamp\":1795910390,\"event\":\"bounce\",\"type\":\"bounce\",\"reason\":\"550 5.1.1 unknown\",\"sg_event_id\":\"e1\",\"sg_message_id\":\"m1.0\",\"sp_event\":\"evt_00000000000000000000000001\"},\r\n{\"email\":\"bo@example.com\",\"timestamp\":1795910391,\"event\":\"group_unsubscribe\",\"asm_group_id\":7,\"sg_event_id\":\"e2\",\"sg_message_id\":\"m2.0\"}]\r\n";
    assert_eq!(
        read(&reports, &headers, body.as_bytes(), 1_795_910_400),
        Ok(vec![("ana@example.com".to_owned(), "bounced"), ("bo@example.com".to_owned(), "unsubscribed")])
    );
}

#[test]
fn reports_of_postmark_come_with_a_password() {
    let reports = PostmarkReports { password: "pass-1".to_owned() };
    // `signpost:pass-1` and `signpost:pass-2`.
    let right = [("authorization", "Basic c2lnbnBvc3Q6cGFzcy0x")];
    let bounce = json!({"RecordType": "Bounce", "ID": 4_323_372_036_854_775_807_u64, "Type": "HardBounce",
        "Email": "Ada@Example.com", "Inactive": true, "MessageID": "m", "Metadata": {"sp_event": "evt_1"}});
    let at = start().ms() / 1_000;
    let text = |body: &Json| body.to_string().into_bytes();
    for (body, expected) in [
        (bounce.clone(), vec![("ada@example.com".to_owned(), "bounced")]),
        (
            json!({"RecordType": "Bounce", "Type": "SoftBounce", "Email": "ada@example.com", "Inactive": false}),
            vec![],
        ),
        (
            json!({"RecordType": "SpamComplaint", "Email": "ada@example.com"}),
            vec![("ada@example.com".to_owned(), "complained")],
        ),
        (
            json!({"RecordType": "SubscriptionChange", "Recipient": "ada@example.com", "SuppressSending": true,
                "SuppressionReason": "ManualSuppression"}),
            vec![("ada@example.com".to_owned(), "unsubscribed")],
        ),
        (
            json!({"RecordType": "SubscriptionChange", "Recipient": "ada@example.com", "SuppressSending": false,
                "SuppressionReason": null}),
            vec![("ada@example.com".to_owned(), "lifted")],
        ),
        (json!({"RecordType": "Delivery", "Recipient": "ada@example.com"}), vec![]),
    ] {
        assert_eq!(read(&reports, &right, &text(&body), at), Ok(expected), "{body}");
    }
    for (headers, refusal) in [
        (&[("authorization", "Basic c2lnbnBvc3Q6cGFzcy0y")][..], ReportRefusal::Forged),
        (&[("authorization", "Bearer c2lnbnBvc3Q6cGFzcy0x")], ReportRefusal::Missing),
        // Postmark's documentation shows such a header and says that it is not supported.
        (&[("x-postmark-signature", "c2lnbnBvc3Q6cGFzcy0x")], ReportRefusal::Missing),
    ] {
        assert_eq!(read(&reports, headers, &text(&bounce), at), Err(refusal), "{headers:?}");
    }
    assert_eq!(read(&reports, &right, b"[]", at), Err(ReportRefusal::Malformed));
    assert_eq!(
        read(&reports, &right, br#"{"RecordType":"SpamComplaint"}"#, at),
        Err(ReportRefusal::Malformed)
    );
    let without = PostmarkReports { password: String::new() };
    assert_eq!(read(&without, &right, &text(&bounce), at), Err(ReportRefusal::NotConfigured));
}
