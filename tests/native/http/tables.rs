//! Lists in other forms: with the number of their rows, and as CSV.

use crate::support::{Answer, Ledger, OPERATOR};
use serde_json::{Value as Json, json};
use signpost::api::http::message::Request;
use std::collections::BTreeSet;

/// Lists with rows in the Ledger of [`filled`].
const LISTS: &[&str] = &[
    "keys",
    "partners",
    "listings",
    "links",
    "coupons",
    "conversions",
    "commissions",
    "placements",
    "events",
    "webhooks",
    "conversions?type=sale",
    "conversions?from=2026-01-01T00:00:00Z&status=attributed",
    "links?campaign=spring",
    "commissions?status=pending",
    "events?type=link.created",
    "partners?q=ada",
];

fn filled() -> Ledger {
    let mut ledger = Ledger::new();
    for n in 0..3 {
        ledger.key(&["read"], None);
        ledger.post("/v1/webhooks", &json!({"url": "https://hooks.example.com/", "events": ["*"]}));
        let s = ledger.scenario(1_000);
        ledger.post("/v1/coupons", &json!({"code": format!("CODE-{n}"), "partner_id": s.partner}));
        let link = json!({"partner_id": s.partner, "listing_id": s.listing, "campaign": "spring", "metadata": {"n": "1"}});
        assert_eq!(ledger.post("/v1/links", &link).status, 201);
        let click = ledger.click(s.link_no);
        ledger.sale(&format!("o-{n}"), &click, 100);
        let placement = json!({"partner_id": s.partner, "kind": "post", "title": "T", "external_id": format!("p-{n}"),
            "fee": {"amount": 1, "currency": "EUR"}});
        assert_eq!(ledger.post("/v1/placements", &placement).status, 201);
    }
    ledger
}

fn csv(ledger: &mut Ledger, key: &str, target: &str, tag: Option<&str>) -> Answer {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let authorization = format!("Bearer {key}");
    ledger.send(Request {
        method: "GET",
        path,
        query,
        authorization: Some(&authorization),
        if_none_match: tag,
        accept: Some("text/csv"),
        base_url: "https://go.example.com",
        ..Request::default()
    })
}

/// The records of a CSV file.
fn records(text: &str) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
}

#[test]
fn the_total_counts_the_rows_of_all_pages() {
    let mut ledger = filled();
    let partner = ledger.get("/v1/partners").text("/data/0/id");
    let own = ledger.key(&["read"], Some(&partner));
    for list in LISTS {
        let separator = if list.contains('?') { '&' } else { '?' };
        let rows = |answer: &Answer| answer.json["data"].as_array().unwrap().len();
        let whole = rows(&ledger.get(&format!("/v1/{list}{separator}limit=200")));
        let counted = ledger.get(&format!("/v1/{list}{separator}limit=1&count=true"));
        assert_eq!((rows(&counted), &counted.json["total"]), (1, &json!(whole)), "{list}");
        assert_eq!(
            ledger.get(&format!("/v1/{list}{separator}count=false")).json.get("total"),
            None,
            "{list}"
        );
        // Counting is no filter: the cursors are the same.
        let cursor = counted.json["next_cursor"].as_str().unwrap_or_default();
        let next = ledger.get(&format!("/v1/{list}{separator}limit=200&cursor={cursor}&count=true"));
        assert_eq!(
            (rows(&next), &next.json["total"]),
            (whole - usize::from(!cursor.is_empty()), &json!(whole)),
            "{list}"
        );
        if *list != "keys" {
            let seen =
                ledger.call(&own, "GET", &format!("/v1/{list}{separator}limit=200&count=true"), "", None);
            assert_eq!(seen.json["total"], json!(rows(&seen)), "{list}");
            assert!(rows(&seen) < whole, "{list}");
        }
    }
    for list in ["callbacks", "fx", "payouts", "payouts/runs"] {
        assert_eq!(ledger.get(&format!("/v1/{list}?count=true")).json["total"], 0, "{list}");
    }
    assert_eq!(ledger.get("/v1/links?count=yes").problem(), (400, "invalid_parameter".to_owned()));
}

