//! Salesforce's outbound messages (SOAP 1.1). They are not signed: the last segment of the path is a secret, and the
//! message names its organisation. That is weak evidence, which must be confirmed before money moves.
//!
//! The XML parser refuses document types, so the sender cannot define entities or read files.

use super::{
    callback::Callback,
    refusal::Refusal,
    secret::Credentials,
    verified::{Evidence, Payload, Verified},
};
use roxmltree::{Document, Error, Node, ParsingOptions};

const ENVELOPE: &str = "http://schemas.xmlsoap.org/soap/envelope/";
const OUTBOUND: &str = "http://soap.sforce.com/2005/09/outbound";
/// The maximum number of XML nodes of a message. A message with 100 notifications of 500 fields each has fewer.
const MAX_NODES: u32 = 200_000;
/// The length of an organisation id without its checksum. Salesforce has ids of 15 and of 18 characters.
const ID_WITHOUT_CHECKSUM: usize = 15;

/// The only child with that name. It is an error if there is none or more than one.
fn only<'d, 'i>(parent: Node<'d, 'i>, namespace: &str, name: &str) -> Result<Node<'d, 'i>, Refusal> {
    let mut found = parent.children().filter(|child| child.has_tag_name((namespace, name)));
    match (found.next(), found.next()) {
        (Some(only), None) => Ok(only),
        _ => Err(Refusal::MalformedBody),
    }
}

/// The id of the organisation that sent `body`, according to `body`.
fn organization_id(body: &[u8]) -> Result<String, Refusal> {
    let text = str::from_utf8(body).map_err(|_| Refusal::MalformedBody)?;
    let options = ParsingOptions { allow_dtd: false, nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options).map_err(|error| match error {
        Error::DtdDetected => Refusal::DocumentType,
        _ => Refusal::MalformedBody,
    })?;
    let envelope = document.root_element();
    if !envelope.has_tag_name((ENVELOPE, "Envelope")) {
        return Err(Refusal::MalformedBody);
    }
    let notifications = only(only(envelope, ENVELOPE, "Body")?, OUTBOUND, "notifications")?;
    let id = only(notifications, OUTBOUND, "OrganizationId")?;
    // More than one text node means that there is a comment inside, and parsers differ in which part they return.
    let mut texts = id.children();
    match (texts.next().filter(Node::is_text).and_then(|text| text.text()), texts.next()) {
        (Some(text), None) => Ok(text.trim().to_owned()),
        _ => Err(Refusal::MalformedBody),
    }
}

/// Whether two ids name the same organisation. Ids are case-sensitive; a checksum is ignored if only one id has it.
fn same_organization(a: &str, b: &str) -> bool {
    let id = |text: &str| text.get(..ID_WITHOUT_CHECKSUM).map(str::to_owned);
    let is_id = |text: &str| matches!(text.len(), 15 | 18);
    let same_length = a.len() == b.len();
    is_id(a) && is_id(b) && if same_length { a == b } else { id(a) == id(b) }
}

/// Applies the rule.
pub(super) fn verify<'a>(
    callback: &Callback<'a>,
    path_secrets: &Credentials,
    organization_ids: &[String],
) -> Result<Verified<'a>, Refusal> {
    let segment = callback.last_segment();
    if segment.is_empty() {
        return Err(Refusal::MalformedSignature);
    }
    if !path_secrets.matches(segment.as_bytes()) {
        return Err(Refusal::BadSignature);
    }
    if callback.body.is_empty() {
        return Err(Refusal::EmptyBody);
    }
    let sender = organization_id(callback.body)?;
    if organization_ids.iter().any(|known| same_organization(known, &sender)) {
        Ok(Verified::new(Evidence::UnsignedBound, Payload::Body(callback.body)))
    } else {
        Err(Refusal::WrongIssuer)
    }
}
