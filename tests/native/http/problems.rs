//! The problems that JavaScript answers (src/problem.mjs) are those of the contract, word for word.

use signpost::api::http::problems::Code;

/// The rows of the table: code, status, title.
fn rows(script: &str) -> Vec<(String, u16, String)> {
    let table = script.split("const PROBLEMS = {").nth(1).and_then(|rest| rest.split("};").next()).unwrap();
    table
        .lines()
        .filter_map(|line| {
            let (code, rest) = line.trim().split_once(": { status: ")?;
            let (status, rest) = rest.split_once(", title: \"")?;
            let (title, _) = rest.rsplit_once("\" },")?;
            Some((code.to_owned(), status.parse().unwrap(), title.to_owned()))
        })
        .collect()
}

#[test]
fn each_is_a_code_of_the_contract() {
    let rows = rows(include_str!("../../../src/problem.mjs"));
    let ours = |code: &str| Code::ALL.iter().find(|known| known.as_str() == code).copied();
    for (code, status, title) in &rows {
        let known = ours(code).unwrap_or_else(|| panic!("{code} is no code of src/api/http/problems.rs"));
        assert_eq!((*status, title.as_str()), (known.status(), known.title()), "{code}");
    }
    let codes: Vec<&str> = rows.iter().map(|(code, ..)| code.as_str()).collect();
    assert_eq!(codes, ["not_found", "body_too_large", "rate_limited", "internal_error", "unavailable"]);
}
