//! AWS Marketplace, SaaS products. The customer's browser brings a token, which AWS resolves to a customer: the
//! install. Changes of the subscription are reported by signed SNS messages, or by an EventBridge API destination,
//! which is not signed. Amounts are available from the Agreement API only, which is queried when the operator's
//! scheduler asks.
//!
//! The account is the customer's AWS account. Agreements, licences and AWS's older customer identifiers are its other
//! names.
//!
//! Sources: AWS Marketplace seller guide (SaaS products, EventBridge events, concurrent agreements), API reference;
//! Amazon SNS and EventBridge developer guides.

mod api;
mod events;
mod invoices;
mod notice;
mod registration;

#[cfg(not(target_arch = "wasm32"))]
use super::adapter::MarketplaceDocs;
use super::{
    adapter::{
        Adapter, CallbackContext, CallbackOrigin, CallbackResponse, Kind, ParsedCallback, Proof, Unreadable,
        Verification, VerifyError,
    },
    vendor_api::VendorApi,
};
use crate::domain::programme::listing::Marketplace;
use async_trait::async_trait;

/// AWS Marketplace.
pub struct Aws;

const REGISTER: Kind = Kind { name: "register", methods: &["POST"], origin: CallbackOrigin::Browser };
const SNS: Kind = Kind { name: "sns", methods: &["POST"], origin: CallbackOrigin::Server };
const EVENTBRIDGE: Kind = Kind { name: "eventbridge", methods: &["POST"], origin: CallbackOrigin::Server };
const INVOICES: Kind = Kind { name: "invoices", methods: &["POST"], origin: CallbackOrigin::App };

#[async_trait(?Send)]
impl Adapter for Aws {
    fn marketplace(&self) -> Marketplace {
        Marketplace::Aws
    }

