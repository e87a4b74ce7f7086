//! What each file of a crate imports, from its syntax tree: `use` declarations and paths in code, resolved through modules
//! and re-exports to the file that defines the name.
//!
//! A re-export alone is no import: a module that only passes a name on does not depend on it.

use crate::sources::ROOT;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};
use syn::{
    Attribute, Item, ItemMod, ItemUse, Macro, UseTree, Visibility,
    ext::IdentExt,
    visit::{self, Visit},
};

/// Other crates that are layers. A path that begins with one of them leaves the crate.
const OTHER_CRATES: [&str; 1] = ["domain"];

/// A resolved path may pass through this many re-exports.
const MAX_ALIASES: usize = 16;

/// A module of a crate: a file, or a block in one.
#[derive(Default)]
struct Module {
    /// Its names from the crate's root; empty for the root.
    path: Vec<String>,
    /// The file that holds it, from the repository's root.
    file: String,
    parent: usize,
    children: BTreeMap<String, usize>,
    /// What it defines, except modules.
    items: BTreeSet<String>,
    /// What its `use` declarations name, and the path of each.
    aliases: BTreeMap<String, Vec<String>>,
    globs: Vec<Vec<String>>,
    mentions: Vec<Mention>,
}

/// A path in a module's code.
struct Mention {
    path: Vec<String>,
    /// Whether it is in code for tests only.
    test: bool,
    /// Whether the module only passes it on.
    reexport: bool,
}

/// An import that was found: `from` needs `name`, which `to` defines.
pub struct Import {
    pub from: Place,
    pub to: Place,
    pub name: String,
    /// Whether only code for tests needs it.
    pub test: bool,
    /// Whether one of the two files only passes the name on.
    pub reexport: bool,
}

/// A file and the layer that it belongs to.
#[derive(Clone)]
pub struct Place {
    pub file: String,
    /// The first module below the crate's root, or the crate if it is not ours.
    pub layer: String,
}

/// A crate's modules. The first is its root.
pub struct Crate {
    name: String,
    modules: Vec<Module>,
}

/// Where a path leads.
enum Target {
    /// The module that defines what the path names.
    Module(usize),
    /// A module that only passes it on.
    Reexport(usize),
    OtherCrate(String),
}

impl Crate {
    /// Parses a crate from its root file, a path from the repository's root.
    pub fn parse(name: &str, root: &str) -> Self {
        let mut parsed = Self {
            name: name.to_owned(),
            modules: vec![Module { file: root.to_owned(), ..Module::default() }],
        };
        let folder = Path::new(root).parent().unwrap().to_owned();
        let items = parse(root);
        parsed.read(0, items, &folder, false);
        parsed
    }

    /// Reads a module's items. Its child modules are files in `folder`.
    fn read(&mut self, module: usize, items: Vec<Item>, folder: &Path, test: bool) {
        for item in items {
            let test = test || attributes(&item).iter().any(is_for_tests);
            match item {
                Item::Mod(child) => self.read_child(module, child, folder, test),
                Item::Use(used) => self.read_use(module, &used, test),
                Item::ExternCrate(_) => {}
                other => {
                    if let Some(name) = name_of(&other) {
                        self.modules[module].items.insert(name);
                    }
                    let mut paths = Paths::default();
                    paths.visit_item(&other);
                    for used in &paths.uses {
                        self.read_use(module, used, test);
                    }
                    self.modules[module].mentions.extend(paths.found.into_iter().map(|path| Mention {
                        path,
                        test,
                        reexport: false,
                    }));
                }
            }
        }
    }

    fn read_child(&mut self, parent: usize, child: ItemMod, folder: &Path, test: bool) {
        let name = child.ident.unraw().to_string();
        let below = folder.join(&name);
        let (file, items) = match child.content {
            Some((_, items)) => (self.modules[parent].file.clone(), items),
            None => {
                let file = file_of(&child.attrs, &name, folder);
                let items = parse(&file);
                (file, items)
            }
        };
        let path = self.modules[parent].path.iter().cloned().chain([name.clone()]).collect();
        let number = self.modules.len();
        self.modules.push(Module { path, file, parent, ..Module::default() });
        self.modules[parent].children.insert(name, number);
        self.read(number, items, &below, test);
    }

    fn read_use(&mut self, module: usize, used: &ItemUse, test: bool) {
        let reexport = !matches!(used.vis, Visibility::Inherited);
        for (alias, path) in leaves(&used.tree) {
            match alias {
                None => self.modules[module].globs.push(path.clone()),
                Some(alias) => {
                    self.modules[module].aliases.insert(alias, path.clone());
                }
            }
            self.modules[module].mentions.push(Mention { path, test, reexport });
        }
    }

