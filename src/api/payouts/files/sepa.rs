//! SEPA credit transfers as ISO 20022 pain.001.001.09, by the EPC's customer-to-bank guidelines (EPC132-08): one batch, service level
//! SEPA, charges shared. The schema stands in `fixtures/sepa`.
//!
//! Ids have an underscore, which banks need not take: it is a hyphen here. So `pay_…` is the end-to-end id `pay-…`.

use super::{Entry, epc::epc};
use crate::{
    domain::{
        money::Currency,
        payouts::{
            invoice_number,
            payer::{Address, Payer},
        },
        values::{date::Date, digest::sha256_hex, time::Timestamp},
    },
    store::{SqlError, payouts::runs::Run},
};
use quick_xml::{
    Writer,
    events::{BytesDecl, BytesText, Event},
};
use std::io;

/// Characters of a name, of an id, and of what is told the payee.
const NAME: usize = 70;
const ID: usize = 35;
const REMITTANCE: usize = 140;

/// What a file says besides its payouts.
pub struct File<'a> {
    /// The run.
    pub run: &'a Run,
    /// Who pays.
    pub payer: &'a Payer,
    /// When the file is made.
    pub created_at: Timestamp,
    /// When the bank is to pay.
    pub execution_date: Date,
}

type Xml = Writer<Vec<u8>>;

/// An element with a text.
fn leaf(xml: &mut Xml, name: &'static str, text: &str) -> io::Result<()> {
    xml.create_element(name).write_text_content(BytesText::new(text)).map(drop)
}

/// An element with others in it.
fn node(xml: &mut Xml, name: &'static str, content: &dyn Fn(&mut Xml) -> io::Result<()>) -> io::Result<()> {
    xml.create_element(name).write_inner_content(|xml| content(xml)).map(drop)
}

/// A text below elements, one in the other.
fn path(xml: &mut Xml, names: &[&'static str], text: &str) -> io::Result<()> {
    match names {
        [] => Ok(()),
        [last] => leaf(xml, last, text),
        [first, rest @ ..] => node(xml, first, &|xml| path(xml, rest, text)),
    }
}

fn party(xml: &mut Xml, name: &'static str, legal_name: &str, address: Option<&Address>) -> io::Result<()> {
    node(xml, name, &|xml| {
        leaf(xml, "Nm", &epc(legal_name, NAME))?;
        let Some(address) = address else { return Ok(()) };
        node(xml, "PstlAdr", &|xml| {
            let optional =
                [("StrtNm", address.street.as_deref(), 70), ("PstCd", address.postal_code.as_deref(), 16)];
            for (name, text, most) in optional {
                if let Some(text) = text {
                    leaf(xml, name, &epc(text, most))?;
                }
            }
            leaf(xml, "TwnNm", &epc(&address.city, 35))?;
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
    /// The file. Those left out stand in a comment; sums are of what is in it.
    pub fn text(&self, entries: &[Entry], left_out: &str) -> Result<String, SqlError> {
        let failed = |error: &dyn std::fmt::Display| SqlError::Engine(format!("a payment file: {error}"));
        let mut xml = Writer::new_with_indent(Vec::new(), b' ', 2);
        self.document(&mut xml, entries, left_out).map_err(|error| failed(&error))?;
        let mut text = String::from_utf8(xml.into_inner()).map_err(|error| failed(&error))?;
        text.push('\n');
        Ok(text)
    }

    fn document(&self, xml: &mut Xml, entries: &[Entry], left_out: &str) -> io::Result<()> {
        xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        if !left_out.is_empty() {
            let comment = format!(" left out: {left_out} ");
            xml.write_event(Event::Comment(BytesText::from_escaped(comment)))?;
        }
        let content = |xml: &mut Xml| self.initiation(xml, entries);
        xml.create_element("Document")
            .with_attribute(("xmlns", "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"))
            .write_inner_content(|xml| node(xml, "CstmrCdtTrfInitn", &content))
            .map(drop)
    }

    /// The message's id: the run's, and four digits of what is in the file, so that a bank refuses the same file twice, and takes
    /// another one of the same run.
    fn message_id(&self, entries: &[Entry]) -> String {
        let ids: Vec<&str> = entries.iter().map(|entry| entry.payout.id.as_str()).collect();
        let digest = sha256_hex(ids.join(" ").as_bytes());
        epc(&format!("{}-{}", self.run.terms.id, digest.get(..4).unwrap_or_default()), ID)
    }

    fn initiation(&self, xml: &mut Xml, entries: &[Entry]) -> io::Result<()> {
        let (id, count) = (self.message_id(entries), entries.len().to_string());
        let sum = entries.iter().map(|entry| i128::from(entry.payout.amount)).fold(0, i128::saturating_add);
        let sum = Currency::EUR.decimal(sum);
        node(xml, "GrpHdr", &|xml| {
            leaf(xml, "MsgId", &id)?;
            leaf(xml, "CreDtTm", &self.created_at.to_string())?;
            leaf(xml, "NbOfTxs", &count)?;
            leaf(xml, "CtrlSum", &sum)?;
            path(xml, &["InitgPty", "Nm"], &epc(&self.payer.legal_name, NAME))
        })?;
        node(xml, "PmtInf", &|xml| {
            leaf(xml, "PmtInfId", &id)?;
            leaf(xml, "PmtMtd", "TRF")?;
            leaf(xml, "NbOfTxs", &count)?;
            leaf(xml, "CtrlSum", &sum)?;
            path(xml, &["PmtTpInf", "SvcLvl", "Cd"], "SEPA")?;
            path(xml, &["ReqdExctnDt", "Dt"], &self.execution_date.to_string())?;
            party(xml, "Dbtr", &self.payer.legal_name, self.payer.address.as_ref())?;
            path(xml, &["DbtrAcct", "Id", "IBAN"], &self.payer.iban)?;
            agent(xml, "DbtrAgt", self.payer.bic.as_deref())?;
            leaf(xml, "ChrgBr", "SLEV")?;
            entries.iter().try_for_each(|entry| self.transfer(xml, entry))
        })
    }

    fn transfer(&self, xml: &mut Xml, Entry { payout, details }: &Entry) -> io::Result<()> {
        let invoice = payout.invoice_no.map(invoice_number).unwrap_or_default();
        let told = format!("{invoice} {} {}", self.run.terms.from, self.run.terms.to);
        node(xml, "CdtTrfTxInf", &|xml| {
            path(xml, &["PmtId", "EndToEndId"], &epc(payout.id.as_str(), ID))?;
            node(xml, "Amt", &|xml| {
                xml.create_element("InstdAmt")
                    .with_attribute(("Ccy", payout.currency.code()))
                    .write_text_content(BytesText::new(&payout.currency.decimal(i128::from(payout.amount))))
                    .map(drop)
            })?;
            if let Some(bic) = details.bic.as_deref() {
                agent(xml, "CdtrAgt", Some(bic))?;
            }
            party(xml, "Cdtr", &details.legal_name, details.address.as_ref())?;
            path(xml, &["CdtrAcct", "Id", "IBAN"], details.iban.as_deref().unwrap_or_default())?;
            path(xml, &["RmtInf", "Ustrd"], &epc(&told, REMITTANCE))
        })
    }
}
