//! `bindgen <in.wasm> <out dir>`: writes `index.js`, `index_bg.wasm`, and the crates' own snippets of JavaScript.
//!
//! This is a separate crate, so that xtask compiles in seconds and this crate, which takes longer, is built in parallel
//! with npm and the Worker. The library crate of wasm-bindgen compiles in a fifth of the time that its command-line
//! tool takes, and Cargo.lock pins its version.

mod reorder;

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
        // `reorder` needs the names of functions, and removes them.
        .remove_name_section(false)
        .remove_producers_section(true)
        // With `true`, the wasm module is imported, which is how Workers load wasm.
        .module(true)
        .and_then(|bindgen| bindgen.generate(output));
    let finished = written.map_err(Box::<dyn Error>::from).and_then(|()| finish(Path::new(output)));
    match finished {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bindgen: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn finish(output: &Path) -> Result<(), Box<dyn Error>> {
    let wasm = output.join("index_bg.wasm");
    std::fs::write(&wasm, reorder::by_name(&std::fs::read(&wasm)?)?)?;
    Ok(replace_source_imports(&output.join("index.js"))?)
}

/// Replaces `import source`, which bindgen writes, with `import`. In Workers, a plain `import` of a `.wasm` file
/// returns the compiled module.
fn replace_source_imports(script: &Path) -> std::io::Result<()> {
    let text = std::fs::read_to_string(script)?;
    std::fs::write(script, text.replace("import source ", "import "))
}
