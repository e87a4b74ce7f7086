//! SEPA credit transfers as ISO 20022 pain.001.001.09, by the EPC's customer-to-bank guidelines (EPC132-08): one batch,
//! service level SEPA, shared charges. The schema is in `fixtures/sepa`.
//!
//! Ids contain an underscore, which banks need not accept, so it is written as a hyphen: the end-to-end id of `pay_…` is
//! `pay-…`.

use super::{
    payment::{Payment, Run},
    sepa_characters::transliterate,
};
use crate::{
    documents::DocumentError,
    domain::{
        money::Currency,
        payouts::payer::{Address, Payer},
        values::{date::Date, time::Timestamp},
    },
};
use quick_xml::{
    Writer,
    events::{BytesDecl, BytesText, Event},
};
use std::io;

/// Limits of the schema, in characters.
const MAX_NAME: usize = 70;
const MAX_STREET: usize = 70;
const MAX_POSTAL_CODE: usize = 16;
const MAX_TOWN: usize = 35;
const MAX_ID: usize = 35;
const MAX_REMITTANCE: usize = 140;

/// The facts of a file that do not depend on its payments.
pub struct File<'a> {
    /// The payout run.
    pub run: &'a Run,
    /// The debtor.
    pub payer: &'a Payer,
    /// The debtor's account.
    pub payer_iban: &'a str,
    /// When the file was created.
    pub created_at: Timestamp,
    /// The day on which the bank is asked to pay.
    pub execution_date: Date,
    /// Identifies the file to the bank, which refuses a second one with the same id.
    pub message_id: &'a str,
    /// Whether the file was handed out before, at `created_at`, and this one replaces it.
    pub is_replacement: bool,
}

type Xml = Writer<Vec<u8>>;

/// An element that contains text.
fn leaf(xml: &mut Xml, name: &'static str, text: &str) -> io::Result<()> {
    xml.create_element(name).write_text_content(BytesText::new(text)).map(drop)
}

/// An element that contains other elements.
fn node(xml: &mut Xml, name: &'static str, content: &dyn Fn(&mut Xml) -> io::Result<()>) -> io::Result<()> {
    xml.create_element(name).write_inner_content(|xml| content(xml)).map(drop)
}

/// Text inside nested elements.
fn path(xml: &mut Xml, names: &[&'static str], text: &str) -> io::Result<()> {
    match names {
        [] => Ok(()),
        [last] => leaf(xml, last, text),
        [first, rest @ ..] => node(xml, first, &|xml| path(xml, rest, text)),
    }
}

fn party(xml: &mut Xml, name: &'static str, legal_name: &str, address: Option<&Address>) -> io::Result<()> {
    node(xml, name, &|xml| {
        leaf(xml, "Nm", &transliterate(legal_name, MAX_NAME))?;
        let Some(address) = address else { return Ok(()) };
        node(xml, "PstlAdr", &|xml| {
            if let Some(street) = &address.street {
                leaf(xml, "StrtNm", &transliterate(street, MAX_STREET))?;
            }
            if let Some(postal_code) = &address.postal_code {
                leaf(xml, "PstCd", &transliterate(postal_code, MAX_POSTAL_CODE))?;
            }
            leaf(xml, "TwnNm", &transliterate(&address.city, MAX_TOWN))?;
            leaf(xml, "Ctry", &address.country)
        })
    })
}

fn agent(xml: &mut Xml, name: &'static str, bic: Option<&str>) -> io::Result<()> {
    match bic {
        Some(bic) => path(xml, &[name, "FinInstnId", "BICFI"], bic),
        None => path(xml, &[name, "FinInstnId", "Othr", "Id"], "NOTPROVIDED"),
    }
}

impl File<'_> {
    /// The file. Payouts that were left out are named in a comment and do not count in the sums.
    pub fn render(&self, payments: &[Payment], left_out: &str) -> Result<String, DocumentError> {
        let mut xml = Writer::new_with_indent(Vec::new(), b' ', 2);
        self.document(&mut xml, payments, left_out)?;
        let mut text = String::from_utf8(xml.into_inner())?;
        text.push('\n');
        Ok(text)
    }

    fn document(&self, xml: &mut Xml, payments: &[Payment], left_out: &str) -> io::Result<()> {
        xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        let mut comment = |text: String| xml.write_event(Event::Comment(BytesText::from_escaped(text)));
        if self.is_replacement {
            let created_at = self.created_at;
            comment(format!(" replaces the file with this message id that was handed out on {created_at} "))?;
        }
        if !left_out.is_empty() {
            comment(format!(" left out: {left_out} "))?;
        }
        let content = |xml: &mut Xml| self.initiation(xml, payments);
        xml.create_element("Document")
            .with_attribute(("xmlns", "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"))
            .write_inner_content(|xml| node(xml, "CstmrCdtTrfInitn", &content))
            .map(drop)
    }

    fn initiation(&self, xml: &mut Xml, payments: &[Payment]) -> io::Result<()> {
        let (id, count) = (transliterate(self.message_id, MAX_ID), payments.len().to_string());
        let sum = payments.iter().map(|payment| i128::from(payment.amount)).fold(0, i128::saturating_add);
        let sum = Currency::EUR.decimal(sum);
        node(xml, "GrpHdr", &|xml| {
            leaf(xml, "MsgId", &id)?;
            leaf(xml, "CreDtTm", &self.created_at.to_string())?;
            leaf(xml, "NbOfTxs", &count)?;
            leaf(xml, "CtrlSum", &sum)?;
            path(xml, &["InitgPty", "Nm"], &transliterate(&self.payer.legal_name, MAX_NAME))
        })?;
        node(xml, "PmtInf", &|xml| {
            leaf(xml, "PmtInfId", &id)?;
            leaf(xml, "PmtMtd", "TRF")?;
            leaf(xml, "NbOfTxs", &count)?;
            leaf(xml, "CtrlSum", &sum)?;
            path(xml, &["PmtTpInf", "SvcLvl", "Cd"], "SEPA")?;
            path(xml, &["ReqdExctnDt", "Dt"], &self.execution_date.to_string())?;
            party(xml, "Dbtr", &self.payer.legal_name, self.payer.address.as_ref())?;
            path(xml, &["DbtrAcct", "Id", "IBAN"], self.payer_iban)?;
            agent(xml, "DbtrAgt", self.payer.bic.as_deref())?;
            leaf(xml, "ChrgBr", "SLEV")?;
            payments.iter().try_for_each(|payment| self.transfer(xml, payment))
        })
    }

    fn transfer(&self, xml: &mut Xml, payment: &Payment) -> io::Result<()> {
        let details = &payment.details;
        let remittance = format!("{} {} {}", payment.invoice(), self.run.from, self.run.to);
        node(xml, "CdtTrfTxInf", &|xml| {
            path(xml, &["PmtId", "EndToEndId"], &transliterate(payment.id.as_str(), MAX_ID))?;
            node(xml, "Amt", &|xml| {
                xml.create_element("InstdAmt")
                    .with_attribute(("Ccy", payment.currency.code()))
                    .write_text_content(BytesText::new(&payment.decimal()))
                    .map(drop)
            })?;
            if let Some(bic) = details.bic.as_deref() {
                agent(xml, "CdtrAgt", Some(bic))?;
            }
            party(xml, "Cdtr", &details.legal_name, details.address.as_ref())?;
            path(xml, &["CdtrAcct", "Id", "IBAN"], details.iban.as_deref().unwrap_or_default())?;
            path(xml, &["RmtInf", "Ustrd"], &transliterate(&remittance, MAX_REMITTANCE))
        })
    }
}
