//! `replay <file> [<database>]`: rebuilds a Ledger from an export of `GET /v1/export` (with all pages appended) and
//! compares its balances and counts with the original's. The exit code is 1 if they differ.

use anyhow::{Context, Result, bail};
use signpost::{
    replay::{Lag, ReplayReport, Totals, replay},
    store::{
        native::NativeSql,
        schema::{LEDGER, migrate},
    },
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::BufReader,
    path::Path,
    process::ExitCode,
};

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<bool> {
    let mut arguments = std::env::args_os().skip(1);
    let file = arguments.next().context("usage: replay <export.ndjson> [<database to write>]")?;
    let sql = match arguments.next() {
        Some(path) if Path::new(&path).exists() => bail!("{} exists; name a new file", path.display()),
        Some(path) => NativeSql::open(Path::new(&path))?,
        None => NativeSql::in_memory()?,
    };
    migrate(&sql, LEDGER)?;
    let lines =
        BufReader::new(File::open(&file).with_context(|| format!("{} cannot be read", file.display()))?);
    let found = replay(lines, &sql)?;
    println!("replayed {} events and {} clicks", found.events, found.clicks);
    Ok(report(&found))
}

/// Prints the comparison and returns whether everything is equal.
fn report(found: &ReplayReport) -> bool {
    for discrepancy in &found.discrepancies {
        println!("BOOKS {discrepancy}");
    }
    println!("books: {}", if found.discrepancies.is_empty() { "balance" } else { "DO NOT BALANCE" });
    let Some(original) = &found.original else {
        println!("original: not in this export (it was cut by `from`); nothing to compare with");
        return found.discrepancies.is_empty();
    };
    let Lag { on_their_way, newer_clicks, newer_events } = found.lag;
    if newer_events > 0 {
        println!("original: {newer_events} events are newer than the export; export again to compare");
        return found.discrepancies.is_empty();
    }
    let balances = compare("balances", &by_text(original), &by_text(&found.rebuilt));
    let (mut counts, mut rebuilt) = (logged(original), logged(&found.rebuilt));
    if on_their_way > 0 || newer_clicks > 0 {
        println!(
            "clicks: not compared, because {on_their_way} were still on their way to the original's counts and \
             {newer_clicks} are newer than the export; export again to compare"
        );
        for counts in [&mut counts, &mut rebuilt] {
            counts.retain(|name, _| !CLICK_COUNTS.contains(&name.as_str()));
        }
    }
    let counts = compare("counts", &counts, &rebuilt);
    balances && counts && found.discrepancies.is_empty()
}

/// The counts that clicks alone change.
const CLICK_COUNTS: [&str; 7] =
    ["clicks", "unique_clicks", "duplicate", "bot", "prefetch", "revoked", "expired"];

/// The counts of what is in the log. Visits with invented tokens are counted and not kept.
fn logged(totals: &Totals) -> BTreeMap<String, String> {
    let mut counts = totals.counts.clone();
    counts.remove("invalid");
    counts
}

/// Formats balances as text: earned, pending, payable, paid, reversed.
fn by_text(totals: &Totals) -> BTreeMap<String, String> {
    totals.balances.iter().map(|(owner, parts)| (owner.clone(), parts.join(" "))).collect()
}

fn compare(what: &str, original: &BTreeMap<String, String>, rebuilt: &BTreeMap<String, String>) -> bool {
    let names: BTreeSet<&String> = original.keys().chain(rebuilt.keys()).collect();
    let show = |value: Option<&String>| value.map_or("nothing", String::as_str).to_owned();
    let differing: Vec<_> =
        names.into_iter().filter(|name| original.get(*name) != rebuilt.get(*name)).collect();
    for name in &differing {
        println!(
            "DIFFERS {what} {name}: original {}, rebuilt {}",
            show(original.get(*name)),
            show(rebuilt.get(*name))
        );
    }
    let verdict = if differing.is_empty() { "equal the original's" } else { "DIFFER from the original's" };
    println!("{what}: {verdict} ({} compared)", original.len());
    differing.is_empty()
}