    /// All imports from one file to another, or to another crate.
    pub fn imports(&self) -> Vec<Import> {
        let mut found = Vec::new();
        for (number, module) in self.modules.iter().enumerate() {
            for Mention { path, test, reexport } in &module.mentions {
                for target in self.resolve(number, path) {
                    let reexport = *reexport || matches!(target, Target::Reexport(_));
                    let to = match target {
                        Target::Module(to) | Target::Reexport(to) if self.modules[to].file == module.file => {
                            continue;
                        }
                        Target::Module(to) | Target::Reexport(to) => self.place(to),
                        Target::OtherCrate(name) => Place { file: name.clone(), layer: name },
                    };
                    let name = path.last().cloned().unwrap_or_default();
                    found.push(Import { from: self.place(number), to, name, test: *test, reexport });
                }
            }
        }
        found
    }

    fn place(&self, module: usize) -> Place {
        let Module { path, file, .. } = &self.modules[module];
        Place { file: file.clone(), layer: path.first().cloned().unwrap_or_else(|| self.name.clone()) }
    }

    /// Where a path in a module leads: the modules that pass its name on, and last the one that defines it. Paths into
    /// crates from elsewhere lead nowhere.
    fn resolve(&self, from: usize, path: &[String]) -> Vec<Target> {
        let mut found = Vec::new();
        self.follow(from, path, 0, &mut found);
        found
    }

    fn follow(&self, from: usize, path: &[String], aliases: usize, found: &mut Vec<Target>) {
        let Some((first, rest)) = path.split_first() else { return };
        let module = &self.modules[from];
        match first.as_str() {
            "crate" => self.descend(0, rest, aliases, found),
            "self" if rest.first().is_some_and(|name| name == "super") => {
                self.follow(from, rest, aliases, found)
            }
            "self" => self.descend(from, rest, aliases, found),
            "super" => {
                // `super::super` climbs once for each.
                let climbed = rest.iter().take_while(|name| *name == "super").count();
                let top = (0..climbed).fold(module.parent, |at, _| self.modules[at].parent);
                self.descend(top, &rest[climbed..], aliases, found);
            }
            // A single name is a variable as often as a module.
            name if !rest.is_empty() && module.children.contains_key(name) => {
                self.descend(from, path, aliases, found);
            }
            name if module.items.contains(name) => {}
            name if OTHER_CRATES.contains(&name) && name != self.name => {
                found.push(Target::OtherCrate(name.to_owned()));
            }
            name if module.aliases.contains_key(name) => self.descend(from, path, aliases, found),
            name => {
                if let Some(glob) = self.glob_with(from, name, aliases) {
                    self.descend(glob, path, aliases, found);
                }
            }
        }
    }

    /// Walks down from a module.
    fn descend(&self, from: usize, path: &[String], aliases: usize, found: &mut Vec<Target>) {
        let module = &self.modules[from];
        let Some((first, rest)) = path.split_first() else { return found.push(Target::Module(from)) };
        if let Some(child) = module.children.get(first) {
            return self.descend(*child, rest, aliases, found);
        }
        if module.items.contains(first) {
            return found.push(Target::Module(from));
        }
        if let Some(alias) = module.aliases.get(first).filter(|_| aliases < MAX_ALIASES) {
            if OTHER_CRATES.contains(&alias[0].as_str()) && alias[0] != self.name {
                return found.push(Target::OtherCrate(alias[0].clone()));
            }
            found.push(Target::Reexport(from));
            let whole: Vec<String> = alias.iter().chain(rest).cloned().collect();
            return self.follow(from, &whole, aliases + 1, found);
        }
        match self.glob_with(from, first, aliases) {
            Some(glob) => self.descend(glob, path, aliases, found),
            // A macro made it, or it is no module's: an associated item, for instance.
            None => found.push(Target::Module(from)),
        }
    }

    /// The module whose names a module takes as a whole and that has this one.
    fn glob_with(&self, from: usize, name: &str, aliases: usize) -> Option<usize> {
        if aliases == MAX_ALIASES {
            return None;
        }
        self.modules[from].globs.iter().find_map(|glob| {
            let mut found = Vec::new();
            // Not through other globs or re-exports: a circle of them would not end.
            self.follow(from, glob, MAX_ALIASES, &mut found);
            let Some(Target::Module(module)) = found.pop() else { return None };
            let Module { items, children, aliases, .. } = &self.modules[module];
            let has = items.contains(name) || children.contains_key(name) || aliases.contains_key(name);
            (module != from && has).then_some(module)
        })
    }
}

