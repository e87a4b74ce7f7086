//! A paid month for suites that call every route: a draft run, an approved run with open payouts, and a partner with a
//! negative balance.

use crate::support::Ledger;
use serde_json::json;
use signpost::domain::values::time::Timestamp;

/// The contents of the Ledger.
pub struct Month {
    /// A run that can be approved.
    pub draft: String,
    /// A run that is approved.
    pub approved: String,
    /// Its open payout of the partner that was named.
    pub payout: String,
    /// A partner with a negative balance.
    pub debtor: String,
}

/// Pays the October commissions of a partner and of three others.
pub fn month(ledger: &mut Ledger, partner: &str, link_no: u32) -> Month {
    let now = ledger.now;
    let listing = ledger.listing("https://month.example");
    ledger.now = Timestamp::parse("2026-09-01T00:00:00Z").unwrap();
    let payer = json!({"name": "P", "payer": {"legal_name": "P", "iban": "DE89370400440532013000"}});
    assert_eq!(ledger.put("/v1/program", &payer).status, 200);
    let mut earners = vec![(partner.to_owned(), link_no)];
    for name in ["Pia", "Walt", "Dan"] {
        let other = ledger.partner(name, None);
        let (_, no) = ledger.link(&other, &listing);
        earners.push((other, no));
    }
    let mut sales = Vec::new();
    for (n, (_, link_no)) in earners.iter().enumerate() {
        let click = ledger.click(*link_no);
        sales.push(ledger.sale(&format!("month-{n}"), &click, 10_000).text("/id"));
    }
    let details = [
        json!({"method": "sepa", "legal_name": "A", "iban": "GB29NWBK60161331926819"}),
        json!({"method": "paypal", "legal_name": "P", "paypal_email": "p@example.com"}),
        json!({"method": "wise", "legal_name": "W", "wise_email": "w@example.com"}),
        json!({"method": "manual", "legal_name": "D"}),
    ];
    for ((owner, _), details) in earners.iter().zip(&details) {
        assert_eq!(ledger.put(&format!("/v1/partners/{owner}/payout-details"), details).status, 200);
    }
    ledger.now = now;
    let maker = ledger.key(&["payouts:write"], None);
    let run = |ledger: &mut Ledger, from: &str| {
        let body = json!({"period": {"from": from, "to": "2026-10-31"}}).to_string();
        let run = ledger.call(&maker, "POST", "/v1/payouts/runs", &body, None);
        assert_eq!(run.status, 201, "{}", run.raw.body);
        run.text("/id")
    };
    let approved = run(ledger, "2026-10-01");
    assert_eq!(ledger.post(&format!("/v1/payouts/runs/{approved}/approve"), &json!({})).status, 200);
    let open = ledger.get(&format!("/v1/payouts?run_id={approved}&status=open")).json;
    let of = |owner: &str| {
        let payout =
            open["data"].as_array().unwrap().iter().find(|payout| payout["partner_id"] == owner).unwrap();
        payout["id"].as_str().unwrap().to_owned()
    };
    let (payout, debtor) = (of(partner), earners[3].0.clone());
    let paid = json!({"reference": "b"});
    assert_eq!(ledger.post(&format!("/v1/payouts/{}/paid", of(&debtor)), &paid).status, 200);
    let refund = json!({"external_id": "month"});
    assert_eq!(ledger.post(&format!("/v1/conversions/{}/refunds", sales[3]), &refund).status, 201);
    let draft = run(ledger, "2026-10-02");
    assert_eq!(ledger.rows("payout_runs"), 2);
    Month { draft, approved, payout, debtor }
}
