//! What the import rules find in small crates.

use crate::{
    circles::Graph,
    imports::{Crate, Import},
    layers::upward,
};
use std::{fs, path::Path};

/// The imports of a crate with these files. The name keeps the crates of tests that run at once apart.
fn imports(name: &str, files: &[(&str, &str)]) -> Vec<Import> {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    for (file, text) in files {
        let file = root.join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    Crate::parse("signpost", root.join("lib.rs").to_str().unwrap()).imports()
}

/// What is found in `src/domain/links.rs` with this text, below layers as the crate has them.
fn upward_in(name: &str, text: &str) -> Vec<String> {
    let lib = "mod api; mod domain; mod store;";
    let files = [
        ("lib.rs", lib),
        ("domain.rs", "mod links;"),
        ("domain/links.rs", text),
        ("store.rs", "pub struct Sql;"),
    ];
    let api = [("api.rs", "pub use crate::store::Sql; pub struct Call;")];
    let found = upward(&imports(name, &[&files[..], &api[..]].concat()));
    found.into_iter().map(|offence| offence.split_once(": ").unwrap().1.to_owned()).collect()
}

#[test]
fn another_layer_is_found_however_its_import_is_written() {
    let sql = "domain imports Sql from store";
    for (name, text) in [
        ("crate", "use crate::store::Sql;"),
        ("super", "use super::super::store::Sql;"),
        ("group", "use crate::{domain, store::Sql};"),
        ("lines", "use crate::{\n    domain,\n    store::{\n        Sql,\n    },\n};"),
        ("super_group", "use super::super::{\n    store::{self, Sql as Database},\n};"),
        ("self", "use self::super::super::store::Sql;"),
        ("path", "fn run(sql: &crate::store::Sql) {}"),
        ("function", "fn run() { use super::super::store::Sql; }"),
        ("macro", "fn run() { println!(\"{}\", super::super::store::Sql); }"),
        ("block", "mod inner { use super::super::super::store::Sql; }"),
        ("test", "#[cfg(test)] mod tests { use crate::store::Sql; }"),
        ("public", "pub use crate::store::Sql;"),
    ] {
        assert!(upward_in(name, text).contains(&sql.to_owned()), "{name}: {text}");
    }
}

#[test]
fn a_name_that_a_layer_only_passes_on_is_found_as_an_import_of_both() {
    let found = upward_in("passed_on", "use crate::api::Sql;");
    assert_eq!(found, ["domain imports Sql from api", "domain imports Sql from store"]);
}

#[test]
fn a_layer_may_use_its_own_modules_and_other_crates() {
    let text =
        "use super::links; use self::inner::A; mod inner { pub struct A; } use std::fmt; use url::Url;";
    assert_eq!(upward_in("own", text), Vec::<String>::new());
}

/// The circles among these files, with their names alone.
fn circles(name: &str, files: &[(&str, &str)]) -> Vec<Vec<String>> {
    let imports = imports(name, files);
    let file_name = |file: &str| Path::new(file).file_name().unwrap().to_str().unwrap().to_owned();
    let circles = Graph::new(&imports).circles();
    circles.into_iter().map(|circle| circle.into_iter().map(file_name).collect()).collect()
}

#[test]
fn files_that_import_each_other_are_a_circle() {
    let lib = ("lib.rs", "mod a; mod b; mod c; mod d;");
    let files = [
        ("a.rs", "use crate::b::B; pub struct A;"),
        ("b.rs", "pub struct B; fn f() { super::c::g(); }"),
        ("c.rs", "use super::{a::A}; pub fn g() {}"),
        ("d.rs", "use crate::a::A;"),
    ];
    assert_eq!(circles("circle", &[&[lib], &files[..]].concat()), [["a.rs", "b.rs", "c.rs"]]);
}

#[test]
fn a_reexport_or_a_test_makes_no_circle() {
    let files = [
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "pub use b::B; mod b; pub struct A; #[cfg(test)] mod tests { use crate::b::C; }"),
        ("a/b.rs", "use super::A; pub struct B;"),
        ("b.rs", "use crate::a::B; pub struct C;"),
    ];
    assert_eq!(circles("reexport", &files), Vec::<Vec<String>>::new());
    let files = [
        ("lib.rs", "mod a;"),
        ("a.rs", "mod b; pub struct A(b::B);"),
        ("a/b.rs", "use super::*; pub struct B;"),
    ];
    assert_eq!(circles("parent", &files), [["a.rs", "b.rs"]]);
}
