//! Examples of payouts.

use super::Recorder;
use serde_json::json;
use signpost::api::operation::Operation;

/// Pays a month: one key creates the run and another approves it.
pub fn record(it: &mut Recorder, partner: &str) {
    use Operation as Op;
    let details = json!({
        "method": "sepa", "legal_name": "Ada Lovelace", "iban": "GB29NWBK60161331926819", "tax_id": "GB999999973",
        "address": { "street": "St James's Square 12", "city": "London", "country": "GB" },
    });
    let path = format!("/v1/partners/{partner}/payout-details");
    assert_eq!(it.send(Op::SetPayoutDetails, "PUT", &path, Some(details)).status, 200);
    it.get(Op::GetPayoutDetails, &path);
    // The hold of November's sales ends in December, so the run of December pays them in January.
    it.ledger.wait(45 * 86_400_000);
    let rates = json!({ "rates": [{ "date": "2026-12-31", "from": "USD", "to": "EUR", "rate": "0.9231" }] });
    assert_eq!(it.send(Op::SetRates, "PUT", "/v1/fx", Some(rates)).status, 200);
    it.get(Op::ListRates, "/v1/fx");
    let maker = it.ledger.key(&["payouts:write"], None);
    let period = json!({ "from": "2026-12-01", "to": "2026-12-31" });
    let run = json!({ "period": period, "minimum": { "amount": 500, "currency": "EUR" } });
    let made = it.ledger.call(&maker, "POST", "/v1/payouts/runs", &run.to_string(), None);
    assert_eq!(made.status, 201, "{}", made.raw.body);
    it.examples.insert(Op::CreateRun.id().to_owned(), json!({ "request": run, "answer": made.json }));
    let another = json!({ "period": period, "minimum": { "amount": 900, "currency": "EUR" } });
    it.refuse(Op::CreateRun, "/v1/payouts/runs", another);
    let run = made.text("/id");
    let path = format!("/v1/payouts/runs/{run}");
    assert_eq!(it.ledger.call(&maker, "POST", &format!("{path}/refresh"), "", None).status, 200);
    assert_eq!(it.send(Op::ApproveRun, "POST", &format!("{path}/approve"), None).status, 200);
    it.refuse(Op::CancelRun, &format!("{path}/cancel"), json!({}));
    it.get(Op::GetRun, &path);
    it.get(Op::ListRuns, "/v1/payouts/runs");
    it.get(Op::ListPayouts, &format!("/v1/payouts?run_id={run}&status=open"));
    let payout = it.examples[Op::ListPayouts.id()]["answer"]["data"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/payouts/{payout}");
    let paid = Some(json!({ "reference": "2027-01-07/000017" }));
    assert_eq!(it.send(Op::PayPayout, "POST", &format!("{path}/paid"), paid).status, 200);
    it.refuse(Op::PayPayout, &format!("{path}/paid"), json!({ "reference": "2027-01-07/000018" }));
    it.get(Op::GetPayout, &path);
    it.get(Op::ListPayoutItems, &format!("{path}/items"));
    it.get(Op::GetStatement, &format!("{path}/statement.json"));
    it.get(Op::GetTrialBalance, "/v1/ledger/trial-balance");
    let refunds = format!(
        "/v1/conversions/{}/refunds",
        it.examples["createConversion"]["answer"]["id"].as_str().unwrap()
    );
    it.ledger.post(&refunds, &json!({ "external_id": "refund-3" }));
    let commission = it.examples["listCommissions"]["answer"]["data"][0]["id"].as_str().unwrap().to_owned();
    it.get(Op::GetHistory, &format!("/v1/commissions/{commission}/history"));
    let forgive = json!({ "currency": "EUR", "note": "The partner has closed its business" });
    it.post(Op::WriteOff, &format!("/v1/partners/{partner}/write-off"), forgive.clone());
    it.refuse(Op::WriteOff, &format!("/v1/partners/{partner}/write-off"), forgive);
    // Weeks later the bank returns the payment.
    let returned = Some(json!({ "reason": "AC04: the account is closed", "fee": 350 }));
    assert_eq!(
        it.send(Op::FailPayout, "POST", &format!("/v1/payouts/{payout}/failed"), returned).status,
        200
    );
}
