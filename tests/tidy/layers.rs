//! Imports: layers import in one direction only, and no files import each other in a circle.

use crate::{
    circles::Graph,
    imports::{Crate, Import},
    report::assert_none,
    sources::crates,
};
use std::collections::BTreeSet;

/// Each layer, and the other layers that it may import: `edge → api → ledger → store → domain` and
/// `marketplace → domain`, with the documents, the mails and the OpenAPI description at the side.
const LAYERS: [(&str, &[&str]); 10] = [
    ("domain", &[]),
    ("mail", &["domain"]),
    ("marketplace", &["domain"]),
    ("store", &["domain"]),
    ("ledger", &["mail", "marketplace", "store", "domain"]),
    ("delivery", &["ledger", "mail", "store", "domain"]),
    ("documents", &["ledger", "domain"]),
    ("api", &["delivery", "documents", "ledger", "mail", "marketplace", "store", "domain"]),
    ("openapi", &["api", "delivery", "documents", "ledger", "mail", "marketplace", "store", "domain"]),
    ("edge", &["api", "delivery", "documents", "ledger", "mail", "marketplace", "store", "domain"]),
];

/// The imports that go against the direction of the layers.
pub fn upward(imports: &[Import]) -> Vec<String> {
    let mut offences = BTreeSet::new();
    for Import { from, to, name, .. } in imports {
        let Some((_, allowed)) = LAYERS.iter().find(|(layer, _)| *layer == from.layer) else { continue };
        let is_layer = LAYERS.iter().any(|(layer, _)| *layer == to.layer);
        if is_layer && from.layer != to.layer && !allowed.contains(&to.layer.as_str()) {
            offences.insert(format!("{}: {} imports {name} from {}", from.file, from.layer, to.layer));
        }
    }
    offences.into_iter().collect()
}

#[test]
fn layers_import_in_one_direction() {
    let imports = crates().into_iter().flat_map(|(name, root)| Crate::parse(&name, &root).imports());
    assert_none(&upward(&imports.collect::<Vec<_>>()));
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let mut offences = Vec::new();
    for (name, root) in crates() {
        let imports = Crate::parse(&name, &root).imports();
        let graph = Graph::new(&imports);
        for circle in graph.circles() {
            offences.push(format!("{} files import each other in a circle:", circle.len()));
            offences.extend(graph.imports_among(&circle));
        }
    }
    assert_none(&offences);
}