#[test]
fn every_list_is_csv_to_those_who_prefer_it() {
    let mut ledger = filled();
    for list in LISTS {
        let json = ledger.get(&format!("/v1/{list}"));
        let answer = csv(&mut ledger, OPERATOR, &format!("/v1/{list}"), None);
        assert_eq!(answer.raw.header("content-type"), Some("text/csv; charset=utf-8"), "{list}");
        let table = records(&answer.raw.body);
        let data = json.json["data"].as_array().unwrap();
        assert_eq!(table.len(), data.len() + 1, "{list}");
        let id = table[0].iter().position(|column| column == "id").unwrap();
        for (record, row) in table[1..].iter().zip(data) {
            assert_eq!(record[id], row["id"].as_str().unwrap(), "{list}");
        }
        let tag = answer.raw.header("etag").unwrap();
        assert_eq!(csv(&mut ledger, OPERATOR, &format!("/v1/{list}"), Some(tag)).status, 304, "{list}");
    }
    let first = csv(&mut ledger, OPERATOR, "/v1/links?limit=4&count=true", None);
    assert_eq!(first.raw.header("signpost-total"), Some("6"));
    let cursor = first.raw.header("signpost-next-cursor").unwrap().to_owned();
    let last = csv(&mut ledger, OPERATOR, &format!("/v1/links?limit=4&cursor={cursor}"), None);
    assert_eq!((records(&last.raw.body).len(), last.raw.header("signpost-next-cursor")), (3, None));
    let balances = csv(&mut ledger, OPERATOR, "/v1/balances", None);
    assert_eq!(
        records(&balances.raw.body)[0],
        ["partner_id", "currency", "pending", "payable", "paid", "reversed"]
    );
}

/// Adds the columns of a schema under a name; an object that may be absent counts as present.
fn columns(schemas: &Json, name: &str, schema: &Json, into: &mut BTreeSet<String>) {
    if let Some(path) = schema["$ref"].as_str() {
        return columns(schemas, name, &schemas[path.rsplit('/').next().unwrap()], into);
    }
    let present = schema["anyOf"].as_array().into_iter().flatten().find(|schema| schema["type"] != "null");
    match (present, schema["properties"].as_object()) {
        (Some(present), _) => columns(schemas, name, present, into),
        (None, Some(properties)) => {
            for (field, schema) in properties {
                let inner = if name.is_empty() { field.clone() } else { format!("{name}.{field}") };
                columns(schemas, &inner, schema, into);
            }
        }
        (None, None) => drop(into.insert(name.to_owned())),
    }
}

#[test]
fn a_table_without_rows_has_the_columns_of_the_contract() {
    let document = signpost::openapi::document();
    let schemas = &document["components"]["schemas"];
    let mut ledger = Ledger::new();
    let mut seen = 0;
    for (path, operations) in document["paths"].as_object().unwrap() {
        let content = &operations["get"]["responses"]["200"]["content"];
        if content["text/csv"].is_null() || content["application/json"].is_null() || path.contains('{') {
            continue;
        }
        // The Worker asks the click log first, and the report names its columns in another form.
        let target = match path.as_str() {
            "/v1/clicks" => continue,
            "/v1/attribution" => continue,
            path => path,
        };
        let list =
            content["application/json"]["schema"]["$ref"].as_str().unwrap().rsplit('/').next().unwrap();
        let mut expected = BTreeSet::new();
        columns(schemas, "", &schemas[list]["properties"]["data"]["items"], &mut expected);
        // A filter that nothing matches: the Ledger's own events are rows.
        let target = if target == "/v1/events" { "/v1/events?type=partner.created" } else { target };
        let answer = csv(&mut ledger, OPERATOR, target, None);
        let table = records(&answer.raw.body);
        assert_eq!((answer.status, table.len()), (200, 1), "{path}");
        assert_eq!(table[0].iter().cloned().collect::<BTreeSet<String>>(), expected, "{path}");
        assert!(answer.raw.body.ends_with("\r\n"), "{path}");
        seen += 1;
    }
    assert_eq!(seen, 15);
    let report = csv(&mut ledger, OPERATOR, "/v1/attribution?group_by=partner", None);
    assert!(report.raw.body.starts_with("partner,clicks,"), "{}", report.raw.body);
    // The columns are in the order of a table with rows.
    let mut full = filled();
    for list in LISTS.iter().filter(|list| !list.contains('?')) {
        let rows = records(&csv(&mut full, OPERATOR, &format!("/v1/{list}"), None).raw.body);
        let none = records(&csv(&mut ledger, OPERATOR, &format!("/v1/{list}"), None).raw.body);
        let shared = |one: &[String], other: &[String]| -> Vec<String> {
            one.iter().filter(|column| other.contains(column)).cloned().collect()
        };
        assert_eq!(shared(&none[0], &rows[0]), shared(&rows[0], &none[0]), "{list}");
    }
}

