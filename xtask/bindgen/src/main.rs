//! `bindgen <in.wasm> <out dir>`: writes `index.js`, `index_bg.wasm`, and the crates' own snippets of JavaScript.
//!
//! This is a separate crate, so that xtask compiles in seconds and this crate, which takes longer, is built in parallel
//! with npm and the Worker. The library crate of wasm-bindgen compiles in a fifth of the time that its command-line
//! tool takes, and Cargo.lock pins its version.

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
        // The names of functions are a sixth of the file. Panic messages contain the source position without them.
        .remove_name_section(true)
        .remove_producers_section(true)
        // With `true`, the wasm module is imported, which is how Workers load wasm.
        .module(true)
        .and_then(|bindgen| bindgen.generate(output));
    let script = Path::new(output).join("index.js");
    match written.map_err(Box::<dyn Error>::from).and_then(|()| Ok(replace_source_imports(&script)?)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bindgen: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Replaces `import source`, which bindgen writes, with `import`. In Workers, a plain `import` of a `.wasm` file
/// returns the compiled module.
fn replace_source_imports(script: &Path) -> std::io::Result<()> {
    let text = std::fs::read_to_string(script)?;
    std::fs::write(script, text.replace("import source ", "import "))
}
