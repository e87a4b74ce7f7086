//! Import circles: files each of which needs all the others, directly or through them.

use crate::imports::Import;
use std::collections::{BTreeMap, BTreeSet};

/// Who imports whom, and what.
pub struct Graph<'a> {
    edges: BTreeMap<&'a str, BTreeMap<&'a str, BTreeSet<&'a str>>>,
}

impl<'a> Graph<'a> {
    /// The imports that a build needs; code for tests may import anything, and a re-export is resolved already.
    pub fn new(imports: &'a [Import]) -> Self {
        let mut edges: BTreeMap<_, BTreeMap<_, BTreeSet<_>>> = BTreeMap::new();
        for Import { from, to, name, .. } in imports.iter().filter(|import| !import.test && !import.reexport)
        {
            let names = edges.entry(from.file.as_str()).or_default().entry(to.file.as_str()).or_default();
            names.insert(name.as_str());
        }
        Self { edges }
    }

    fn reachable(&self, from: &'a str) -> BTreeSet<&'a str> {
        let (mut found, mut waiting) = (BTreeSet::new(), vec![from]);
        while let Some(file) = waiting.pop() {
            for to in self.edges.get(file).into_iter().flat_map(BTreeMap::keys) {
                if found.insert(*to) {
                    waiting.push(to);
                }
            }
        }
        found
    }

    /// All circles, each with its files in order.
    pub fn circles(&self) -> BTreeSet<Vec<&'a str>> {
        let reachable: BTreeMap<&str, BTreeSet<&str>> =
            self.edges.keys().map(|file| (*file, self.reachable(file))).collect();
        let circle = |(file, reached): (&&'a str, &BTreeSet<&'a str>)| {
            let back = |to: &&&'a str| reachable.get(**to).is_some_and(|back| back.contains(*file));
            let files: Vec<&str> = reached.iter().filter(back).copied().collect();
            (!files.is_empty()).then_some(files)
        };
        reachable.iter().filter_map(circle).collect()
    }

    /// The imports inside a circle, a line each.
    pub fn imports_among(&self, files: &[&str]) -> Vec<String> {
        let mut lines = Vec::new();
        for from in files {
            for (to, names) in self.edges.get(from).into_iter().flatten().filter(|(to, _)| files.contains(to))
            {
                let names = names.iter().copied().collect::<Vec<_>>().join(", ");
                lines.push(format!("  {from} imports {names} from {to}"));
            }
        }
        lines
    }
}