#[test]
fn every_page_of_a_list_has_the_same_columns() {
    let mut ledger = Ledger::new();
    for id in ["l-1", "l-2"] {
        assert_eq!(ledger.post("/v1/conversions", &json!({"type": "lead", "external_id": id})).status, 201);
    }
    let newest = ledger.get("/v1/conversions?limit=1");
    let target = format!("/v1/conversions/{}/qualify", newest.text("/data/0/id"));
    assert_eq!(ledger.post(&target, &json!({"status": "qualified"})).status, 200);
    let next = newest.text("/next_cursor");
    let headers = [
        "/v1/conversions?limit=1".to_owned(),
        format!("/v1/conversions?limit=1&cursor={next}"),
        "/v1/conversions?customer_id=nobody".to_owned(),
    ]
    .map(|target| records(&csv(&mut ledger, OPERATOR, &target, None).raw.body).remove(0));
    assert!(headers[0].contains(&"qualification.status".to_owned()), "{:?}", headers[0]);
    assert_eq!([&headers[1], &headers[2]], [&headers[0]; 2]);
}

#[test]
fn cells_hold_nested_fields_and_no_formulas() {
    let mut ledger = Ledger::new();
    let partner = json!({"name": "=SUM(A1)", "kind": "media", "email": "+a@example.com", "metadata": {"=k": "@x", "b": "1"}});
    assert_eq!(ledger.post("/v1/partners", &partner).status, 201);
    ledger.partner("Plain", None);
    let table = records(&csv(&mut ledger, OPERATOR, "/v1/partners", None).raw.body);
    let column = |name: &str| {
        table[0].iter().position(|column| column == name).unwrap_or_else(|| panic!("{name}: {:?}", table[0]))
    };
    let cells = |name: &str| [table[1][column(name)].as_str(), table[2][column(name)].as_str()];
    assert_eq!(cells("name"), ["Plain", "'=SUM(A1)"]);
    assert_eq!(cells("email"), ["", "'+a@example.com"]);
    assert_eq!(cells("metadata.=k"), ["", "'@x"]);
    assert_eq!(cells("metadata.b"), ["", "1"]);
    assert!(!table[0].contains(&"metadata".to_owned()));
    let s = ledger.scenario(1_000);
    let click = ledger.click(s.link_no);
    let sale = ledger.sale("o", &click, 100);
    let table = records(&csv(&mut ledger, OPERATOR, "/v1/conversions", None).raw.body);
    let cell = |name: &str| table[1][table[0].iter().position(|column| column == name).unwrap()].clone();
    assert_eq!(
        (cell("amount"), cell("attribution.status"), cell("customer_id")),
        ("100".into(), "attributed".into(), String::new())
    );
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&cell("attribution.credits")).unwrap(),
        sale.json["attribution"]["credits"]
    );
}
