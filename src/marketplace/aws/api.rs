//! Calls to AWS Marketplace's APIs, signed with the seller's access key. All of them are in one region, whatever the
//! customer's region is.
//!
//! Sources: AWS Marketplace API reference (Metering, Agreements); botocore 1.44.5 for targets and names for signing.

use super::super::{
    adapter::{CallbackContext, Listing, VerifyError},
    signature::{
        Refusal,
        platforms::sigv4::{AccessKey, MARKETPLACE_SERVICE, Scope, Unsigned, sign},
    },
    vendor_api::{VendorApi, VendorRequest, VendorResponse},
};
use serde_json::Value as Json;

/// The name of the secret with the access key id.
pub const ACCESS_KEY_ID: &str = "access_key_id";
/// The name of the secret with the secret access key.
pub const SECRET_ACCESS_KEY: &str = "secret_access_key";

const REGION: &str = "us-east-1";

/// One of AWS Marketplace's APIs.
pub struct Api {
    url: &'static str,
    media_type: &'static str,
    /// The prefix of its operations in `x-amz-target`.
    prefix: &'static str,
}

/// Resolves registration tokens.
pub const METERING: Api = Api {
    url: "https://metering.marketplace.us-east-1.amazonaws.com/",
    media_type: "application/x-amz-json-1.1",
    prefix: "AWSMPMeteringService",
};

/// Agreements, and what was billed under them.
pub const AGREEMENTS: Api = Api {
    url: "https://agreement-marketplace.us-east-1.amazonaws.com/",
    media_type: "application/x-amz-json-1.0",
    prefix: "AWSMPCommerceService_v20200301",
};

/// The seller's access key; a listing without one cannot call the APIs.
pub fn access_key<'l>(listing: &'l Listing) -> Result<AccessKey<'l>, Refusal> {
    let secret = |name| {
        let values = listing.secret(name);
        values.into_iter().next().filter(|value| !value.is_empty()).ok_or(Refusal::NotConfigured)
    };
    Ok(AccessKey { id: secret(ACCESS_KEY_ID)?, secret: secret(SECRET_ACCESS_KEY)?, session_token: None })
}

/// Calls an operation of one of the APIs, signed at the current time.
pub async fn call(
    listing: &Listing,
    vendor: &dyn VendorApi,
    api: &Api,
    operation: &str,
    body: &Json,
) -> Result<VendorResponse, VerifyError> {
    let key = access_key(listing)?;
    let (target, body) = (format!("{}.{operation}", api.prefix), body.to_string());
    let headers = [("content-type", api.media_type), ("x-amz-target", target.as_str())];
    let unsigned = Unsigned { method: "POST", url: api.url, headers: &headers, body: body.as_bytes() };
    let scope = Scope { region: REGION, service: MARKETPLACE_SERVICE };
    let signature = sign(&unsigned, key, scope, vendor.now()).map_err(|_| Refusal::NotConfigured)?;
    let mut headers = vec![("content-type", api.media_type.to_owned()), ("x-amz-target", target.clone())];
    headers.extend(signature);
    let request = VendorRequest { method: "POST", url: api.url.to_owned(), headers, body, cache_ttl_s: 0 };
    Ok(vendor.send(&request).await?)
}

/// The text at a JSON pointer; `None` if it is empty.
pub fn text<'j>(json: &'j Json, pointer: &str) -> Option<&'j str> {
    json.pointer(pointer).and_then(Json::as_str).filter(|text| !text.is_empty())
}

/// Whether an agreement, as `DescribeAgreement` returns it, is about one of the listing's products. A listing without
/// `product_id` accepts any product.
pub fn is_ours(agreement: &Json, context: &CallbackContext<'_>) -> bool {
    let ours = context.listing.texts("product_id");
    let resources = agreement.pointer("/proposalSummary/resources").and_then(Json::as_array);
    let mut ids = resources.into_iter().flatten().filter_map(|resource| text(resource, "/id"));
    ours.is_empty() || ids.any(|id| ours.iter().any(|our| our == id))
}
