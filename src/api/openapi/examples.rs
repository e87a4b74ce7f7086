//! Examples: what the API really takes and answers. `tests/native/openapi/mod.rs` records them from a Ledger and fails when they
//! are no longer true.

use super::super::operation::Operation;
use serde_json::Value;

const RECORDED: &str = include_str!("../../../fixtures/api_examples.json");

fn recorded(operation: Operation, part: &str) -> Option<Value> {
    let all: Value = serde_json::from_str(RECORDED).ok()?;
    all.get(operation.id())?.get(part).cloned()
}

/// A body that `operation` takes.
pub fn request(operation: Operation) -> Option<Value> {
    recorded(operation, "request")
}

/// What it answers.
pub fn answer(operation: Operation) -> Option<Value> {
    super::edge::example(operation).or_else(|| recorded(operation, "answer"))
}

/// How it refuses, and the status of that.
pub fn refusal(operation: Operation) -> Option<Value> {
    recorded(operation, "refusal")
}
