//! Salesforce AppExchange. There are two callers: the operator's License Management Org sends unsigned outbound
//! messages about licences, and the Canvas app opens in a frame with a signed request.
//!
//! Outbound messages are not signed, so their events are hints (`Evidence::UnsignedBound`) without amounts, and move no
//! money.
//!
//! Sources: Salesforce, "Outbound Messaging" (SOAP API), "Canvas Request Object"; License Management App, fields of
//! `sfLma__License__c`. A repeated message contains the record as it is by then, so an intermediate state may never be
//! seen. Therefore each message is parsed by itself.

#[cfg(not(target_arch = "wasm32"))]
use super::adapter::MarketplaceDocs;
use super::{
    adapter::{
        Adapter, CallbackContext, CallbackOrigin, CallbackResponse, Kind, ParsedCallback, Proof, Reply,
        Unreadable, Verification, VerifyError, unreadable,
    },
    event::{Event, EventKind, Evidence},
    payload,
    signature::{Parameters, Scheme, Verified},
    vendor_api::VendorApi,
};
use crate::domain::{programme::listing::Marketplace, values::time::Timestamp};
use async_trait::async_trait;
use roxmltree::{Document, Node};
use serde::Deserialize;

/// Salesforce AppExchange.
pub struct Salesforce;

const ENVELOPE: &str = "http://schemas.xmlsoap.org/soap/envelope/";
const OUTBOUND: &str = "http://soap.sforce.com/2005/09/outbound";
const SCHEMA_INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";
/// Salesforce repeats a message for up to 24 hours until it gets this response with status 200.
const ACKNOWLEDGED: &str = concat!(
    r#"<?xml version="1.0" encoding="UTF-8"?>"#,
    r#"<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>"#,
    r#"<notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound"><Ack>true</Ack></notificationsResponse>"#,
    r#"</soapenv:Body></soapenv:Envelope>"#
);
/// Where Salesforce frames a Canvas app.
const FRAME_ANCESTORS: &str = "https://*.salesforce.com https://*.force.com https://*.lightning.force.com";
/// The length of an id without its checksum: licences use 15 characters, Canvas 18.
const ID_WITHOUT_CHECKSUM: usize = 15;
/// The fields with the plan, unless the setting `plan_field` names another.
const PLAN_FIELDS: [&str; 2] = ["sfLma__Version_Number__c", "sfLma__Package_Version__c"];

/// The fields of a signed request that are read. `issuedAt` is not a usable time: real requests have negative values.
#[derive(Deserialize)]
struct CanvasRequest {
    context: Context,
}

#[derive(Deserialize)]
struct Context {
    organization: Organization,
}

#[derive(Deserialize)]
struct Organization {
    #[serde(rename = "organizationId")]
    id: String,
}

/// The organisation: the case-sensitive characters that both forms of its id share.
fn account(organization_id: &str) -> Result<&str, Unreadable> {
    let is_id = matches!(organization_id.len(), 15 | 18)
        && organization_id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let id = organization_id.get(..ID_WITHOUT_CHECKSUM).filter(|_| is_id);
    id.ok_or_else(|| unreadable("the organisation's id is not of 15 or 18 letters and digits"))
}

/// The text of the only child of that name, in any namespace (the enterprise and the partner schema have different
/// ones). `None` if it is absent, empty or `xsi:nil`. Two children of that name, or a child with elements, are refused,
/// because parsers differ in how they read them.
fn field<'a>(parent: Node<'a, '_>, name: &str) -> Result<Option<&'a str>, Unreadable> {
    let mut found = parent.children().filter(|child| child.is_element() && child.tag_name().name() == name);
    let (Some(element), None) = (found.next(), found.next()) else {
        let is_there = parent.children().any(|child| child.tag_name().name() == name);
        return if is_there { Err(unreadable(format!("{name} occurs twice"))) } else { Ok(None) };
    };
    let mut inside = element.children();
    match (inside.next(), inside.next()) {
        (None, _) => Ok(None),
        (Some(text), None) if text.is_text() => {
            Ok(text.text().map(str::trim).filter(|text| !text.is_empty()))
        }
        _ => Err(unreadable(format!("{name} is not a text"))),
    }
}

fn required<'a>(parent: Node<'a, '_>, name: &str) -> Result<&'a str, Unreadable> {
    field(parent, name)?
        .ok_or_else(|| unreadable(format!("{name} is missing: select it in the outbound message")))
}

fn time(name: &str, text: &str) -> Result<Timestamp, Unreadable> {
    Timestamp::parse(text)
        .ok_or_else(|| unreadable(format!("{name} is not of the form 2026-11-22T11:59:55.000Z")))
}

/// The first of these fields that is set.
fn first_of<'a>(record: Node<'a, '_>, names: &[&str]) -> Result<Option<&'a str>, Unreadable> {
    for name in names {
        if let Some(text) = field(record, name)? {
            return Ok(Some(text));
        }
    }
    Ok(None)
}

