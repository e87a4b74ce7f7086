//! How a rule reports: offences fail its test, notes are only printed.

use std::io::{self, Write};

/// Fails with all offences, one a line.
pub fn assert_none(offences: &[String]) {
    assert!(offences.is_empty(), "\n{}\n", offences.join("\n"));
}

/// Prints advice. The test harness hides what a passing test prints with `println!`, but not what it writes itself.
pub fn note(text: &str) {
    // Advice that cannot be printed is no reason to fail.
    drop(writeln!(io::stderr(), "note: {text}"));
}
