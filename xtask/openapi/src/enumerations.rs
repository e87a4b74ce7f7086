//! All closed lists of words on one page.

use crate::{
    markdown::{anchor, inline},
    reference,
    shell::{self, Page},
    site::{ENUMERATIONS, GUIDES, REFERENCE, Site},
};
use maud::{Markup, html};
use serde_json::Value;
use signpost::api::http::problems::Code;
use std::collections::BTreeSet;

/// The subjects of the page with their enumerations, both in the order of the page.
pub const SUBJECTS: [(&str, &[&str]); 13] = [
    ("Events", &["EventType"]),
    ("Webhooks", &["EndpointStatus", "PauseReason", "AttemptStatus"]),
    ("Held commissions", &["HeldReason"]),
    ("Keys", &["Scope"]),
    ("Problems", &["ProblemCode"]),
    ("Programme and terms", &["Base", "TierMode", "CapPer", "OthersEarn", "CookiePolicy"]),
    ("Partners", &["PartnerKind", "PartnerStatus", "PlacementKind"]),
    ("Listings and links", &["Marketplace", "CallbackStatus", "LinkStatus"]),
    ("Clicks and reports", &["Bucket", "Class", "ImportedClass", "Device", "ReportDimension"]),
    (
        "Conversions and commissions",
        &["ConversionType", "QualificationStatus", "Evidence", "CommissionStatus", "CommissionSource"],
    ),
    (
        "Attribution",
        &[
            "AttributionStatus",
            "Model",
            "Precedence",
            "RepeatCustomers",
            "Source",
            "Outcome",
            "Reason",
            "TrailState",
            "InexactReason",
        ],
    ),
    (
        "Payouts and the ledger",
        &[
            "RunStatus",
            "PayoutStatus",
            "UnpaidReason",
            "PayoutMethod",
            "PayoutOutcome",
            "DetailsStatus",
            "SetBy",
            "Account",
            "TransferKind",
        ],
    ),
    ("Imports", &["ImportedObject"]),
];

/// The guides that say more about an enumeration.
const GUIDES_ABOUT: [(&str, &str); 8] = [
    ("EventType", "reading"),
    ("HeldReason", "fraud"),
    ("Marketplace", "marketplaces"),
    ("Model", "sharing-credit"),
    ("Precedence", "sharing-credit"),
    ("Base", "terms"),
    ("PayoutStatus", "payouts"),
    ("ImportedObject", "import"),
];

/// A closed list of words.
pub struct Enumeration {
    /// The name of its type.
    pub name: String,
    pub about: String,
    pub words: Vec<Word>,
    /// Fields and parameters whose type it is.
    uses: Vec<Use>,
}

pub struct Word {
    pub word: String,
    /// One sentence.
    pub meaning: String,
}

/// A place in the reference.
struct Use {
    address: String,
    name: String,
}

impl Enumeration {
    pub fn address(&self) -> String {
        format!("{ENUMERATIONS}#{}", self.name)
    }

    pub fn address_of(&self, word: &str) -> String {
        format!("{}.{word}", self.address())
    }

    /// The name of its type in words.
    pub fn title(&self) -> String {
        let mut title = String::new();
        for letter in self.name.chars() {
            if letter.is_uppercase() && !title.is_empty() {
                title.push(' ');
                title.extend(letter.to_lowercase());
            } else {
                title.push(letter);
            }
        }
        title
    }
}

/// All enumerations, from the schemas of the document and from those that objects without a schema use.
pub fn collect(document: &Value) -> Vec<Enumeration> {
    let referenced = document.pointer("/components/schemas").and_then(Value::as_object);
    let others = signpost::openapi::enumerations_without_reference();
    let all = referenced.into_iter().flatten().chain(&others);
    all.filter_map(|(name, schema)| {
        let about = schema.get("description").and_then(Value::as_str).unwrap_or_default();
        Some(Enumeration {
            name: name.clone(),
            about: about.to_owned(),
            words: words(schema)?,
            uses: uses(document, name),
        })
    })
    .collect()
}

/// The words of a schema that allows only words.
fn words(schema: &Value) -> Option<Vec<Word>> {
    let alternatives = schema.get("oneOf")?.as_array()?;
    let word = |alternative: &Value| {
        let meaning = alternative.get("description").and_then(Value::as_str).unwrap_or_default();
        Some(Word { word: alternative.get("const")?.as_str()?.to_owned(), meaning: meaning.to_owned() })
    };
    alternatives.iter().map(word).collect()
}

/// Whether a schema refers to a component, by itself or in a list or a choice.
fn refers(schema: &Value, component: &str) -> bool {
    match schema {
        Value::Object(fields) => fields.iter().any(|(keyword, value)| match keyword.as_str() {
            "$ref" => value.as_str().is_some_and(|target| target.ends_with(&format!("/{component}"))),
            "items" | "anyOf" | "oneOf" | "additionalProperties" => refers(value, component),
            _ => false,
        }),
        Value::Array(schemas) => schemas.iter().any(|schema| refers(schema, component)),
        _ => false,
    }
}

