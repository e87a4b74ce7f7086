//! The documentation as a set of files: the contract, the pages, and what the pages load.

use crate::{
    enumerations::{self, Enumeration},
    events,
    guides::{self, Guide},
    reference, search,
};
use anyhow::Result;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// The address of the page of all enumerations.
pub const ENUMERATIONS: &str = "/docs/enumerations";
/// The address of the page of all events.
pub const EVENTS: &str = "/docs/events";
/// The address of the list of guides, and of the guides below it.
pub const GUIDES: &str = "/docs/guides";
/// The address of the reference.
pub const REFERENCE: &str = "/docs";

/// What the pages are made of.
pub struct Site {
    root: PathBuf,
    pub document: Value,
    pub guides: Vec<Guide>,
    pub enumerations: Vec<Enumeration>,
    /// The id of each operation by its method and path, such as `GET /v1/links`.
    operations: BTreeMap<String, String>,
}

/// A file and its path in the directory of the assets.
pub struct File {
    pub path: String,
    pub text: String,
}

impl Site {
    /// Reads the contract from the code and the guides from the repository.
    pub fn read(root: &Path) -> Result<Self> {
        let document = signpost::openapi::document();
        let mut operations = BTreeMap::new();
        for operation in reference::operations(&document) {
            let name = format!("{} {}", operation.method.to_uppercase(), operation.path);
            operations.insert(name, operation.text("operationId").to_owned());
        }
        let enumerations = enumerations::collect(&document);
        let guides = guides::read(root)?;
        Ok(Self { root: root.to_owned(), document, guides, enumerations, operations })
    }

    /// The directory of the repository.
    #[cfg(test)]
    pub fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
    }

    /// All files.
    pub fn files(&self) -> Vec<File> {
        let file = |path: &str, text: String| File { path: path.to_owned(), text };
        let mut files = vec![
            file("openapi.json", self.document.to_string()),
            file("docs.html", reference::render(self)),
            file("docs/enumerations.html", enumerations::render(self)),
            file("docs/events.html", events::render(self)),
            file("docs/guides.html", guides::index(self)),
            file("docs/docs.css", include_str!("docs.css").to_owned()),
            file("docs/search.js", include_str!("search.js").to_owned()),
            file("docs/search-index.js", search::index(self)),
        ];
        for guide in &self.guides {
            files.push(file(&format!("docs/guides/{}.html", guide.name), guides::render(self, guide)));
        }
        files
    }

    /// The enumeration with this name, if the component is one.
    pub fn enumeration(&self, name: &str) -> Option<&Enumeration> {
        self.enumerations.iter().find(|enumeration| enumeration.name == name)
    }

    /// What a link in a file of `folder` leads to: a page, or another site. A file that is not served has no target. The
    /// address of a file that does not exist is returned as it is, and the test of links reports it.
    pub fn target(&self, folder: &str, link: &str) -> Option<String> {
        if link.contains("://") || link.starts_with(['#', '/']) {
            return Some(link.to_owned());
        }
        let (file, fragment) = match link.split_once('#') {
            Some((file, fragment)) => (file, format!("#{fragment}")),
            None => (link, String::new()),
        };
        let path = normal(folder, file);
        if let Some(guide) = self.guides.iter().find(|guide| guide.file == path) {
            return Some(format!("{}{fragment}", guide.address()));
        }
        (!self.root.join(path).exists()).then(|| link.to_owned())
    }

    /// The guide at an address.
    pub fn guide_at(&self, address: &str) -> Option<&Guide> {
        let page = address.split('#').next().unwrap_or(address);
        self.guides.iter().find(|guide| guide.address() == page)
    }

    /// The page that a name in code stands for, such as `docs/terms.md`, `/docs/guides` or `GET /v1/links`, and the title of
    /// a guide.
    pub fn page_of(&self, code: &str) -> Option<(String, Option<&str>)> {
        if let Some(guide) = self.guides.iter().find(|guide| guide.file == code && code.starts_with("docs/"))
        {
            return Some((guide.address(), Some(guide.title.as_str())));
        }
        if [REFERENCE, GUIDES, ENUMERATIONS, EVENTS, "/openapi.json"].contains(&code) {
            return Some((code.to_owned(), None));
        }
        let name = code.split('?').next().unwrap_or(code);
        self.operations.get(name).map(|id| (format!("{REFERENCE}#{id}"), None))
    }
}

/// A path relative to `folder`, without `..`.
fn normal(folder: &str, file: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in file.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}
