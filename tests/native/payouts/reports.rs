//! Reports of the ledger: the trial balance, balances at past times, and the history of one commission.

use super::world::{World, october};
use serde_json::{Value as Json, json};

fn lived() -> (World, String, String) {
    let mut world = World::new();
    let ada = world.partner("Ada", Some("EUR"));
    let sale = world.sale(&ada, 10_000, "USD");
    world.at("2026-11-02T08:00:00Z");
    world.set_rate("2026-10-31", "USD", "EUR", "0.5");
    let run = world.run(october());
    let payout = world.payouts(&run, "open").remove(0);
    world.at("2026-11-03T08:00:00Z");
    world.pay(&payout, "bank-1");
    world.at("2026-11-04T08:00:00Z");
    world.refund(&sale, "r-1", 1_000);
    (world, ada.partner, payout["id"].as_str().unwrap().to_owned())
}

#[test]
fn the_trial_balance_balances_at_any_time() {
    let (mut world, ..) = lived();
    let line = |currency: &str, account: &str, debits: i64, credits: i64| json!({"currency": currency, "account": account, "debits": debits, "credits": credits});
    let now = world.ledger.get("/v1/ledger/trial-balance").json;
    let expected = json!([
        line("EUR", "exchange", 5_000, 0),
        line("EUR", "in_payout", 5_000, 5_000),
        line("EUR", "paid", 0, 5_000),
        line("EUR", "payable", 5_000, 5_000),
        line("USD", "earned", 10_000, 0),
        line("USD", "exchange", 0, 10_000),
        line("USD", "payable", 11_000, 10_000),
        line("USD", "pending", 10_000, 10_000),
        line("USD", "reversed", 0, 1_000),
    ]);
    assert_eq!((&now["data"], &now["at"]), (&expected, &json!(null)));
    assert_eq!(
        now["totals"],
        json!([
            {"currency": "EUR", "debits": 15_000, "credits": 15_000}, {"currency": "USD", "debits": 31_000, "credits": 31_000}
        ])
    );
    // The same from the transfers; and before anything happened, nothing.
    let same = world.ledger.get("/v1/ledger/trial-balance?at=2026-11-04T08:00:00Z").json;
    assert_eq!((&same["data"], &same["totals"]), (&now["data"], &now["totals"]));
    let before = world.ledger.get("/v1/ledger/trial-balance?at=2026-10-14T00:00:00Z").json;
    assert_eq!((&before["data"], &before["totals"]), (&json!([]), &json!([])));
    assert_eq!(
        world.ledger.get("/v1/ledger/trial-balance?at=x").problem(),
        (400, "invalid_parameter".to_owned())
    );
}

#[test]
fn a_partners_balance_is_known_at_every_past_time() {
    let (mut world, ada, _) = lived();
    let mut at = |time: &str| -> Vec<Json> {
        let answer = world.ledger.get(&format!("/v1/balances?partner_id={ada}&at={time}"));
        assert_eq!(answer.status, 200);
        // What is in payouts of it, the trial balance tells: nobody else is paid here.
        let trial = world.ledger.get(&format!("/v1/ledger/trial-balance?at={time}")).json;
        let in_payout = |currency: &Json| -> i64 {
            let lines = trial["data"].as_array().unwrap().iter();
            let mut bound =
                lines.filter(|line| line["account"] == "in_payout" && line["currency"] == *currency);
            let side = |line: &Json, name: &str| line[name].as_i64().unwrap();
            bound.next().map_or(0, |line| side(line, "credits") - side(line, "debits"))
        };
        let shown = |row: &Json| {
            json!([
                row["currency"],
                row["payable"],
                in_payout(&row["currency"]),
                row["paid"],
                row["reversed"]
            ])
        };
        answer.json["data"].as_array().unwrap().iter().map(shown).collect()
    };
    assert_eq!(at("2026-10-15T08:59:59.999Z"), Vec::<Json>::new());
    assert_eq!(at("2026-10-15T09:00:00Z"), [json!(["USD", 10_000, 0, 0, 0])]);
    assert_eq!(at("2026-11-02T07:59:59.999Z"), [json!(["USD", 10_000, 0, 0, 0])]);
    assert_eq!(at("2026-11-02T08:00:00Z"), [json!(["EUR", 5_000, 5_000, 0, 0]), json!(["USD", 0, 0, 0, 0])]);
    assert_eq!(at("2026-11-03T08:00:00Z"), [json!(["EUR", 0, 0, 5_000, 0]), json!(["USD", 0, 0, 0, 0])]);
    let now = [json!(["EUR", 0, 0, 5_000, 0]), json!(["USD", -1_000, 0, 0, 1_000])];
    assert_eq!(at("2026-11-04T08:00:00Z"), now);
    assert_eq!(at("2030-01-01T00:00:00Z"), now);
}

#[test]
fn the_history_of_a_commission_reaches_from_the_click_to_the_payout() {
    let (mut world, ada, payout) = lived();
    let commission = world.ledger.get("/v1/commissions").text("/data/0/id");
    let target = format!("/v1/commissions/{commission}/history");
    let history = world.ledger.get(&target);
    assert_eq!(history.status, 200, "{}", history.raw.body);
    let it = &history.json;
    assert_eq!(
        (&it["click"]["clicked_at"], &it["click"]["country"], &it["click"]["class"]),
        (&json!("2026-10-15T09:00:00.000Z"), &json!("DE"), &json!("human"))
    );
    assert_eq!(it["attribution"]["touches"][0]["reason"], "click");
    assert_eq!((&it["conversion"]["amount"], &it["conversion"]["refunded"]), (&json!(10_000), &json!(1_000)));
    assert_eq!(
        it["plan"],
        json!({"source": "conversion", "plan": null, "subject": null, "base": 10_000, "share_bp": 10_000,
        "rate_bp": 10_000, "amount": 10_000, "reversed": 1_000, "settled": 10_000, "written_off": 0, "open": -1_000})
    );
    assert_eq!(it["commission"]["status"], "paid");
    assert_eq!(it["refunds"][0]["external_id"], "r-1");
    let moved: Vec<Json> = it["transfers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|transfer| {
            json!([
                transfer["kind"],
                transfer["debit"],
                transfer["credit"],
                transfer["amount"],
                transfer["currency"],
                transfer["rate"]
            ])
        })
        .collect();
    assert_eq!(
        moved,
        [
            json!(["commission", "earned", "pending", 10_000, "USD", null]),
            json!(["maturity", "pending", "payable", 10_000, "USD", null]),
            json!(["exchange", "payable", "exchange", 10_000, "USD", "0.5"]),
            json!(["exchange", "exchange", "payable", 5_000, "EUR", "0.5"]),
            json!(["payout", "payable", "in_payout", 5_000, "EUR", null]),
            json!(["payment", "in_payout", "paid", 5_000, "EUR", null]),
            json!(["reversal", "payable", "reversed", 1_000, "USD", null]),
        ]
    );
    assert_eq!(
        it["payouts"],
        json!([{"id": payout, "amount": 10_000, "status": "paid", "reference": "bank-1"}])
    );
    let adas = world.ledger.key(&["read"], Some(&ada));
    assert_eq!(world.by(&adas, "GET", &target, &json!({})).status, 200);
    let other = world.partner("Bob", None);
    let bobs = world.ledger.key(&["read"], Some(&other.partner));
    assert_eq!(world.by(&bobs, "GET", &target, &json!({})).problem(), (404, "not_found".to_owned()));
}
