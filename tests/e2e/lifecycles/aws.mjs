// A customer of AWS Marketplace: the registration form's token, events through the seller's SNS topic, and invoices
// from the Agreement API (AWS Marketplace user guide and API reference; SNS developer guide for the signatures).
import assert from "node:assert/strict";
import { certificate, minutes, rsa, seconds } from "../support/signers.mjs";

const TOPIC = "arn:aws:sns:us-east-1:993604559884:aws-marketplace-agreement-events";
const SNS = "https://sns.us-east-1.amazonaws.com/";
const CERTIFICATE = `${SNS}SimpleNotificationService-9c6465fa7f48f5cacd23014631ec1136.pem`;
const SELLER = "993604559884";
const BUYER = "782858285006";
const AGREEMENT = "agmt-2nehijlqfz9g7f2v6imgyjhmu";
const PRODUCT = "74az0btybm649octamy0sktos";
const OFFER = "offer-uovnpk2f6jq7s";
const LICENSE = "l-e52ca6f38bf84d0fafb8802ca15ac11f";
const key = rsa("sns");
const published = certificate(key.privateKey);

/** The form that a buyer's browser posts to the fulfilment URL for AWS. */
export const registration = () => ({ "x-amzn-marketplace-token": "a+token/of=", "x-amzn-marketplace-offer-type": "free-trial" });

const APIS = {
  "AWSMPMeteringService.ResolveCustomer": ({ RegistrationToken }) => {
    assert.equal(RegistrationToken, "a+token/of=");
    return {
      ProductCode: PRODUCT, CustomerAWSAccountId: BUYER, CustomerIdentifier: "X01EXAMPLEX",
      LicenseArn: `arn:aws:license-manager::294406891311:license:${LICENSE}`, Metadata: { AgreementId: AGREEMENT },
    };
  },
  "AWSMPCommerceService_v20200301.DescribeAgreement": () => ({
    agreementId: AGREEMENT, acceptor: { accountId: BUYER }, status: "CANCELLED", proposalSummary: { offerId: OFFER, resources: [] },
  }),
  "AWSMPCommerceService_v20200301.ListAgreementInvoiceLineItems": () => ({
    agreementInvoiceLineItemGroupSummaries: [{
      agreementId: AGREEMENT, invoiceId: "i-1", invoiceType: "INVOICE", issuedTime: seconds(7_200),
      pricingCurrencyAmount: { amount: "1200.50", maxAdjustmentAmount: "1200.50", currencyCode: "USD" },
      invoicingEntity: { legalName: "AWS Inc." }, invoiceBillingPeriod: { month: 11, year: 2026 },
    }],
  }),
  "AWSMPCommerceService_v20200301.ListBillingAdjustmentRequests": () => ({
    items: [{
      billingAdjustmentRequestId: "ba-1", originalInvoiceId: "i-1", adjustmentAmount: "200.5", currencyCode: "USD",
      status: "COMPLETED", agreementId: AGREEMENT, createdAt: seconds(7_300), updatedAt: seconds(7_400),
    }],
  }),
};

async function vendor(request) {
  if (request.url === CERTIFICATE) return new Response(published);
  if (request.url.startsWith(SNS)) {
    assert.equal(request.url, `${SNS}?Action=ConfirmSubscription&TopicArn=${encodeURIComponent(TOPIC)}&Token=2336412f37`);
    return new Response("<ConfirmSubscriptionResponse/>", { headers: { "content-type": "text/xml" } });
  }
  assert.match(request.url, /^https:\/\/(metering|agreement)[a-z-]*\.(marketplace\.)?us-east-1\.amazonaws\.com\/$/);
  assert.match(request.headers.get("authorization"), /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/us-east-1\/aws-marketplace\/aws4_request, /);
  const result = APIS[request.headers.get("x-amz-target")](await request.json());
  return Response.json(result);
}

