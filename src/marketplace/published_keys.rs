//! Verification with keys and certificates that vendors publish. A document's URL is a constant, is built from a
//! setting, or comes from the message, in which case the vendor's own allow-list must contain it.
//!
//! Everything except the key is judged before a document is loaded, so that forged callbacks cause no requests. A key
//! that the cached document lacks may be new: the document is then loaded again, unless no newer copy can be had.

use super::{
    adapter::{CallbackContext, VerifyError},
    signature::{
        Expected, Refusal, TokenScheme, Trust, Verified,
        platforms::{FetchedDocuments, PlatformVerifier},
    },
    vendor_api::{Document, VendorApi},
};
use crate::domain::values::time::Timestamp;
use futures_util::future::try_join_all;

/// A check that needs the vendor's keys. It is given the current time, because loading the keys may take seconds.
pub type Check<'c, 'a> = dyn Fn(&Trust, Timestamp) -> Result<Verified<'a>, Refusal> + 'c;

/// Runs `check` with the keys of `scheme`.
pub async fn with_keys<'a>(
    api: &dyn VendorApi,
    scheme: TokenScheme,
    expected: &Expected,
    check: &Check<'_, 'a>,
) -> Result<Verified<'a>, VerifyError> {
    let Some(url) = scheme.key_address(expected) else { return Ok(check(&Trust::apple(), api.now())?) };
    match check(&Trust::default(), api.now()) {
        Err(Refusal::UnknownKey) => {}
        judged => return Ok(judged?),
    }
    let mut document = api.document(&url, false).await?;
    loop {
        let trust = document.text.as_deref().and_then(|text| scheme.trust(text));
        match trust.map(|trust| check(&trust, api.now())) {
            None | Some(Err(Refusal::UnknownKey)) if !document.newest => {
                document = api.document(&url, true).await?;
            }
            None => return Err(Refusal::Unanswered.into()),
            Some(judged) => return Ok(judged?),
        }
    }
}

impl<'a> CallbackContext<'a> {
    /// Verifies the callback under a scheme whose keys the vendor publishes.
    pub async fn verify_token(
        &self,
        api: &dyn VendorApi,
        scheme: TokenScheme,
        expected: &Expected,
    ) -> Result<Verified<'a>, VerifyError> {
        let check = |trust: &Trust, now: Timestamp| scheme.verify(&self.callback, trust, expected, now);
        with_keys(api, scheme, expected, &check).await
    }

    /// Verifies the callback under a platform's scheme, whose messages name the URL of their key.
    pub async fn verify_platform(
        &self,
        api: &dyn VendorApi,
        verifier: &PlatformVerifier,
    ) -> Result<Verified<'a>, VerifyError> {
        let urls = verifier.addresses(&self.callback)?;
        verifier.precheck(&self.callback, api.now())?;
        let documents = try_join_all(urls.iter().map(|url| api.document(url, false))).await?;
        let loaded = |(url, document)| Some((url, document?));
        let texts = documents.iter().map(|document| document.text.as_deref());
        let fetched: Vec<(&str, &str)> =
            urls.iter().map(String::as_str).zip(texts).filter_map(loaded).collect();
        let judged = verifier.verify(&self.callback, FetchedDocuments(&fetched), api.now());
        // If the vendor says that none of the keys exists, waiting for them is pointless.
        let is_absent = |document: &Document| document.text.is_none() && document.absent;
        match judged {
            Err(Refusal::Unanswered) if documents.iter().all(is_absent) => Err(Refusal::UnknownKey.into()),
            judged => Ok(judged?),
        }
    }
}
