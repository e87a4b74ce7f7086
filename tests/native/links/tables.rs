//! Links from CSV: all rows or none, with errors that name the row and the column.

use super::token;
use crate::support::{Answer, Ledger, OPERATOR};
use serde_json::{Value as Json, json};
use signpost::{api::http::message::Request, domain::links::token::LinkToken};

fn send(
    ledger: &mut Ledger,
    key: &str,
    body: &[u8],
    content_type: &str,
    idempotency_key: Option<&str>,
) -> Answer {
    let authorization = format!("Bearer {key}");
    ledger.send(Request {
        method: "POST",
        path: "/v1/links/bulk",
        authorization: Some(&authorization),
        idempotency_key,
        content_type: Some(content_type),
        body,
        base_url: "https://go.example.com",
        ..Request::default()
    })
}

fn csv(ledger: &mut Ledger, text: &str) -> Answer {
    send(ledger, OPERATOR, text.as_bytes(), "text/csv; charset=utf-8", None)
}

#[test]
fn rows_become_links_in_their_order() {
    let mut ledger = Ledger::new();
    let s = ledger.scenario(1_000);
    let (partner, listing) = (&s.partner, &s.listing);
    let text = format!(
        "\u{feff}slug,partner_id,listing_id,campaign,path,query,expires_at,metadata.post,metadata.note\r\n\
         one-a,{partner},{listing},\"spring, 2027\",/a,utm_source=ana,2027-01-01T00:00:00Z,42,\"a \"\"b\"\"\"\r\n\
         ,{partner},{listing},,,,,,\r\n"
    );
    let made = csv(&mut ledger, &text);
    assert_eq!(made.status, 201, "{}", made.raw.body);
    let first = &made.json["data"][0];
    assert_eq!(
        (&first["slug"], &first["campaign"], &first["path"], &first["query"], &first["metadata"]),
        (
            &json!("one-a"),
            &json!("spring, 2027"),
            &json!("/a"),
            &json!("utm_source=ana"),
            &json!({"post": "42", "note": "a \"b\""})
        )
    );
    assert_eq!(LinkToken::verify(&token(first), &ledger.ring).unwrap().expires_s, Some(1_798_761_600));
    let second = &made.json["data"][1];
    assert_eq!(
        (&second["slug"], &second["campaign"], &second["path"], &second["query"], &second["metadata"]),
        (&Json::Null, &Json::Null, &Json::Null, &Json::Null, &json!({}))
    );
    // A closed quote may be the last byte of the file.
    let made =
        csv(&mut ledger, &format!("partner_id,listing_id,campaign\n{partner},{listing},\"a, \"\"b\"\"\""));
    assert_eq!(
        (made.status, &made.json["data"][0]["campaign"]),
        (201, &json!("a, \"b\"")),
        "{}",
        made.raw.body
    );
    // A table from a spreadsheet that separates columns by semicolons.
    let made = csv(&mut ledger, &format!("partner_id;listing_id;campaign\n{partner};{listing};a,b\n"));
    assert_eq!((made.status, &made.json["data"][0]["campaign"]), (201, &json!("a,b")));
}

#[test]
fn a_thousand_rows_are_taken_and_one_more_is_refused() {
    let mut ledger = Ledger::new();
    let s = ledger.scenario(1_000);
    let row = format!("{},{}\n", s.partner, s.listing);
    let table = |rows: usize| format!("partner_id,listing_id\n{}", row.repeat(rows));
    let made = csv(&mut ledger, &table(1_000));
    assert_eq!((made.status, made.json["data"].as_array().map(Vec::len)), (201, Some(1_000)));
    for rows in [0, 1_001] {
        let refused = ledger.unchanged("rows", |ledger| csv(ledger, &table(rows)));
        assert_eq!(refused.problem(), (422, "out_of_range".to_owned()), "{rows}");
    }
}

