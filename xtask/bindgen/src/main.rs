//! `bindgen <in.wasm> <out dir>`: writes `index.js`, `index_bg.wasm`, and the crates' own snippets of JavaScript.
//!
//! A crate of its own, so that the front door compiles in seconds and this, which takes longer, is built while npm
//! and the Worker's own build run. The library crate of wasm-bindgen compiles in a fifth of the time that its
//! command-line tool takes, and its version is pinned by Cargo.lock like any other.

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let [input, output] = arguments.as_slice() else {
        eprintln!("usage: bindgen <in.wasm> <out dir>");
        return ExitCode::FAILURE;
    };
    let mut bindgen = Bindgen::new();
    let written = bindgen
        .input_path(input)
        .out_name("index")
        .typescript(false)
        // Names of functions are a sixth of the file; a panic names its place in the source by itself.
        .remove_name_section(true)
        .remove_producers_section(true)
        // `true` = the wasm module is imported, which is how Workers load wasm.
        .module(true)
        .and_then(|bindgen| bindgen.generate(output));
    let script = Path::new(output).join("index.js");
    match written.map_err(Box::<dyn Error>::from).and_then(|()| Ok(import_as_workers_do(&script)?)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bindgen: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Workers give a compiled module to a plain `import` of a `.wasm` file; bindgen writes the newer `import source`.
fn import_as_workers_do(script: &Path) -> std::io::Result<()> {
    let text = std::fs::read_to_string(script)?;
    std::fs::write(script, text.replace("import source ", "import "))
}