/// Parses the record of a licence.
fn license(
    id: &str,
    record: Node<'_, '_>,
    plan_fields: &[&str],
    evidence: Evidence,
) -> Result<Vec<Event>, Unreadable> {
    let license_id = required(record, "Id")?;
    let account = account(required(record, "sfLma__Subscriber_Org_ID__c")?)?;
    let modified_at = time("LastModifiedDate", required(record, "LastModifiedDate")?)?;
    // Every message repeats the install, so it is dated by the creation of the licence and not by its last change.
    let created_at = field(record, "CreatedDate")?.map(|text| time("CreatedDate", text)).transpose()?;
    let plan = first_of(record, plan_fields)?;
    // The name depends on the version of the License Management App.
    let status = first_of(record, &["sfLma__Status__c", "sfLma__License_Status__c"])?;
    let status =
        status.ok_or_else(|| unreadable("sfLma__Status__c is missing: select it in the outbound message"))?;
    let event = |kind, transaction: String, at| Event {
        plan: plan.map(str::to_owned),
        occurred_at: Some(at),
        ..Event::new(kind, account, transaction, evidence)
    };
    // Once per licence, whichever message reports it.
    let once = |kind: EventKind, at| event(kind, format!("license:{license_id}:{}", kind.as_str()), at);
    let repeated = |kind: EventKind| event(kind, format!("notification:{id}:{}", kind.as_str()), modified_at);
    let installed = || once(EventKind::Installed, created_at.unwrap_or(modified_at));
    Ok(match status {
        "Trial" => vec![installed()],
        "Active" => vec![installed(), repeated(EventKind::Activated)],
        "Suspended" => vec![repeated(EventKind::Suspended)],
        "Uninstalled" => vec![once(EventKind::Uninstalled, modified_at)],
        // A custom status of the operator.
        _ => Vec::new(),
    })
}

/// Objects of the License Management App that do not concern us: a lead is not a customer yet.
const IGNORED: [&str; 5] = ["Account", "Contact", "Lead", "sfLma__Package__c", "sfLma__Package_Version__c"];

/// The events of a notification; `None` if it is about an object that nobody knows.
fn notification(
    node: Node<'_, '_>,
    plan_fields: &[&str],
    evidence: Evidence,
) -> Result<Option<Vec<Event>>, Unreadable> {
    let id = required(node, "Id")?;
    let mut records = node.children().filter(|child| child.has_tag_name((OUTBOUND, "sObject")));
    let (Some(record), None) = (records.next(), records.next()) else {
        return Err(unreadable("a notification does not have one sObject"));
    };
    let kind = record.attribute((SCHEMA_INSTANCE, "type")).unwrap_or_default();
    match kind.rsplit(':').next() {
        Some("sfLma__License__c") => license(id, record, plan_fields, evidence).map(Some),
        Some(kind) if IGNORED.contains(&kind) => Ok(Some(Vec::new())),
        Some(_) | None => Ok(None),
    }
}

/// Parses a message of up to 100 notifications. A notification that cannot be read must not block the others. If none
/// can be read, the whole message fails, so that it is sent again. The log says why in both cases.
fn licenses(verified: &Verified<'_>, context: &CallbackContext<'_>) -> Result<ParsedCallback, Unreadable> {
    let text = payload::text(verified)?;
    // By default, the parser refuses document types. The scheme has already parsed the same text.
    let document = Document::parse(text).map_err(|_| unreadable("it is not XML"))?;
    let set = context.listing.setting("plan_field");
    let plan_fields = set.as_ref().map_or(PLAN_FIELDS.as_slice(), std::slice::from_ref);
    // The scheme has checked that there is exactly one `notifications` element at its place.
    let list = document.root_element().children().find(|child| child.has_tag_name((ENVELOPE, "Body")));
    let list =
        list.and_then(|body| body.children().find(|child| child.has_tag_name((OUTBOUND, "notifications"))));
    let nodes =
        list.iter().flat_map(Node::children).filter(|child| child.has_tag_name((OUTBOUND, "Notification")));
    let (mut events, mut was_read, mut left_out, mut error) = (Vec::new(), false, 0usize, None);
    let mut has_unknown = false;
    for node in nodes {
        match notification(node, plan_fields, verified.evidence()) {
            Ok(parsed) => {
                was_read = true;
                has_unknown |= parsed.is_none();
                events.extend(parsed.into_iter().flatten());
            }
            Err(unreadable) => {
                left_out = left_out.saturating_add(1);
                error = Some(unreadable);
            }
        }
    }
    if let Some(error) = error.take_if(|_| !was_read) {
        return Err(error);
    }
    let parsed =
        ParsedCallback::new(events, Reply::Plain(CallbackResponse::with_body(200, "text/xml", ACKNOWLEDGED)));
    let parsed = if has_unknown { parsed.unknown("sObject") } else { parsed };
    let unread = error
        .map(|Unreadable(why)| format!("{left_out} notifications cannot be read, the last because {why}"));
    let unprocessed = unread.or(parsed.unprocessed);
    Ok(ParsedCallback { unprocessed, ..parsed })
}