#[test]
fn errors_name_the_row_and_the_column_and_no_link_remains() {
    let mut ledger = Ledger::new();
    let s = ledger.scenario(1_000);
    let (p, l) = (&s.partner, &s.listing);
    let names = "partner_id,listing_id,slug,path,expires_at";
    for (text, status, code, pointers) in [
        (
            format!("{names}\n{p},{l},ok-one,,\n{p},lst_x,No,/../x,soon\n{p},{l},docs,,\n"),
            422,
            "invalid_slug",
            vec!["/rows/3/slug", "/rows/3/path", "/rows/3/expires_at", "/rows/3/listing_id", "/rows/4/slug"],
        ),
        (format!("{names}\n{p},{l},same,,\n{p},{l},same,,\n"), 409, "slug_taken", vec!["/rows/3/slug"]),
        (format!("{names}\n,{l},,,\n"), 422, "unknown_partner", vec!["/rows/2/partner_id"]),
        (
            format!("partner_id,colour,listing_id\n{p},red,{l}\n"),
            422,
            "unknown_field",
            vec!["/rows/1/colour"],
        ),
        (format!("partner_id\n{p}\n"), 422, "missing_field", vec!["/rows/1/listing_id"]),
        (
            format!("partner_id,listing_id,partner_id\n{p},{l},{p}\n"),
            422,
            "duplicate_field",
            vec!["/rows/1/partner_id"],
        ),
        (format!("{names}\n{p},{l}\n"), 400, "malformed_csv", vec![]),
        (
            format!("{names}\n{p},{l},ok-one,,\n{p},{l},\"open,,\n{p},{l},,,\n"),
            400,
            "malformed_csv",
            vec!["/rows/3"],
        ),
        (format!("{names}\n{p},{l},ok-one,,\""), 400, "malformed_csv", vec!["/rows/2"]),
        (format!("{names},\"metadata.a\n{p},{l},ok-one,,,b"), 400, "malformed_csv", vec!["/rows/1"]),
        (String::new(), 422, "missing_field", vec!["/rows/1/partner_id", "/rows/1/listing_id"]),
    ] {
        let refused = ledger.unchanged(&text, |ledger| csv(ledger, &text));
        assert_eq!(refused.problem(), (status, code.to_owned()), "{text}: {}", refused.raw.body);
        let found: Vec<&str> = refused.json["errors"]
            .as_array()
            .map(|errors| errors.iter().map(|error| error["pointer"].as_str().unwrap()).collect())
            .unwrap_or_default();
        assert_eq!(found, pointers, "{text}");
    }
    let bad = send(&mut ledger, OPERATOR, b"partner_id,listing_id\n\xff,x\n", "text/csv", None);
    assert_eq!(bad.problem(), (400, "invalid_utf8".to_owned()));
}

#[test]
fn a_partner_creates_its_own_links_only_and_a_retry_creates_none() {
    let mut ledger = Ledger::new();
    let (ada, eve) = (ledger.scenario(1_000), ledger.scenario(1_000));
    let key = ledger.key(&["links:write"], Some(&ada.partner));
    let table = |partner: &str| format!("partner_id,listing_id\n{partner},{}\n", ada.listing);
    let foreign = ledger
        .unchanged("foreign", |ledger| send(ledger, &key, table(&eve.partner).as_bytes(), "text/csv", None));
    assert_eq!(foreign.problem(), (404, "not_found".to_owned()));
    let first = send(&mut ledger, &key, table(&ada.partner).as_bytes(), "TEXT/CSV", Some("k"));
    let again = ledger.unchanged("again", |ledger| {
        send(ledger, &key, table(&ada.partner).as_bytes(), "TEXT/CSV", Some("k"))
    });
    assert_eq!((first.status, again.status, &again.json), (201, 201, &first.json));
    assert_eq!(again.raw.header("idempotent-replayed"), Some("true"));
    // Without the media type, the body is JSON.
    let refused = send(&mut ledger, &key, table(&ada.partner).as_bytes(), "application/json", None);
    assert_eq!(refused.problem(), (400, "malformed_json".to_owned()));
}
