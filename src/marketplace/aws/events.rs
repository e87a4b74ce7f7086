//! The two ways in which AWS's events come: signed, over SNS; or from an API destination, which signs nothing, so that the
//! Agreement API is asked whether they are true.

use super::{
    super::{
        adapter::{Answer, Arrival, Proof, Told, Unreadable},
        event::Evidence,
        outgoing::Request,
        proven,
        signature::{
            Payload, Refusal, Verified,
            platforms::{
                AGREEMENT_SOURCE, ApiDestination, PlatformVerifier, Sns, aws_answers, confirmation_address,
            },
        },
    },
    api::{self, AGREEMENTS, text},
    notice::{Change, Notice, answered, legacy},
};
use serde_json::{Value as Json, json};

/// The secret that the header of the API destination holds.
pub const HEADER_SECRET: &str = "eventbridge_secret";

/// What is in SNS's envelope, or what an API destination posts; nothing if it is no JSON, as anybody who may publish to a
/// topic can have it.
fn message(proof: &Verified<'_>) -> Option<Json> {
    let text = match proof.payload() {
        Payload::Parameters(_) => proven::parameter(proof, "Message")?,
        Payload::Body(_) | Payload::Json(_) => proven::text(proof).ok()?,
    };
    strict_json::from_str(text).ok()
}

/// Judges what the Agreement API says of the agreement that a message names. Of another product, it is none of our business.
fn confirm<'a>(
    proof: Verified<'a>,
    notice: &Notice<'_>,
    arrival: &Arrival<'_>,
) -> Result<Proof<'a>, Refusal> {
    let Some(answer) = arrival.answers.first() else {
        let body = json!({ "agreementId": notice.agreement });
        return api::request(arrival, &AGREEMENTS, "DescribeAgreement", &body).map(Proof::Ask);
    };
    let confirmed = aws_answers(&[("agreement", answer)], Evidence::ApiPoll)?;
    let agreement: Json = strict_json::from_str(&answer.body).map_err(|_| Refusal::MalformedBody)?;
    let is = |pointer, said: &str| text(&agreement, pointer) == Some(said);
    if !is("/agreementId", notice.agreement) || !is("/acceptor/accountId", notice.acceptor) {
        return Err(Refusal::WrongSubject);
    }
    if !api::is_ours(&agreement, arrival) {
        return Ok(Proof::Greeting(Answer::empty(200)));
    }
    if proof.evidence() == Evidence::Signed {
        return Ok(Proof::Verified(proof));
    }
    if notice.change.is_end() && is("/status", "ACTIVE") {
        return Err(Refusal::Declined);
    }
    Ok(Proof::Verified(proof.confirmed_by(&confirmed)))
}

/// A message of SNS's. The address is confirmed where SNS itself is, and only for a topic of the listing's.
pub fn verify_sns<'a>(arrival: &Arrival<'a>) -> Result<Proof<'a>, Refusal> {
    let window = arrival.listing.settings.get("window_seconds").and_then(Json::as_u64);
    let sns = Sns {
        topic_arns: arrival.listing.texts("topic_arns"),
        window_seconds: window.and_then(|seconds| seconds.try_into().ok()),
    };
    let proof = match arrival.verify_platform(&PlatformVerifier::Sns(sns))? {
        Proof::Verified(proof) => proof,
        first => return Ok(first),
    };
    if let Some(url) = confirmation_address(&proof) {
        return match arrival.answers.first() {
            None => Ok(Proof::Ask(Request {
                method: "GET",
                url,
                headers: vec![],
                body: String::new(),
                keep_s: 0,
            })),
            Some(answer) if (200..=299).contains(&answer.status) => Ok(Proof::Greeting(Answer::empty(200))),
            // A refusal would be final for SNS.
            Some(_) => Err(Refusal::Unanswered),
        };
    }
    let message = message(&proof);
    let notice = message.as_ref().map_or(Ok(None), |message| Notice::read(message, arrival));
    let Ok(Some(notice)) = notice else { return Ok(Proof::Verified(proof)) };
    // Signed it is already. But only the API says which product an agreement is about, and whether another agreement goes
    // on in the place of one whose licence ended.
    let ends = notice.change == Change::LicenseDeprovisioned;
    if !ends && (notice.change.names_product() || arrival.listing.texts("product_id").is_empty()) {
        return Ok(Proof::Verified(proof));
    }
    let unconfirmed = proof.clone();
    match confirm(proof, &notice, arrival) {
        Err(refusal) if ends && refusal != Refusal::Unanswered => Ok(Proof::Verified(unconfirmed)),
        judged => judged,
    }
}

/// An event from an API destination. Where the access key may not ask, or there is none, nobody confirms it.
pub fn verify_destination<'a>(arrival: &Arrival<'a>) -> Result<Proof<'a>, Refusal> {
    let setting = |name| arrival.listing.setting(name).unwrap_or_default();
    let accounts = vec![setting("account_id").to_owned()];
    let sources = vec![AGREEMENT_SOURCE.to_owned()];
    let values = arrival.listing.secret(HEADER_SECRET);
    let destination = ApiDestination::new(setting("eventbridge_header"), &values, sources, accounts);
    let destination = destination.map_err(|_| Refusal::NotConfigured)?;
    let proof = match arrival.verify_platform(&PlatformVerifier::ApiDestination(destination))? {
        Proof::Verified(proof) => proof,
        first => return Ok(first),
    };
    let message = message(&proof);
    let Ok(Some(notice)) = message.as_ref().map_or(Ok(None), |message| Notice::read(message, arrival)) else {
        return Ok(Proof::Verified(proof));
    };
    let unconfirmed = proof.clone();
    match confirm(proof, &notice, arrival) {
        // Unless it may be another product's.
        Err(Refusal::NotConfigured)
            if notice.change.names_product() || arrival.listing.texts("product_id").is_empty() =>
        {
            Ok(Proof::Verified(unconfirmed))
        }
        judged => judged,
    }
}

/// What either tells.
pub fn parse(proof: &Verified<'_>, arrival: &Arrival<'_>) -> Result<Told, Unreadable> {
    if proven::parameter(proof, "Type") == Some("UnsubscribeConfirmation") {
        return Ok(answered(Vec::new(), Some("SNS sends no more messages of this topic here")));
    }
    let Some(message) = message(proof) else {
        return Ok(answered(Vec::new(), Some("the message is no JSON")));
    };
    // Only AWS's own topics have these: an API destination's events have a source.
    if let Some((action, id)) = text(&message, "/action").zip(proven::parameter(proof, "MessageId")) {
        return Ok(legacy(action, &message, id, proof, arrival));
    }
    let Some(notice) = Notice::read(&message, arrival)? else { return Ok(answered(Vec::new(), None)) };
    let agreement: Option<Json> =
        arrival.answers.first().and_then(|answer| strict_json::from_str(&answer.body).ok());
    let status = agreement.as_ref().and_then(|agreement| text(agreement, "/status"));
    let mut told = notice.told(proof, status)?;
    if proof.evidence() == Evidence::TransportOnly && !arrival.answers.is_empty() {
        told.log = Some("nobody confirmed it: the access key may not ask".to_owned());
    }
    Ok(told)
}
