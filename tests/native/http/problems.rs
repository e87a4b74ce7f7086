//! The one problem that JavaScript answers by itself, because no wasm instance is asked after a panic.

use signpost::api::http::problems::{Code, Problem};

#[test]
fn a_panic_is_answered_with_the_contracts_problem() {
    let script = include_str!("../../../src/edge/js/entry.mjs");
    let constant = script.split("const INTERNAL_ERROR =").nth(1).and_then(|rest| rest.split('\'').nth(1));
    let problem = Problem::new(Code::Internal, "Try again; the log tells more.").response();
    assert_eq!(constant, Some(problem.body.as_str()));
    assert_eq!(problem.status, 500);
    assert_eq!(script.matches("new Response(INTERNAL_ERROR, { status: 500, headers })").count(), 1);
}
