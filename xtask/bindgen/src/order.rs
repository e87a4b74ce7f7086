//! Puts functions that look alike beside each other. A compressor finds a repetition only within its window (32 KiB for
//! gzip), and the copies of one generic function lie all over a module: 8 % of what is uploaded is repeated for that
//! reason alone. What runs is the same; only the numbers of the functions change.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use wasm_encoder::{
    CodeSection, FunctionSection, Module,
    reencode::{Error, Reencode},
};
use wasmparser::{BinaryReaderError, CodeSectionReader, FunctionSectionReader, Parser, Payload, TypeRef};

/// Functions are compared by the runs of this many bytes that they share.
const RUN_BYTES: usize = 6;
/// How far back a compressor sees, with room for what it cannot use of it.
const WINDOW_BYTES: usize = 30_000;
/// A run that more functions have is within any window, and says nothing.
const COMMON: usize = 1_000;
/// Added to every length, so that the shortest functions are not first everywhere.
const LENGTH_OFFSET: u64 = 20;

/// The same module with its functions in another order.
pub fn arrange(wasm: &[u8]) -> Result<Vec<u8>, Error> {
    let (imported, bodies) = functions(wasm)?;
    let order = order(&bodies.into_iter().map(|body| &wasm[body]).collect::<Vec<_>>());
    let mut module = Module::new();
    Arranged::new(imported, order).parse_core_module(&mut module, Parser::new(0), wasm)?;
    Ok(module.finish())
}

/// The number of imported functions, and where the bodies of the others lie.
fn functions(wasm: &[u8]) -> Result<(usize, Vec<Range<usize>>), BinaryReaderError> {
    let mut imported = 0;
    let mut bodies = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    imported += usize::from(matches!(import?.ty, TypeRef::Func(_)));
                }
            }
            Payload::CodeSectionEntry(body) => bodies.push(body.range()),
            _ => {}
        }
    }
    Ok((imported, bodies))
}

/// The runs of bytes of all functions, each under a number of its own.
struct Runs {
    /// The runs of a function, each once.
    of: Vec<Vec<usize>>,
    /// The functions that have a run, and how often each has it.
    having: Vec<Vec<(usize, u64)>>,
    /// What sharing a run is worth: the fewer functions have it, the more.
    worth: Vec<u64>,
}

impl Runs {
    fn of(bodies: &[&[u8]]) -> Self {
        let mut numbers: HashMap<&[u8], usize> = HashMap::new();
        let mut of = vec![Vec::new(); bodies.len()];
        let mut having: Vec<Vec<(usize, u64)>> = Vec::new();
        for (function, body) in bodies.iter().enumerate() {
            for run in body.windows(RUN_BYTES) {
                let number = *numbers.entry(run).or_insert(having.len());
                if number == having.len() {
                    having.push(Vec::new());
                }
                match having[number].last_mut() {
                    Some((last, times)) if *last == function => *times += 1,
                    _ => {
                        having[number].push((function, 1));
                        of[function].push(number);
                    }
                }
            }
        }
        let worth = |functions: usize| match functions {
            2..=COMMON => 4096 / u64::try_from(functions.isqrt()).unwrap_or(u64::MAX),
            _ => 0,
        };
        let worth = having.iter().map(|functions| worth(functions.len())).collect();
        Self { of, having, worth }
    }
}

/// What a compressor has in its window, and what that is worth to each function.
struct Window<'r> {
    runs: &'r Runs,
    functions: VecDeque<(usize, usize)>,
    bytes: usize,
    /// How many functions within have a run.
    held: Vec<u32>,
    worth: Vec<u64>,
}

impl Window<'_> {
    fn push(&mut self, function: usize, bytes: usize) {
        self.functions.push_back((function, bytes));
        self.bytes += bytes;
        for &run in &self.runs.of[function] {
            self.held[run] += 1;
            if self.held[run] == 1 {
                for &(other, times) in &self.runs.having[run] {
                    self.worth[other] += self.runs.worth[run] * times;
                }
            }
        }
        while self.bytes > WINDOW_BYTES && self.functions.len() > 1 {
            self.pop();
        }
    }

    fn pop(&mut self) {
        let Some((function, bytes)) = self.functions.pop_front() else { return };
        self.bytes -= bytes;
        for &run in &self.runs.of[function] {
            self.held[run] -= 1;
            if self.held[run] == 0 {
                for &(other, times) in &self.runs.having[run] {
                    self.worth[other] -= self.runs.worth[run] * times;
                }
            }
        }
    }
}

/// The numbers of `bodies`, the longest first, and then always the one of which the window holds most already.
fn order(bodies: &[&[u8]]) -> Vec<usize> {
    let runs = Runs::of(bodies);
    let (held, worth) = (vec![0; runs.having.len()], vec![0; bodies.len()]);
    let mut window = Window { runs: &runs, functions: VecDeque::new(), bytes: 0, held, worth };
    let mut left: Vec<usize> = (0..bodies.len()).collect();
    left.sort_by_key(|&function| std::cmp::Reverse(bodies[function].len()));
    let mut order = Vec::with_capacity(bodies.len());
    while let Some(next) = best(&left, bodies, &window.worth) {
        let function = left.remove(next);
        order.push(function);
        window.push(function, bodies[function].len());
    }
    order
}

/// The place in `left` of the function that is known best, byte for byte; the first of equals.
fn best(left: &[usize], bodies: &[&[u8]], worth: &[u64]) -> Option<usize> {
    let score = |function: usize| {
        let length = u64::try_from(bodies[function].len()).unwrap_or(u64::MAX);
        (worth[function] << 10) / length.saturating_add(LENGTH_OFFSET)
    };
    let mut best = None;
    for (place, &function) in left.iter().enumerate() {
        let score = score(function);
        if best.is_none_or(|(_, highest)| score > highest) {
            best = Some((place, score));
        }
    }
    best.map(|(place, _)| place)
}

/// Writes a module again with its functions in `order`.
struct Arranged {
    order: Vec<usize>,
    /// By a function's former number, its present one; imported functions keep theirs.
    numbers: Vec<u32>,
}

impl Arranged {
    fn new(imported: usize, order: Vec<usize>) -> Self {
        let former = (0..imported).chain(order.iter().map(|&function| imported + function));
        let mut numbers = vec![0; imported + order.len()];
        for (present, former) in (0..).zip(former) {
            numbers[former] = present;
        }
        Self { order, numbers }
    }
}

impl Reencode for Arranged {
    type Error = std::convert::Infallible;

    fn function_index(&mut self, function: u32) -> Result<u32, Error> {
        Ok(self.numbers[usize::try_from(function).unwrap_or(usize::MAX)])
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: FunctionSectionReader<'_>,
    ) -> Result<(), Error> {
        let types = section.into_iter().collect::<Result<Vec<_>, _>>()?;
        for &function in &self.order {
            functions.function(types[function]);
        }
        Ok(())
    }

    fn parse_code_section(
        &mut self,
        code: &mut CodeSection,
        section: CodeSectionReader<'_>,
    ) -> Result<(), Error> {
        let bodies = section.into_iter().collect::<Result<Vec<_>, _>>()?;
        for function in self.order.clone() {
            self.parse_function_body(code, bodies[function].clone())?;
        }
        Ok(())
    }
}
