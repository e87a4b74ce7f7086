//! A fake [`VendorApi`]. Its responses depend on the request only, and it records every call in order.

use async_trait::async_trait;
use signpost::{
    domain::values::time::Timestamp,
    marketplace::vendor_api::{Document, VendorApi, VendorError, VendorRequest, VendorResponse},
};
use std::cell::{Cell, RefCell};

/// A vendor's reaction to a request.
pub(crate) type VendorResult = Result<VendorResponse, VendorError>;

/// A response with this status and body.
pub(crate) fn respond(status: u16, body: impl Into<String>) -> VendorResult {
    Ok(VendorResponse { status, body: body.into() })
}

/// A request for a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DocumentRequest {
    pub url: String,
    /// Whether a cached copy was not enough.
    pub newer: bool,
}

/// A recorded call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Call {
    Send(VendorRequest),
    Document(DocumentRequest),
    Sign(String),
}

/// How a fake behaves. By default every call fails the test.
#[derive(Clone, Copy)]
pub(crate) struct Script {
    /// The vendor's reaction to a request.
    pub responds: fn(&VendorRequest) -> VendorResult,
    /// The document that the vendor publishes at a URL.
    pub publishes: fn(&DocumentRequest) -> Document,
    /// How a text is signed with a private key.
    pub signs: fn(&str, &str) -> Result<String, VendorError>,
    /// The number of the call, counted from 0, that fails with this error.
    pub fails: Option<(usize, VendorError)>,
    /// Milliseconds that each call takes.
    pub latency_ms: i64,
    /// The number of documents that must be requested before the first one arrives.
    pub concurrent_documents: usize,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            responds: |request| panic!("an unexpected {request:?}"),
            publishes: |request| panic!("an unexpected {request:?}"),
            signs: |_, text| panic!("an unexpected signature of {text}"),
            fails: None,
            latency_ms: 0,
            concurrent_documents: 1,
        }
    }
}

/// A vendor that follows a script.
pub(crate) struct FakeVendor {
    script: Script,
    now: Cell<Timestamp>,
    calls: RefCell<Vec<Call>>,
    documents_requested: Cell<usize>,
}

impl FakeVendor {
    pub(crate) fn new(script: Script, now: Timestamp) -> Self {
        let (calls, documents_requested) = (RefCell::new(Vec::new()), Cell::new(0));
        Self { script, now: Cell::new(now), calls, documents_requested }
    }

    /// All calls, in order.
    pub(crate) fn into_calls(self) -> Vec<Call> {
        self.calls.into_inner()
    }

    fn record(&self, call: Call) -> Result<(), VendorError> {
        let number = self.calls.borrow().len();
        self.calls.borrow_mut().push(call);
        self.now.set(self.now.get().plus_ms(self.script.latency_ms));
        match self.script.fails {
            Some((failing, error)) if failing == number => Err(error),
            _ => Ok(()),
        }
    }

    /// Waits until that many documents were requested. A caller that loads them one after another never gets there.
    async fn until_all_are_requested(&self) {
        self.documents_requested.set(self.documents_requested.get() + 1);
        let mut polls = 0;
        std::future::poll_fn(|context| {
            if self.documents_requested.get() >= self.script.concurrent_documents {
                return std::task::Poll::Ready(());
            }
            polls += 1;
            assert!(polls < 10, "documents are loaded one after another");
            context.waker().wake_by_ref();
            std::task::Poll::Pending
        })
        .await;
    }
}

#[async_trait(?Send)]
impl VendorApi for FakeVendor {
    fn now(&self) -> Timestamp {
        self.now.get()
    }

    async fn send(&self, request: &VendorRequest) -> VendorResult {
        self.record(Call::Send(request.clone()))?;
        (self.script.responds)(request)
    }

    async fn document(&self, url: &str, newer: bool) -> Result<Document, VendorError> {
        let request = DocumentRequest { url: url.to_owned(), newer };
        self.record(Call::Document(request.clone()))?;
        self.until_all_are_requested().await;
        Ok((self.script.publishes)(&request))
    }

    async fn sign_rs256(&self, private_key_pem: &str, text: &str) -> Result<String, VendorError> {
        self.record(Call::Sign(text.to_owned()))?;
        (self.script.signs)(private_key_pem, text)
    }
}
