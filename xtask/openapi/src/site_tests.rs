//! What holds for all pages together.

use crate::{enumerations::SUBJECTS, site::Site};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// The pages by their addresses.
fn pages(site: &Site) -> BTreeMap<String, String> {
    let page = |path: &str| path.strip_suffix(".html").map(|name| format!("/{name}"));
    site.files().into_iter().filter_map(|file| Some((page(&file.path)?, file.text))).collect()
}

/// The values of an attribute.
fn values<'a>(page: &'a str, attribute: &str) -> Vec<&'a str> {
    let start = format!(" {attribute}=\"");
    page.split(start.as_str()).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

/// The text that a reader sees, without code.
fn visible_text(page: &str) -> String {
    let mut text = String::new();
    let mut hidden = Vec::new();
    for part in page.split('<').skip(1) {
        let (tag, after) = part.split_once('>').unwrap();
        let name = tag.split_whitespace().next().unwrap_or_default();
        match name.strip_prefix('/') {
            Some(name) if hidden.last() == Some(&name) => drop(hidden.pop()),
            None if ["code", "style", "script", "title"].contains(&name) => hidden.push(name),
            Some("p" | "li" | "td" | "th" | "h1" | "h2" | "h3" | "h4" | "dd" | "dt") => text.push('\n'),
            _ => {}
        }
        if hidden.is_empty() {
            text.push_str(after);
        }
    }
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

#[test]
fn no_page_shows_markdown() {
    for (address, page) in pages(&Site::read(&Site::root()).unwrap()) {
        for line in visible_text(&page).lines().map(str::trim) {
            for mark in ["**", "__", "`", "](", "<!--", "[`", "|--"] {
                assert!(!line.contains(mark), "{address} shows {mark:?}: {line}");
            }
            for start in ["- ", "* ", "# ", "## ", "### ", "> ", "| "] {
                assert!(!line.starts_with(start), "{address} shows {start:?}: {line}");
            }
        }
    }
}

#[test]
fn visible_text_is_what_a_reader_sees() {
    let page = "<title>a</title><p>b <code>`c`</code> &lt;d&gt; <strong>**</strong></p><li>- e</li>";
    assert_eq!(visible_text(page), "b  <d> **\n- e\n");
}

#[test]
fn every_link_leads_somewhere() {
    let pages = pages(&Site::read(&Site::root()).unwrap());
    let ids: BTreeMap<&String, BTreeSet<&str>> =
        pages.iter().map(|(address, page)| (address, values(page, "id").into_iter().collect())).collect();
    let others = ["/openapi.json", "/favicon.ico", "/docs/docs.css"];
    for (address, page) in &pages {
        for link in values(page, "href") {
            if link.starts_with("https://") || others.contains(&link) {
                continue;
            }
            let (target, fragment) = link.split_once('#').unwrap_or((link, ""));
            let target = if target.is_empty() { address.clone() } else { target.to_owned() };
            let found = ids.get(&target);
            assert!(found.is_some(), "{link} in {address} leads nowhere");
            assert!(
                fragment.is_empty() || found.unwrap().contains(fragment),
                "{link} in {address}: no such anchor"
            );
        }
    }
    let index = Site::read(&Site::root()).unwrap().files();
    let index = &index.iter().find(|file| file.path == "docs/search-index.js").unwrap().text;
    for link in index.split("\"url\":\"").skip(1).filter_map(|rest| rest.split('"').next()) {
        let (target, fragment) = link.split_once('#').unwrap();
        assert!(
            ids.get(&target.to_owned()).unwrap().contains(fragment),
            "{link} in the index: no such anchor"
        );
    }
}

#[test]
fn anchors_are_unique() {
    for (address, page) in pages(&Site::read(&Site::root()).unwrap()) {
        let mut seen = BTreeSet::new();
        for id in values(&page, "id") {
            assert!(seen.insert(id), "#{id} stands twice in {address}");
        }
    }
}

/// The policy allows nothing else (src/edge/assets.rs).
#[test]
fn pages_load_only_the_style_sheet_and_the_script() {
    for (address, page) in pages(&Site::read(&Site::root()).unwrap()) {
        assert_eq!(values(&page, "src"), ["/docs/search.js"], "{address}");
        for loads in ["<style", " style=", " onclick", "<img", "<iframe", "@import", "url("] {
            assert!(!page.contains(loads), "{address}: {loads}");
        }
    }
}

#[test]
fn each_guide_has_a_page_that_the_others_lead_to() {
    let site = Site::read(&Site::root()).unwrap();
    let pages = pages(&site);
    let files = fs::read_dir(Site::root().join("docs")).unwrap();
    let mut names: Vec<String> = files
        .filter_map(|file| Some(file.unwrap().file_name().to_str()?.strip_suffix(".md")?.to_owned()))
        .collect();
    names.push("overview".to_owned());
    for name in names {
        let address = format!("/docs/guides/{name}");
        assert!(pages.contains_key(&address), "{address}");
        for from in ["/docs", "/docs/guides", "/docs/guides/overview"] {
            assert!(
                values(&pages[from], "href").contains(&address.as_str()),
                "{from} does not list {address}"
            );
        }
    }
}

/// The words of enumerations that the API does not use, with the reason.
const INTERNAL: [(&str, &str); 11] = [
    ("EventKind", "events of callbacks in the terms that marketplaces share"),
    ("Language", "languages of pages, negotiated by `Accept-Language`"),
    ("MailKind", "kinds of mails, which docs/mail.md lists"),
    ("MailStatus", "what became of a mail, which no response shows"),
    ("Receiver", "endpoints and mail, of which lists show endpoints only"),
    ("ReportedState", "what mail providers report, in the terms that they share"),
    ("SuppressionReason", "why an address gets no mail, which no response shows"),
    ("ClickIdTransport", "derived from the marketplace and the setting `click_id_in`"),
    ("Group", "the contract calls it `ReportDimension`"),
    ("ApiVersion", "one version so far, which the reference states"),
    ("TokenScope", "one word, which the reference states"),
];

/// The names of the enumerations that the code defines.
fn defined(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            defined(&path, names);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            for start in ["\nstring_enum! {", "\ncoded! {"] {
                for body in text.split(start).skip(1) {
                    let line = body
                        .lines()
                        .map(str::trim)
                        .find(|line| line.ends_with('{') && !line.starts_with("//"));
                    names.insert(line.unwrap().trim_end_matches([' ', '{']).to_owned());
                }
            }
        }
    }
}