/// Parses a signed request: an organisation opened the app. Our cookies are not visible in the frame, so the page links
/// to the top of the window.
fn opened(verified: &Verified<'_>) -> Result<ParsedCallback, Unreadable> {
    let request: CanvasRequest = payload::read(verified)?;
    let account = account(&request.context.organization.id)?;
    let activated =
        Event::new(EventKind::Activated, account, format!("canvas:{account}"), verified.evidence());
    // The signed request contains a valid token of the organisation, so none of it is forwarded.
    let reply = Reply::FrameHandoff {
        account: account.to_owned(),
        query: String::new(),
        frame_ancestors: FRAME_ANCESTORS.to_owned(),
        // Salesforce posts a new request each time the app is opened.
        reloads: false,
    };
    Ok(ParsedCallback::new(vec![activated], reply))
}

const LICENSE: Kind = Kind { name: "license", methods: &["POST"], origin: CallbackOrigin::Server };
const CANVAS: Kind = Kind { name: "canvas", methods: &["POST"], origin: CallbackOrigin::Browser };

#[async_trait(?Send)]
impl Adapter for Salesforce {
    fn marketplace(&self) -> Marketplace {
        Marketplace::Salesforce
    }

    fn kinds(&self) -> &'static [Kind] {
        &[LICENSE, CANVAS]
    }

    fn secrets(&self) -> &'static [&'static str] {
        &["path_secret", "consumer_secret"]
    }

    fn settings(&self) -> &'static [&'static str] {
        &["organization_id", "plan_field"]
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn docs(&self) -> MarketplaceDocs {
        MarketplaceDocs {
            title: "Salesforce AppExchange",
            kinds: &[
                (
                    LICENSE.name,
                    "outbound messages on `sfLma__License__c` of the License Management Org; the path secret is the \
                     last segment: `…/license/<path_secret>`",
                ),
                (
                    CANVAS.name,
                    "the Canvas App URL (access method: signed request by POST): opens in a frame, with a link that \
                     binds the visitor's clicks to the organisation and leads to `forward_to`",
                ),
            ],
            secrets: &[
                (
                    "path_secret",
                    "the last segment of the URL for outbound messages, not used elsewhere; preferably a random `[A-Za-z0-9]{32,}`",
                ),
                ("consumer_secret", "the Canvas app's consumer secret, as Salesforce shows it"),
            ],
            settings: &[
                (
                    "organization_id",
                    "the id of the License Management Org, 15 or 18 characters, or a list of ids; without it, every \
                     outbound message is refused",
                ),
                (
                    "plan_field",
                    "the field of the licence that contains the plan (default `sfLma__Version_Number__c`, otherwise \
                     `sfLma__Package_Version__c`)",
                ),
            ],
            proof: "outbound messages: the path secret and the organisation's id. They are not signed, so their events \
                    are hints (`metadata.evidence` is `unsigned_bound`) without amounts. Select the fields `Id`, \
                    `sfLma__Status__c`, `sfLma__Subscriber_Org_ID__c`, `CreatedDate`, `LastModifiedDate`, and do not \
                    include the session id. Canvas: HMAC-SHA256 under the consumer secret, each signed request once",
            carrier: "the visitor's cookie, when the link on the Canvas page is followed to the top of the window",
            ends: "a licence that is suspended or uninstalled changes the account. Salesforce reports no charges, so \
                   nothing is reversed: refund the conversion with the API",
            unprocessed: "500, because Salesforce sends a message again for a day; one of which a part can be read is \
                          acknowledged and kept",
            limits: "the `referral_code` of a listing's link reaches the AppExchange lead and not the licence: a \
                     customer who never follows the link on the Canvas page is not attributed. Salesforce reports no \
                     amounts: send sales with the API. The path secret is a part of the URL, so every log of the URL \
                     contains it. Without `CreatedDate`, the install is dated by the first message that arrives. A \
                     licence counts as one install, however often it is reinstalled, and a sandbox's licence counts \
                     too, unless your flow excludes it. Canvas users who must approve the app themselves send an \
                     unsigned GET and are refused: let admins pre-authorise them",
        }
    }

    async fn verify<'a>(
        &self,
        context: &CallbackContext<'a>,
        _: &dyn VendorApi,
    ) -> Result<Verification<'a>, VerifyError> {
        let verified = if context.kind == CANVAS {
            let scheme = Scheme::SalesforceCanvasSignedRequest;
            context.verify(scheme, "consumer_secret", Parameters::default())
        } else {
            let organization_ids = context.listing.texts("organization_id");
            let parameters = Parameters { organization_ids, ..Parameters::default() };
            context.verify(Scheme::SalesforceOutboundMessage, "path_secret", parameters)
        };
        Ok(verified?.into())
    }

    fn parse(&self, proof: &Proof<'_>, context: &CallbackContext<'_>) -> Result<ParsedCallback, Unreadable> {
        let verified = &proof.verified;
        if context.kind == CANVAS { opened(verified) } else { licenses(verified, context) }
    }

    fn unprocessed(&self, _: Kind) -> Option<CallbackResponse> {
        Some(CallbackResponse::empty(500))
    }

    fn refused(&self, _: Kind) -> CallbackResponse {
        CallbackResponse::unauthorized()
    }
}
