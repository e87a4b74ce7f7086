//! AWS Marketplace's money: what the Agreement API reports as billed and refunded is booked exactly once.

use super::fake_vendor::VendorResult;
use super::{
    TestCallback, World,
    aws::{AGREEMENT, BUYER, PRODUCT, PRODUCT_ID, VendorCase, error, ok, secrets, settings, world_with},
};
use serde_json::{Value as Json, json};
use signpost::marketplace::vendor_api::{VendorError, VendorRequest};

fn poll(secret: &str, body: &Json) -> TestCallback {
    let headers = vec![("authorization".to_owned(), format!("Bearer {secret}"))];
    TestCallback { method: "POST", kind: "invoices", rest: String::new(), headers, body: body.to_string() }
}

fn asked() -> TestCallback {
    poll("poll-secret-0001", &json!({"agreement_id": AGREEMENT}))
}

fn invoice(id: &str, kind: &str, amount: &str, currency: &str) -> Json {
    json!({"agreementId": AGREEMENT, "invoiceId": id, "invoiceType": kind, "issuedTime": 1.7953e9,
        "pricingCurrencyAmount": {"amount": amount, "maxAdjustmentAmount": amount, "currencyCode": currency},
        "invoiceBillingPeriod": {"month": 11, "year": 2026}, "invoicingEntity": {"legalName": "AWS Inc."}})
}

fn adjustment(id: &str, invoice: &str, amount: &str, status: &str) -> Json {
    json!({"billingAdjustmentRequestId": id, "originalInvoiceId": invoice, "adjustmentAmount": amount,
        "currencyCode": "USD", "status": status, "agreementId": AGREEMENT, "createdAt": 1_795_300_100,
        "updatedAt": 1_795_300_200, "agreementType": "PurchaseAgreement", "catalog": "AWSMarketplace"})
}

/// AWS's response to an operation.
fn answer(request: &VendorRequest, adjustments: &[Json], invoices: &[Json]) -> VendorResult {
    let target = &request.headers.iter().find(|(name, _)| *name == "x-amz-target").unwrap().1;
    let body: Json = serde_json::from_str(&request.body).unwrap();
    assert_eq!(body["agreementId"], AGREEMENT);
    match target.rsplit_once('.').unwrap().1 {
        "ResolveCustomer" => ok(&json!({"ProductCode": PRODUCT, "CustomerAWSAccountId": BUYER})),
        "DescribeAgreement" => {
            ok(&json!({"agreementId": AGREEMENT, "acceptor": {"accountId": BUYER}, "status": "ACTIVE",
            "proposalSummary": {"offerId": "offer-1", "resources": [{"id": PRODUCT_ID}]}}))
        }
        "ListBillingAdjustmentRequests" => {
            assert_eq!(body["status"], "COMPLETED");
            ok(&json!({"items": adjustments}))
        }
        "ListAgreementInvoiceLineItems" => {
            assert_eq!(body["groupBy"], "INVOICE_ID");
            ok(&json!({"agreementInvoiceLineItemGroupSummaries": invoices, "nextToken": null}))
        }
        other => panic!("{other}"),
    }
}

fn billed(request: &VendorRequest) -> VendorResult {
    answer(request, &[], &[invoice("i-1", "INVOICE", "1200.50", "USD")])
}

fn refunded(request: &VendorRequest) -> VendorResult {
    let adjustments =
        [adjustment("ba-1", "i-1", "200.5", "COMPLETED"), adjustment("ba-2", "i-1", "1", "PENDING")];
    let invoices = [
        invoice("i-1", "INVOICE", "1200.50", "USD"),
        invoice("i-2", "CREDIT_MEMO", "-200.50", "USD"),
        invoice("i-3", "INVOICE", "90.0000", "USD"),
    ];
    answer(request, &adjustments, &invoices)
}

fn world() -> World {
    world_with(&settings(), &secrets())
}

fn with_customer(mut world: World) -> World {
    world.ledger.wait(-86_400_000);
    let click = world.ledger.click(world.link_no);
    world.ledger.wait(3_600_000);
    let sale = json!({"type": "lead", "external_id": "lead-1", "customer_id": format!("aws:{BUYER}"), "click_id": click});
    assert_eq!(world.ledger.post("/v1/conversions", &sale).status, 201);
    world.ledger.wait(82_800_000);
    world
}