#[test]
fn every_enumeration_of_the_code_is_on_the_page() {
    let site = Site::read(&Site::root()).unwrap();
    let shown: BTreeSet<&str> =
        site.enumerations.iter().map(|enumeration| enumeration.name.as_str()).collect();
    let listed: BTreeSet<&str> = SUBJECTS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
    assert_eq!(shown, listed, "SUBJECTS in enumerations.rs lists each enumeration");
    let mut names = BTreeSet::new();
    defined(&Site::root().join("src"), &mut names);
    for name in &names {
        let is_internal = INTERNAL.iter().any(|(internal, _)| internal == name);
        assert!(
            is_internal != shown.contains(name.as_str()),
            "{name} must be on the page, or in INTERNAL with the reason"
        );
    }
    assert!(
        ["EventType", "HeldReason", "Scope", "Bucket"].iter().all(|name| names.contains(*name)),
        "{names:?}"
    );
    let page = &pages(&site)["/docs/enumerations"];
    for enumeration in &site.enumerations {
        for word in &enumeration.words {
            assert!(!word.meaning.is_empty(), "{}.{} has no meaning", enumeration.name, word.word);
            let anchor = format!(" id=\"{}.{}\"", enumeration.name, word.word);
            assert!(page.contains(&anchor), "{anchor}");
        }
    }
}

/// Lists of words without a name would be on no page. The codes of one response are a part of `ProblemCode`.
#[test]
fn no_schema_lists_words_without_a_name() {
    fn walk(path: &str, value: &serde_json::Value) {
        if let Some(words) = value.get("enum").and_then(serde_json::Value::as_array) {
            // The names and the words of settings differ by marketplace, so that a guide explains them.
            let exempt = ["/properties/code", "/propertyNames", "/settings/properties/click_id_in"];
            let is_exempt = exempt.iter().any(|end| path.ends_with(end));
            let is_choice = words.len() > 1 && !is_exempt;
            assert!(!is_choice, "{path}: {words:?}");
        }
        match value {
            serde_json::Value::Object(fields) => {
                fields
                    .iter()
                    .filter(|(name, _)| *name != "example")
                    .for_each(|(name, value)| walk(&format!("{path}/{name}"), value));
            }
            serde_json::Value::Array(items) => items.iter().for_each(|item| walk(path, item)),
            _ => {}
        }
    }
    walk("", &signpost::openapi::document());
}

#[test]
fn the_reference_links_each_enumeration_that_it_uses() {
    let site = Site::read(&Site::root()).unwrap();
    let links = pages(&site);
    let links = values(&links["/docs"], "href");
    // Lines of imports, which have no schema, use it.
    let unreferenced = ["ImportedClass"];
    for enumeration in &site.enumerations {
        let is_linked = links.contains(&enumeration.address().as_str());
        assert_eq!(is_linked, !unreferenced.contains(&enumeration.name.as_str()), "{}", enumeration.name);
    }
}