fn uses(document: &Value, component: &str) -> Vec<Use> {
    let mut uses = Vec::new();
    for operation in reference::operations(document) {
        let address = format!("{REFERENCE}#{}", operation.text("operationId"));
        let parameters = operation.value.get("parameters").and_then(Value::as_array);
        for parameter in parameters.into_iter().flatten() {
            let name = parameter.get("name").and_then(Value::as_str).unwrap_or_default();
            if parameter.get("schema").is_some_and(|schema| refers(schema, component)) {
                let mark = if parameter.get("in").is_some_and(|place| place == "query") { "?" } else { " " };
                let name = format!("{} {}{mark}{name}", operation.method.to_uppercase(), operation.path);
                uses.push(Use { address: address.clone(), name });
            }
        }
    }
    let schemas = document.pointer("/components/schemas").and_then(Value::as_object);
    for (schema_name, schema) in schemas.into_iter().flatten() {
        let fields = schema.get("properties").and_then(Value::as_object);
        for (field, value) in fields.into_iter().flatten() {
            if refers(value, component) {
                let address = format!("{REFERENCE}#schema-{schema_name}");
                uses.push(Use { address, name: format!("{schema_name}.{field}") });
            }
        }
    }
    uses
}

/// The subjects with their enumerations. What no subject names is under the last one.
fn subjects(site: &Site) -> Vec<(&'static str, Vec<&Enumeration>)> {
    let mut named: BTreeSet<&str> = BTreeSet::new();
    let mut subjects = Vec::new();
    for (subject, names) in SUBJECTS {
        named.extend(names);
        subjects.push((subject, names.iter().filter_map(|name| site.enumeration(name)).collect()));
    }
    let others: Vec<&Enumeration> =
        site.enumerations.iter().filter(|enumeration| !named.contains(&enumeration.name.as_str())).collect();
    if !others.is_empty() {
        subjects.push(("Others", others));
    }
    subjects
}

/// The page.
pub fn render(site: &Site) -> String {
    let subjects = subjects(site);
    let content = html! {
        h1 { "Enumerations" }
        p.lead {
            "Every closed list of words in the API: what each word means, and which fields and parameters use the list."
        }
        @for (subject, enumerations) in &subjects {
            h2 id=(anchor(subject)) { (subject) }
            @for enumeration in enumerations {
                (section(site, enumeration))
            }
        }
    };
    let contents = html! {
        ul {
            @for (subject, enumerations) in &subjects {
                li {
                    a href={ "#" (anchor(subject)) } { (subject) }
                    ul {
                        @for enumeration in enumerations {
                            li { a href={ "#" (enumeration.name) } { (enumeration.title()) } }
                        }
                    }
                }
            }
        }
    };
    let about = "Every closed list of words in the API of Signpost";
    shell::render(site, &Page { title: "Enumerations", about, part: ENUMERATIONS, contents, content })
}

fn section(site: &Site, enumeration: &Enumeration) -> Markup {
    let about = GUIDES_ABOUT.iter().find(|(name, _)| *name == enumeration.name);
    let guide = about.and_then(|(_, guide)| site.guides.iter().find(|found| found.name == *guide));
    html! {
        section.schema id=(enumeration.name) {
            h3 { a href={ "#" (enumeration.name) } { (enumeration.title()) } " " code { (enumeration.name) } }
            p {
                (inline(site, &enumeration.about))
                @if let Some(guide) = guide {
                    " The guide " a href={ (GUIDES) "/" (guide.name) } { (guide.title) } " says more."
                }
            }
            @match enumeration.name.as_str() {
                "ProblemCode" => (problem_codes(site, enumeration)),
                "Scope" => (scopes(site, enumeration)),
                _ => (table(site, enumeration)),
            }
            @if !enumeration.uses.is_empty() {
                p.uses {
                    "Used by "
                    @for (index, place) in enumeration.uses.iter().enumerate() {
                        @if index > 0 { ", " }
                        a href=(place.address) { code { (place.name) } }
                    }
                }
            }
        }
    }
}

fn table(site: &Site, enumeration: &Enumeration) -> Markup {
    html! {
        dl {
            @for word in &enumeration.words {
                dt id={ (enumeration.name) "." (word.word) } { code { (word.word) } }
                dd { (inline(site, &word.meaning)) }
            }
        }
    }
}

/// The codes with their statuses, from the table that the API uses.
fn problem_codes(site: &Site, enumeration: &Enumeration) -> Markup {
    html! {
        table {
            caption { "Problem codes" }
            thead {
                tr {
                    @for heading in ["Code", "Status", "Meaning"] {
                        th scope="col" { (heading) }
                    }
                }
            }
            tbody {
                @for code in Code::ALL {
                    tr id={ (enumeration.name) "." (code.as_str()) } {
                        th scope="row" { code { (code.as_str()) } }
                        td { (code.status()) }
                        td { (inline(site, code.title())) "." }
                    }
                }
            }
        }
    }
}

/// The scopes with the operations that each allows.
fn scopes(site: &Site, enumeration: &Enumeration) -> Markup {
    let operations = reference::operations(&site.document);
    html! {
        dl {
            @for word in &enumeration.words {
                @let allowed: Vec<_> = operations.iter().filter(|operation| operation.needs(&word.word)).collect();
                dt id={ (enumeration.name) "." (word.word) } { code { (word.word) } }
                dd {
                    (inline(site, &word.meaning))
                    @if !allowed.is_empty() {
                        details {
                            summary { (allowed.len()) @if allowed.len() == 1 { " operation" } @else { " operations" } }
                            ul.operations {
                                @for operation in allowed {
                                    li {
                                        a href={ (REFERENCE) "#" (operation.text("operationId")) } { (operation.text("summary")) }
                                        " " code { (operation.method.to_uppercase()) " " (operation.path) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