/** Returns a signed SNS message. The signature covers names and values, each on a line, ordered by name. */
function sns(type, id, message, version) {
  const members = {
    Message: message, MessageId: id,
    ...(type === "Notification" ? {} : { SubscribeURL: "https://evil.example/?Action=ConfirmSubscription" }),
    Timestamp: new Date().toISOString(),
    ...(type === "Notification" ? {} : { Token: "2336412f37" }),
    TopicArn: TOPIC, Type: type,
  };
  const text = Object.entries(members).map(([name, value]) => `${name}\n${value}\n`).join("");
  const signature = key.sign(text, version === "1" ? "SHA1" : "SHA256").toString("base64");
  return JSON.stringify({ ...members, SignatureVersion: version, Signature: signature, SigningCertURL: CERTIFICATE });
}

const post = (scenario, body) => async () => {
  const { status } = await scenario.callback("sns", { method: "POST", body: body(), headers: { "content-type": "text/plain; charset=UTF-8" } });
  assert.equal(status, 200);
};

/** Returns a step that sends an EventBridge event about the agreement through the topic. */
function event(scenario, number, detailType, agreement, version = "2") {
  const detail = {
    requestId: "40d82a8d", catalog: "AWSMarketplace", agreement: { id: AGREEMENT, ...agreement }, acceptor: { accountId: BUYER },
    proposer: { accountId: SELLER }, offer: { id: OFFER },
    ...(detailType.startsWith("License") && {
      product: { id: "prod-example", code: PRODUCT }, license: { arn: `arn:aws:license-manager:us-east-1:${SELLER}:${LICENSE}` },
    }),
  };
  const message = JSON.stringify({
    version: "0", id: `84a4f48b-44a8-0b77-c2a7-00000000000${number}`, "detail-type": detailType, source: "aws.agreement-marketplace",
    account: SELLER, time: minutes(number), region: "us-east-1", resources: [], detail,
  });
  return post(scenario, () => sns("Notification", `m-${number}`, message, version));
}

export default {
  marketplace: "aws",
  settings: { product_code: PRODUCT, topic_arns: [TOPIC], account_id: SELLER },
  secrets: { access_key_id: "AKIDEXAMPLE", secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", poll_secret: "poll-0001" },
  vendor,
  steps: (scenario) => ({
    subscribed: post(scenario, () => sns("SubscriptionConfirmation", "m-0", "You have chosen to subscribe", "1")),
    async registered() {
      const product = await scenario.through(await scenario.form("register", registration()));
      assert.equal(product.search, `?plan=pro&${new URLSearchParams(registration())}`);
    },
    created: event(scenario, 1, "Purchase Agreement Created - Proposer", { intent: "NEW", status: "ACTIVE" }),
    createdAsManufacturer: event(scenario, 1, "Purchase Agreement Created - Manufacturer", { intent: "NEW", status: "ACTIVE" }, "1"),
    licensed: event(scenario, 2, "License Updated - Manufacturer", {}),
    amended: event(scenario, 3, "Purchase Agreement Amended - Proposer", { intent: "AMEND", status: "ACTIVE" }),
    async billed() {
      const response = await scenario.post("invoices", { agreement_id: AGREEMENT }, { authorization: "Bearer poll-0001" });
      assert.deepEqual([response.status, await response.json()], [200, { complete: true, left_out: 0, told: 2 }]);
    },
    ended: event(scenario, 4, "Purchase Agreement Ended - Proposer", { status: "CANCELLED" }),
  }),
  ends: {
    conversions: [
      `install install:${BUYER} of aws:${BUYER}; attributed`,
      `sale invoice:${AGREEMENT}:i-1 of aws:${BUYER}; api_poll, attributed; 120050 USD, refunded 20050; earns 24010, 4010`,
      `uninstall ended:${AGREEMENT} of aws:${BUYER}; signed, attributed`,
    ],
    balances: ["USD: pending 20000, payable 0, reversed 4010"],
    accounts: [`${BUYER}: uninstalled, ${OFFER}`],
  },
};