#[test]
fn what_aws_billed_and_gave_back_is_booked_once() {
    let mut world = with_customer(world());
    world.vendor.responds = billed;
    let answer = world.receive(&asked());
    assert_eq!((answer.status, answer.body.as_str()), (200, r#"{"complete":true,"left_out":0,"told":1}"#));
    let balances = |world: &mut World| world.ledger.get("/v1/balances").json["data"][0]["pending"].take();
    // A fifth of it.
    assert_eq!(balances(&mut world), 24_010);
    assert_eq!(world.refused("asked again", &asked()), 200);
    world.vendor.responds = refunded;
    assert_eq!(world.receive(&asked()).body, r#"{"complete":true,"left_out":0,"told":3}"#);
    assert_eq!(balances(&mut world), 20_000 + 1_800);
    assert_eq!(world.refused("asked again", &asked()), 200);
    assert_eq!(world.logged, [""; 0]);
    let outcome = world.outcome();
    let sales: Vec<_> =
        outcome["conversions"].as_array().unwrap().iter().filter(|it| it["type"] == "sale").collect();
    let [first, second] = sales.as_slice() else { panic!("{sales:?}") };
    assert_eq!(first["external_id"], format!("{}/invoice:{AGREEMENT}:i-1", world.listing));
    assert_eq!(
        (&first["amount"], &first["refunded"], &first["currency"]),
        (&json!(120_050), &json!(20_050), &json!("USD"))
    );
    assert_eq!(first["occurred_at"], "2026-11-21T22:26:40.000Z");
    assert_eq!(first["customer_id"], format!("aws:{BUYER}"));
    assert_eq!(first["metadata"], json!({"marketplace": "aws", "evidence": "api_poll", "plan": "offer-1"}));
    assert_eq!((&second["amount"], &second["refunded"]), (&json!(9_000), &json!(0)));
    // A single query produces the same result.
    let mut at_once = with_customer(self::world());
    at_once.vendor.responds = refunded;
    assert_eq!(at_once.receive(&asked()).status, 200);
    assert_eq!(at_once.outcome(), outcome);
}

#[test]
fn an_adjustment_that_is_told_before_its_invoice_waits_for_it() {
    let mut world = with_customer(world());
    world.vendor.responds =
        |request| answer(request, &[adjustment("ba-1", "i-1", "200.50", "COMPLETED")], &[]);
    assert_eq!(world.receive(&asked()).body, r#"{"complete":true,"left_out":0,"told":1}"#);
    assert_eq!(world.ledger.rows("waiting_refunds"), 1);
    world.vendor.responds = refunded;
    assert_eq!(world.receive(&asked()).status, 200);
    let sales = world.outcome()["conversions"].clone();
    let first = sales.as_array().unwrap().iter().find(|it| it["amount"] == 120_050).unwrap().clone();
    assert_eq!(first["refunded"], 20_050);
}

#[test]
fn what_is_no_amount_or_names_no_invoice_is_left_out_and_said_and_parts_of_a_cent_are_rounded() {
    let mut world = with_customer(world());
    world.vendor.responds = |request| {
        let invoices = [
            invoice("i-1", "INVOICE", "12.345", "USD"),
            invoice("i-2", "INVOICE", "-1.00", "USD"),
            invoice("i-3", "INVOICE", "1", "US"),
            invoice("i-4", "INVOICE", "0.00", "USD"),
            invoice("i-5", "INVOICE", "990", "JPY"),
            invoice("i-5", "INVOICE", "991", "JPY"),
            invoice("i-6", "CREDIT_MEMO", "3.00", "USD"),
            invoice("i-7", "DANCE", "3.00", "USD"),
        ];
        answer(request, &[], &invoices)
    };
    assert_eq!(world.receive(&asked()).body, r#"{"complete":true,"left_out":4,"told":2}"#);
    let case = format!(
        "a callback of {}, aws invoices, was taken in part: 4 entries do not count (the last: it is not an invoice), 1 credit \
         memos come from no billing adjustment",
        world.listing
    );
    assert_eq!(world.logged, [case]);
    let sales = world.ledger.get("/v1/conversions").json;
    let amounts: Vec<_> = sales["data"].as_array().unwrap().iter().map(|it| &it["amount"]).collect();
    assert_eq!(amounts, [&json!(990), &json!(1_235), &Json::Null], "behind them the lead");
    assert_eq!(sales["data"][1]["metadata"]["amount"], "rounded");
    world.ledger.audit();
}

#[test]
fn pages_are_turned_as_far_as_one_question_goes() {
    let mut world = with_customer(world());
    world.vendor.responds = |request| {
        let first = answer(request, &[], &[]);
        let body: Json = serde_json::from_str(&request.body).unwrap();
        if body["groupBy"].is_null() {
            return first;
        }
        let page = body["nextToken"].as_str().map_or(1, |token| token.parse::<u32>().unwrap() + 1);
        let invoices = [invoice(&format!("i-{page}"), "INVOICE", "10", "USD")];
        ok(&json!({"agreementInvoiceLineItemGroupSummaries": invoices, "nextToken": page.to_string()}))
    };
    assert_eq!(world.receive(&asked()).body, r#"{"complete":false,"left_out":0,"told":4}"#);
    assert_eq!(world.requests.len(), 6);
    assert!(
        world.logged[0].ends_with("adjustment, and there is more than was asked for"),
        "{:?}",
        world.logged
    );
    assert_eq!(world.ledger.get("/v1/balances").json["data"][0]["pending"], 800);
}

#[test]
fn only_the_scheduler_asks_and_only_aws_answers() {
    let mut nobody = world();
    nobody.vendor.responds = |request| panic!("nobody asks {request:?}");
    for (case, callback) in [
        ("a wrong secret", poll("poll-secret-0002", &json!({"agreement_id": AGREEMENT}))),
        ("no secret", TestCallback { headers: vec![], ..asked() }),
        ("no agreement", poll("poll-secret-0001", &json!({}))),
    ] {
        assert_eq!(nobody.refused(case, &callback), 401, "{case}");
    }
    let cases: [VendorCase; 5] = [
        ("no such agreement", |_| error("ResourceNotFoundException"), 401),
        (
            "another agreement",
            |_| ok(&json!({"agreementId": "agmt-1", "acceptor": {"accountId": BUYER}})),
            401,
        ),
        ("too many", |_| error("ThrottlingException"), 503),
        (
            "a key that may not",
            |request| match request.body.contains("INVOICE_ID") {
                true => error("AccessDeniedException"),
                false => billed(request),
            },
            401,
        ),
        (
            "nothing",
            |request| match request.body.contains("COMPLETED") {
                true => Err(VendorError::NoResponse),
                false => billed(request),
            },
            503,
        ),
    ];
    for (case, vendor, status) in cases {
        let mut world = world();
        world.vendor.responds = vendor;
        assert_eq!(world.refused(case, &asked()), status, "{case}");
    }
    let mut settings = settings();
    settings["product_id"] = json!("prod-another");
    let mut other = world_with(&settings, &secrets());
    other.vendor.responds = billed;
    assert_eq!(other.refused("another product", &asked()), 401);
}
