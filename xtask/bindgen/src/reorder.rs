//! Orders the functions of a module by their names, and removes the names. Instances of one generic function have similar code and
//! the same name. Side by side, they are within the 32 KiB in which gzip finds repetitions, which makes the upload 8 % smaller than
//! in the order of wasm-bindgen, which is by size.

use std::{cmp::Reverse, collections::HashMap, convert::Infallible};
use wasm_encoder::{
    CodeSection, FunctionSection, Module,
    reencode::{Error, Reencode},
};
use wasmparser::{
    BinaryReaderError, CodeSectionReader, CustomSectionReader, FunctionSectionReader, KnownCustom, Name,
    Parser, Payload, TypeRef,
};

/// What a module is ordered by.
#[derive(Default)]
struct Functions {
    imported: u32,
    /// The name of each function that has one, by its index.
    names: HashMap<u32, String>,
    /// The size of the code of each function that is not imported.
    sizes: Vec<usize>,
}

impl Functions {
    fn read(wasm: &[u8]) -> Result<Self, BinaryReaderError> {
        let mut functions = Self::default();
        for payload in Parser::new(0).parse_all(wasm) {
            match payload? {
                Payload::ImportSection(imports) => {
                    for import in imports.into_imports() {
                        if matches!(import?.ty, TypeRef::Func(_)) {
                            functions.imported += 1;
                        }
                    }
                }
                Payload::CodeSectionEntry(body) => functions.sizes.push(body.range().len()),
                Payload::CustomSection(section) => functions.read_names(&section)?,
                _ => {}
            }
        }
        Ok(functions)
    }

    fn read_names(&mut self, section: &CustomSectionReader<'_>) -> Result<(), BinaryReaderError> {
        let KnownCustom::Name(names) = section.as_known() else { return Ok(()) };
        for names in names {
            let Name::Function(functions) = names? else { continue };
            for naming in functions {
                let naming = naming?;
                self.names.insert(naming.index, without_hash(naming.name).to_owned());
            }
        }
        Ok(())
    }

    /// Returns the old place of each function in the new order. Imported functions keep theirs.
    fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.sizes.len()).collect();
        let name = |place: &usize| {
            let index = u32::try_from(*place).ok()?.checked_add(self.imported)?;
            self.names.get(&index)
        };
        order.sort_by_key(|place| (name(place), Reverse(self.sizes.get(*place)), *place));
        order
    }
}

/// Returns a mangled name without its hash, which differs between instances: `_ZN4core3fmt5Write17h0123456789abcdefE`.
fn without_hash(name: &str) -> &str {
    name.rfind("17h").and_then(|at| name.get(..at)).unwrap_or(name)
}

/// Writes a module in the new order.
struct Reordered {
    imported: u32,
    order: Vec<usize>,
    /// The new index of each function that is not imported.
    indices: Vec<u32>,
}

impl Reencode for Reordered {
    type Error = Infallible;

    fn function_index(&mut self, index: u32) -> Result<u32, Error> {
        let place = index.checked_sub(self.imported).and_then(|place| usize::try_from(place).ok());
        Ok(place.and_then(|place| self.indices.get(place).copied()).unwrap_or(index))
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: FunctionSectionReader<'_>,
    ) -> Result<(), Error> {
        let types = section.into_iter().collect::<Result<Vec<_>, _>>()?;
        for place in self.order.clone() {
            functions.function(self.type_index(types[place])?);
        }
        Ok(())
    }

    fn parse_code_section(
        &mut self,
        code: &mut CodeSection,
        section: CodeSectionReader<'_>,
    ) -> Result<(), Error> {
        let bodies = section.into_iter().collect::<Result<Vec<_>, _>>()?;
        for place in self.order.clone() {
            self.parse_function_body(code, bodies[place].clone())?;
        }
        Ok(())
    }

    fn parse_custom_section(
        &mut self,
        module: &mut Module,
        section: CustomSectionReader<'_>,
    ) -> Result<(), Error> {
        match section.as_known() {
            // The names are a sixth of the file. Panic messages contain the source position without them.
            KnownCustom::Name(_) => Ok(()),
            _ => wasm_encoder::reencode::utils::parse_custom_section(self, module, section),
        }
    }
}

/// Returns a module with its functions in the order of their names, and without the names.
pub fn by_name(wasm: &[u8]) -> Result<Vec<u8>, Error> {
    let functions = Functions::read(wasm)?;
    let order = functions.order();
    let mut indices = vec![0; order.len()];
    for (index, &place) in (functions.imported..).zip(&order) {
        indices[place] = index;
    }
    let mut module = Module::new();
    Reordered { imported: functions.imported, order, indices }.parse_core_module(
        &mut module,
        Parser::new(0),
        wasm,
    )?;
    Ok(module.finish())
}
