//! Calls to AWS Marketplace's APIs, signed with the seller's access key. All of them stand in one region, whatever the
//! customer's.
//!
//! Sources: AWS Marketplace API reference (Metering, Agreements); botocore 1.44.5 for targets and names for signing.

use super::super::{
    adapter::Arrival,
    outgoing::Request,
    signature::{
        Refusal,
        platforms::sigv4::{AccessKey, MARKETPLACE_SERVICE, Scope, Unsigned, sign},
    },
};
use serde_json::Value as Json;

/// The secret with the id of the access key.
pub const ACCESS_KEY_ID: &str = "access_key_id";
/// The secret with the access key itself.
pub const SECRET_ACCESS_KEY: &str = "secret_access_key";

const REGION: &str = "us-east-1";

/// An API of AWS Marketplace's.
pub struct Api {
    url: &'static str,
    media_type: &'static str,
    /// What the names of its operations begin with.
    prefix: &'static str,
}

/// Who a registration token is.
pub const METERING: Api = Api {
    url: "https://metering.marketplace.us-east-1.amazonaws.com/",
    media_type: "application/x-amz-json-1.1",
    prefix: "AWSMPMeteringService",
};

/// Agreements and what was billed under them.
pub const AGREEMENTS: Api = Api {
    url: "https://agreement-marketplace.us-east-1.amazonaws.com/",
    media_type: "application/x-amz-json-1.0",
    prefix: "AWSMPCommerceService_v20200301",
};

/// A call of an operation. A listing without an access key cannot ask.
pub fn request(arrival: &Arrival<'_>, api: &Api, operation: &str, body: &Json) -> Result<Request, Refusal> {
    let secret = |name| {
        let values = arrival.listing.secret(name);
        values.into_iter().next().filter(|value| !value.is_empty()).ok_or(Refusal::NotConfigured)
    };
    let key =
        AccessKey { id: secret(ACCESS_KEY_ID)?, secret: secret(SECRET_ACCESS_KEY)?, session_token: None };
    let (target, body) = (format!("{}.{operation}", api.prefix), body.to_string());
    let headers = [("content-type", api.media_type), ("x-amz-target", target.as_str())];
    let unsigned = Unsigned { method: "POST", url: api.url, headers: &headers, body: body.as_bytes() };
    let scope = Scope { region: REGION, service: MARKETPLACE_SERVICE };
    let signature = sign(&unsigned, key, scope, arrival.now).map_err(|_| Refusal::NotConfigured)?;
    let mut headers = vec![("content-type", api.media_type.to_owned()), ("x-amz-target", target.clone())];
    headers.extend(signature);
    Ok(Request { method: "POST", url: api.url.to_owned(), headers, body, keep_s: 0 })
}

/// A text at a JSON pointer; nothing if it is empty.
pub fn text<'j>(json: &'j Json, pointer: &str) -> Option<&'j str> {
    json.pointer(pointer).and_then(Json::as_str).filter(|text| !text.is_empty())
}

/// Whether an agreement, as `DescribeAgreement` tells it, is about one of the listing's products; about any if the
/// listing names none.
pub fn is_ours(agreement: &Json, arrival: &Arrival<'_>) -> bool {
    let ours = arrival.listing.texts("product_id");
    let resources = agreement.pointer("/proposalSummary/resources").and_then(Json::as_array);
    let mut ids = resources.into_iter().flatten().filter_map(|resource| text(resource, "/id"));
    ours.is_empty() || ids.any(|id| ours.iter().any(|our| our == id))
}
