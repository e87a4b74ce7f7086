//! Imports: layers import in one direction only, and no files import each other in a circle.

use crate::{
    circles::Graph,
    imports::{Crate, Import},
    known_circles::KNOWN_CIRCLES,
    report::{assert_none, note},
    sources::crates,
};
use std::collections::BTreeSet;

/// Each layer, and the other layers that it may import: `edge → api → ledger → store → domain` and
/// `marketplace → domain`, with the documents and the OpenAPI description at the side.
const LAYERS: [(&str, &[&str]); 8] = [
    ("domain", &[]),
    ("marketplace", &["domain"]),
    ("store", &["domain"]),
    ("ledger", &["marketplace", "store", "domain"]),
    ("documents", &["ledger", "domain"]),
    ("api", &["documents", "ledger", "marketplace", "store", "domain"]),
    ("openapi", &["api", "documents", "ledger", "marketplace", "store", "domain"]),
    ("edge", &["api", "documents", "ledger", "marketplace", "store", "domain"]),
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
    let (mut found, mut offences) = (Vec::new(), Vec::new());
    for (name, root) in crates() {
        let imports = Crate::parse(&name, &root).imports();
        let graph = Graph::new(&imports);
        for circle in graph.circles() {
            let known = |known: &&[&str]| circle.iter().all(|file| known.contains(file));
            if !KNOWN_CIRCLES.iter().any(known) {
                offences.push(format!("{} files import each other in a circle:", circle.len()));
                offences.extend(graph.imports_among(&circle));
                offences.push(format!("  as an entry of KNOWN_CIRCLES: &{circle:?}"));
            }
            found.push(circle.into_iter().map(str::to_owned).collect::<Vec<_>>());
        }
    }
    for known in KNOWN_CIRCLES {
        let left: usize = found
            .iter()
            .filter(|circle| circle.iter().all(|file| known.contains(&file.as_str())))
            .map(Vec::len)
            .sum();
        match left {
            0 => offences.push(format!("no longer a circle, so remove it from KNOWN_CIRCLES: {known:?}")),
            left if left < known.len() => note(&format!(
                "KNOWN_CIRCLES: of the {} files from {}, {left} are still in a circle; remove the others",
                known.len(),
                known[0]
            )),
            _ => {}
        }
    }
    assert_none(&offences);
}