    fn kinds(&self) -> &'static [Kind] {
        &[REGISTER, SNS, EVENTBRIDGE, INVOICES]
    }

    fn secrets(&self) -> &'static [&'static str] {
        &["access_key_id", "secret_access_key", "eventbridge_secret", "poll_secret"]
    }

    fn settings(&self) -> &'static [&'static str] {
        &["product_code", "product_id", "topic_arns", "window_seconds", "account_id", "eventbridge_header"]
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn docs(&self) -> MarketplaceDocs {
        MarketplaceDocs {
            title: "AWS Marketplace",
            kinds: &[
                (
                    REGISTER.name,
                    "the product's fulfilment URL: the install. AWS resolves the registration token; the visitor's \
                     clicks are bound to the customer's AWS account, and the browser is redirected to `forward_to` \
                     with the form's fields as the query. The product resolves `x-amzn-marketplace-token` itself, as \
                     before (AWS does not document its lifetime; assume an hour), and must not trust any other field",
                ),
                (
                    SNS.name,
                    "an HTTPS endpoint for SNS, with raw message delivery off. Preferably use a topic of your own with \
                     `SignatureVersion` 2, to which a rule on the default bus in us-east-1 sends the source \
                     `aws.agreement-marketplace`; AWS's older topics of the product are accepted too. Signpost \
                     confirms the subscription itself, if the listing names the topic",
                ),
                (
                    EVENTBRIDGE.name,
                    "an API destination for the same events, if you do not want a topic. AWS does not sign it, so each \
                     event is checked with the Agreement API",
                ),
                (
                    INVOICES.name,
                    "called by your scheduler once a day for each agreement, with `Authorization: Bearer \
                     <poll_secret>` and `{\"agreement_id\": \"agmt-…\"}`: books what AWS has invoiced and refunded \
                     since. Repeating a call changes nothing; the response says how many entries count (`told`) and \
                     how many do not (`left_out`)",
                ),
            ],
            secrets: &[
                (
                    api::ACCESS_KEY_ID,
                    "the access key of the account that published the product, of a user that may only \
                     `aws-marketplace:ResolveCustomer`, `DescribeAgreement`, `ListAgreementInvoiceLineItems` and \
                     `ListBillingAdjustmentRequests`",
                ),
                (api::SECRET_ACCESS_KEY, "its secret; only the first value of both is used"),
                (
                    events::HEADER_SECRET,
                    "for `eventbridge`: the value of the header that the connection adds",
                ),
                (invoices::SECRET, "for `invoices`: the secret that your scheduler sends"),
            ],
            settings: &[
                (
                    "product_code",
                    "the product's code; tokens, licences and messages of other products are ignored",
                ),
                (
                    "product_id",
                    "`prod-…`, if the seller has several products: messages about agreements name none, so each \
                     agreement is looked up",
                ),
                ("topic_arns", "for `sns`: the full ARNs of the topics"),
                (
                    "window_seconds",
                    "for `sns`: the maximum age of a message instead of 65 minutes, if messages are redelivered from a \
                     dead-letter queue",
                ),
                (
                    "account_id",
                    "the seller's AWS account; required for `eventbridge`, and compared for `sns` if it is set",
                ),
                ("eventbridge_header", "for `eventbridge`: the name of that header"),
            ],
            proof: "`register`: AWS resolves the token to the customer and this product (`code_exchange`); SNS by an \
                    RSA signature (versions 1 and 2) under SNS's own certificate, from a topic that the listing names, \
                    within 65 minutes; `eventbridge` by a header and, if the access key permits it, by the Agreement \
                    API (`api_poll`, otherwise `transport_only`); `invoices` by the Agreement API (`api_poll`)",
            carrier: "the visitor's cookie, between the registration and `forward_to`; parameters on a link to a \
                      product page reach neither the registration nor the messages",
            ends: "an agreement that is `CANCELLED`, `EXPIRED`, `TERMINATED`, `ROLLED_BACK` or `ARCHIVED` ends the \
                   account and refunds nothing, because AWS gives money back by a billing adjustment, which \
                   `invoices` books as a refund. `RENEWED`, `REPLACED` and `SUPERSEDED` end nothing",
            unprocessed: "500, because SNS repeats messages for an hour, an API destination for a day, and a \
                          scheduler its call: a repetition is processed as soon as it can be read. A message that is \
                          no JSON, and an entry of an invoice list that cannot be read, are kept too and answered \
                          with success",
            limits: "AWS's messages contain no amounts and charge nobody. Amounts come from `invoices` or from the \
                     API, with `customer_id` `aws:<the customer's AWS account>`, but not from both. Amounts are \
                     before tax. A credit memo without a completed billing adjustment is skipped, because it does not \
                     name its invoice: the log says so, and you refund the conversion with the API. One call covers \
                     200 invoices and 50 adjustments of an agreement. A customer with several agreements is one \
                     account, whose status is that of the latest message. The end of a licence whose agreement was \
                     renewed or replaced counts as an end, unless the access key may read the agreement. The \
                     Agreement API does not return agreements that a channel partner closes, so the messages about \
                     their licences must suffice. AWS's older topics name customers by another identifier: their \
                     messages before the registration are not joined. If the purchase happens in another browser than \
                     the click, there is no cookie and no attribution",
        }
    }

    async fn verify<'a>(
        &self,
        context: &CallbackContext<'a>,
        api: &dyn VendorApi,
    ) -> Result<Verification<'a>, VerifyError> {
        match context.kind {
            REGISTER => registration::verify(context, api).await,
            SNS => events::verify_sns(context, api).await,
            EVENTBRIDGE => events::verify_destination(context, api).await,
            _ => invoices::verify(context, api).await,
        }
    }

    fn parse(&self, proof: &Proof<'_>, context: &CallbackContext<'_>) -> Result<ParsedCallback, Unreadable> {
        match context.kind {
            REGISTER => registration::parse(&proof.verified, context),
            INVOICES => invoices::parse(&proof.verified),
            _ => events::parse(proof, context),
        }
    }

    fn unprocessed(&self, _: Kind) -> Option<CallbackResponse> {
        Some(CallbackResponse::empty(500))
    }

    fn refused(&self, _: Kind) -> CallbackResponse {
        CallbackResponse::unauthorized()
    }
}
