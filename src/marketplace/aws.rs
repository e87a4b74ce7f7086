//! AWS Marketplace, SaaS products. The customer's browser brings a token, and AWS says whose it is: that is the install.
//! What becomes of the subscription is told over SNS, signed, or by an API destination of EventBridge, which signs nothing.
//! Money stands in the Agreement API alone, which is asked when the operator's scheduler says so.
//!
//! The account is the customer's AWS account; agreements, licences and AWS's older identifiers of customers lead to it.
//!
//! Sources: AWS Marketplace seller guide (SaaS products, EventBridge events, concurrent agreements), API reference; Amazon
//! SNS and EventBridge developer guides.

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

    #[cfg(not(target_arch = "wasm32"))]
    fn docs(&self) -> MarketplaceDocs {
        MarketplaceDocs {
            title: "AWS Marketplace",
            kinds: &[
                (
                    REGISTER.name,
                    "the product's fulfilment URL: the install. AWS says whose the registration token is; the visitor's \
                     clicks are bound to the customer's AWS account, and the browser goes on to `forward_to` with the form's \
                     fields as query. The product resolves `x-amzn-marketplace-token` itself, as it would have (AWS does not \
                     say for how long it lives; count on an hour), and believes no other field",
                ),
                (
                    SNS.name,
                    "HTTPS endpoint for SNS, with raw message delivery off. Best a topic of the seller's own with \
                     `SignatureVersion` 2, to which a rule on the default bus in us-east-1 sends the source \
                     `aws.agreement-marketplace`; AWS's older topics of the product are taken, too. The subscription is \
                     confirmed by itself, for a topic that the listing names",
                ),
                (
                    EVENTBRIDGE.name,
                    "an API destination for the same events, where no topic is wanted. AWS does not sign it, so each event is \
                     looked up in the Agreement API",
                ),
                (
                    INVOICES.name,
                    "asked by your scheduler, once a day for each agreement, with `Authorization: Bearer <poll_secret>` and \
                     `{\"agreement_id\": \"agmt-…\"}`: books what AWS has invoiced and given back since. Asking again changes \
                     nothing; the answer says how many entries count (`told`) and how many do not (`left_out`)",
                ),
            ],
            secrets: &[
                (
                    api::ACCESS_KEY_ID,
                    "access key of the account that published the product, for a user that may `aws-marketplace:ResolveCustomer`, \
                     `DescribeAgreement`, `ListAgreementInvoiceLineItems` and `ListBillingAdjustmentRequests`, and no more",
                ),
                (api::SECRET_ACCESS_KEY, "its secret; both are used in their first value"),
                (
                    events::HEADER_SECRET,
                    "for `eventbridge`: the value of the header that its connection adds",
                ),
                (invoices::SECRET, "for `invoices`: what your scheduler shows"),
            ],
            settings: &[
                (
                    "product_code",
                    "the product's code; tokens, licences and messages of other products do not count",
                ),
                (
                    "product_id",
                    "`prod-…`, if the seller has several products: messages about agreements name none, so each is looked up",
                ),
                ("topic_arns", "for `sns`: the topics, by their whole ARNs"),
                (
                    "window_seconds",
                    "for `sns`: how old a message may be, instead of 65 minutes, if messages are sent again from a dead-letter queue",
                ),
                (
                    "account_id",
                    "the seller's AWS account; `eventbridge` needs it, `sns` compares it if it is set",
                ),
                ("eventbridge_header", "for `eventbridge`: the name of that header"),
            ],
            proof: "`register`: AWS takes the token and names the customer and this product (`code_exchange`); SNS by RSA \
                    signature (versions 1 and 2) under SNS's own certificate, from a topic that the listing names, within 65 \
                    minutes; `eventbridge` by a header and, where the access key may ask, by what the Agreement API says \
                    (`api_poll`, else `transport_only`); `invoices` by what the Agreement API says (`api_poll`)",
            carrier: "the visitor's cookie on the way to `forward_to`; nothing that stands on a link to a product page comes \
                      through to the registration or to a message",
            limits: "AWS's messages tell no amounts, and nobody is charged by them: money comes in by `invoices` or by the \
                     API, with `customer_id` `aws:<the customer's AWS account>`, not by both; amounts are before tax; an \
                     amount with parts of the smallest coin is left out, and so is a credit memo that no completed billing \
                     adjustment explains, because it does not say which invoice it takes back: the log says so, and you refund \
                     the conversion by the API; one question covers 200 invoices and 50 adjustments of an agreement; a \
                     customer with several agreements is one account, whose state is what was told last; the end of a licence \
                     under an agreement that was renewed or replaced counts as an end, unless the access key may look the \
                     agreement up; agreements that \
                     a channel partner closes are not told by the Agreement API, so the messages about their licences must do; \
                     AWS's older topics name customers by another identifier: what they tell before the registration stands \
                     alone; purchasing may happen in another browser than the click: then there is no cookie and no credit",
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

    fn refused(&self, _: Kind) -> CallbackResponse {
        CallbackResponse::unauthorized()
    }
}