/// Paths in code, and the `use` declarations inside functions.
#[derive(Default)]
struct Paths {
    found: Vec<Vec<String>>,
    uses: Vec<ItemUse>,
}

impl<'ast> Visit<'ast> for Paths {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.found.push(path.segments.iter().map(|segment| segment.ident.unraw().to_string()).collect());
        visit::visit_path(self, path);
    }

    fn visit_item_use(&mut self, used: &'ast ItemUse) {
        self.uses.push(used.clone());
    }

    /// `pub(super)` names no dependency.
    fn visit_vis_restricted(&mut self, _: &'ast syn::VisRestricted) {}

    fn visit_macro(&mut self, called: &'ast Macro) {
        visit::visit_macro(self, called);
        self.found.extend(paths_in(&called.tokens.to_string()));
    }
}

/// Paths of several names in the tokens of a macro, which have no syntax of their own.
fn paths_in(tokens: &str) -> Vec<Vec<String>> {
    let is_name = |word: &str| word.starts_with(|c: char| c.is_alphabetic() || c == '_');
    let spaced = tokens.replace("::", " :: ");
    let mut found: Vec<Vec<String>> = Vec::new();
    let mut joined = false;
    for word in spaced
        .split(|c: char| c.is_whitespace() || "(){}[],;&*<>=!$#.".contains(c))
        .filter(|word| !word.is_empty())
    {
        match word {
            "::" => joined = true,
            name if is_name(name) => {
                match found.last_mut().filter(|_| joined) {
                    Some(path) => path.push(name.to_owned()),
                    None => found.push(vec![name.to_owned()]),
                }
                joined = false;
            }
            _ => joined = false,
        }
    }
    found.retain(|path| path.len() > 1);
    found
}

/// What a `use` declaration names: each name it brings in, or none for all names of a module, with its path.
fn leaves(tree: &UseTree) -> Vec<(Option<String>, Vec<String>)> {
    let below = |name: String, tree: &UseTree| {
        let prefixed = leaves(tree).into_iter().map(|(alias, path)| {
            // `a::{self}` brings in `a`.
            let alias = alias.map(|alias| if alias == "self" { name.clone() } else { alias });
            (alias, [vec![name.clone()], path].concat())
        });
        prefixed.collect()
    };
    match tree {
        UseTree::Path(path) => below(path.ident.unraw().to_string(), &path.tree),
        UseTree::Name(name) if name.ident == "self" => vec![(Some("self".to_owned()), Vec::new())],
        UseTree::Name(name) => {
            let name = name.ident.unraw().to_string();
            vec![(Some(name.clone()), vec![name])]
        }
        UseTree::Rename(rename) if rename.ident == "self" => {
            vec![(Some(rename.rename.to_string()), Vec::new())]
        }
        UseTree::Rename(rename) => {
            vec![(Some(rename.rename.to_string()), vec![rename.ident.unraw().to_string()])]
        }
        UseTree::Glob(_) => vec![(None, Vec::new())],
        UseTree::Group(group) => group.items.iter().flat_map(leaves).collect(),
    }
}

fn parse(file: &str) -> Vec<Item> {
    let text =
        fs::read_to_string(Path::new(ROOT).join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
    syn::parse_file(&text).unwrap_or_else(|error| panic!("{file}: {error}")).items
}

/// The file of `mod name;`, declared in a module whose child modules are in `folder`.
fn file_of(attributes: &[Attribute], name: &str, folder: &Path) -> String {
    assert!(
        !attributes.iter().any(|one| one.path().is_ident("path")),
        "mod {name}: #[path] hides where a module is"
    );
    let candidates: [PathBuf; 2] = [folder.join(format!("{name}.rs")), folder.join(name).join("mod.rs")];
    let file = candidates.iter().find(|file| Path::new(ROOT).join(file).is_file());
    file.unwrap_or_else(|| panic!("mod {name}: no file in {folder:?}")).to_string_lossy().into_owned()
}

fn is_for_tests(attribute: &Attribute) -> bool {
    let condition = attribute.meta.require_list().map(|list| list.tokens.to_string());
    attribute.path().is_ident("test")
        || attribute.path().is_ident("cfg") && condition.is_ok_and(|condition| condition == "test")
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Const(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

fn name_of(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(name.unraw().to_string())
}
