//! Invalid secrets and parameters, which are refused before any callback, and rotation of secrets.

use crate::signatures::{
    cases::valid,
    signer::{AUDIENCE, ORGANIZATION, SECRET, parameters},
};
use signpost::marketplace::signature::{
    Parameters, Refusal, Scheme, SecretError, SecretForm, Verifier, VerifierError,
};

const OTHER: &str = "acme:another secret";

#[test]
fn another_secret_refuses_and_a_rotated_list_accepts() {
    for case in valid() {
        let request = &case.vector.request;
        let right = case.secret();
        for (secrets, expected) in [
            (&[OTHER][..], Err(Refusal::BadSignature)),
            (&[right], Ok(())),
            (&[OTHER, right], Ok(())),
            (&[right, OTHER], Ok(())),
            (&[OTHER, "acme:a third", right], Ok(())),
            (&[OTHER, "acme:a third"], Err(Refusal::BadSignature)),
        ] {
            let outcome = case.with_secrets(secrets).verify(request);
            assert_eq!(outcome, expected, "{} under {} secrets", case.id, secrets.len());
        }
    }
}

#[test]
fn an_empty_secret_never_verifies_anything() {
    for scheme in Scheme::ALL {
        for (secrets, refusal) in [
            (&[][..], SecretError::None),
            (&[""], SecretError::Empty),
            (&["acme:1", ""], SecretError::Empty),
            (&["", "acme:1"], SecretError::Empty),
        ] {
            let made = Verifier::new(*scheme, secrets, parameters()).map(drop);
            assert_eq!(made, Err(VerifierError::Secret(refusal)), "{} {secrets:?}", scheme.name());
        }
    }
    let made = Verifier::new(Scheme::DigitaloceanBasicAuth, &["acme:1", "acme"], parameters()).map(drop);
    assert_eq!(made, Err(VerifierError::Secret(SecretError::Malformed)));
    for (text, refusal) in [("whsec_", SecretError::Empty), ("whsec_%", SecretError::Malformed)] {
        let base64 = Parameters { secret_form: Some(SecretForm::Base64), ..parameters() };
        let made = Verifier::new(Scheme::BigcommerceWebhook, &[text], base64).map(drop);
        assert_eq!(made, Err(VerifierError::Secret(refusal)));
    }
}

#[test]
fn a_legacy_scheme_is_off_until_it_is_allowed() {
    for scheme in Scheme::ALL {
        let legacy = matches!(
            scheme,
            Scheme::AdobeIoEventsLegacyHmac
                | Scheme::BigcommerceSignedPayloadLegacy
                | Scheme::HubspotV1
                | Scheme::HubspotV2
        );
        let made = Verifier::new(*scheme, &[OTHER], Parameters { allow_legacy: false, ..parameters() });
        assert_eq!(made.is_err_and(|error| error == VerifierError::Legacy), legacy, "{}", scheme.name());
    }
}

#[test]
fn what_would_be_anybodys_needs_a_recipient() {
    let empty = || vec![String::new()];
    let with_empty = |name: &str| vec![name.to_owned(), String::new()];
    for scheme in [Scheme::BigcommerceSignedPayloadJwt, Scheme::ShopifySessionToken] {
        for audiences in [Vec::new(), empty(), with_empty(AUDIENCE)] {
            let made = Verifier::new(scheme, &[SECRET], Parameters { audiences, ..parameters() }).map(drop);
            assert_eq!(made, Err(VerifierError::NoAudience));
        }
    }
    for organization_ids in [Vec::new(), empty(), with_empty(ORGANIZATION)] {
        let parameters = Parameters { organization_ids, ..parameters() };
        let made = Verifier::new(Scheme::SalesforceOutboundMessage, &[SECRET], parameters).map(drop);
        assert_eq!(made, Err(VerifierError::NoOrganization));
    }
}

#[test]
fn a_verifier_shows_no_secret() {
    for scheme in Scheme::ALL {
        let debug = format!("{:?}", Verifier::new(*scheme, &["acme:hush-hush"], parameters()).unwrap());
        assert!(!debug.contains("hush"), "{debug}");
    }
}

#[test]
fn names_are_unique_and_lead_back() {
    for scheme in Scheme::ALL {
        assert_eq!(Scheme::from_name(scheme.name()), Some(*scheme));
    }
    assert_eq!(Scheme::from_name("shopify"), None);
}
