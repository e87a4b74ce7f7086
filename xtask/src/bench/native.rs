//! The native benchmarks: criterion's (figures are read from its output files) and the stores' own program.

use super::figure::Figure;
use crate::{process, workspace};
use anyhow::{Context, Result};
use serde::Deserialize;
use std::process::{Command, Stdio};

/// A criterion measurement and its target.
pub struct Criterion {
    name: &'static str,
    at_most_us: Option<f64>,
    compares: &'static str,
}

const fn signature(name: &'static str) -> Criterion {
    Criterion { name, at_most_us: Some(1.0), compares: "native, criterion's median" }
}

pub const TOKENS: &[Criterion] = &[
    signature("token mint"),
    signature("token verify"),
    signature("forged token refuse"),
    signature("click id mint"),
    signature("click id verify"),
];

const fn redirect(name: &'static str) -> Criterion {
    Criterion { name, at_most_us: None, compares: "native, line in, line out, criterion's median" }
}

pub const REDIRECT: &[Criterion] =
    &[redirect("redirect, new visitor"), redirect("redirect, visitor with 8 earlier clicks")];

const fn callback(name: &'static str) -> Criterion {
    Criterion { name, at_most_us: Some(20.0), compares: "native, criterion's median" }
}

const fn public_key(name: &'static str) -> Criterion {
    Criterion { name, at_most_us: Some(2_000.0), compares: "native, criterion's median; keys cached" }
}

pub const SIGNATURES: &[Criterion] = &[
    callback("verify adobe_io_events_legacy_hmac"),
    callback("verify bigcommerce_signed_payload_jwt"),
    callback("verify bigcommerce_signed_payload_legacy"),
    callback("verify bigcommerce_webhook"),
    callback("verify digitalocean_basic_auth"),
    callback("verify digitalocean_sso"),
    callback("verify hubspot_v1"),
    callback("verify hubspot_v2"),
    callback("verify hubspot_v3"),
    callback("verify salesforce_canvas_signed_request"),
    callback("verify salesforce_outbound_message"),
    callback("verify shopify_oauth_query"),
    callback("verify shopify_session_token"),
    callback("verify shopify_webhook"),
    callback("verify woo_saas_billing_webhook"),
    callback("verify woocommerce_webhook"),
    public_key("verify entra_bearer"),
    public_key("verify gcp_marketplace_signup_jwt"),
    public_key("verify pubsub_push_oidc"),
    public_key("verify apple_asn_v2"),
    public_key("verify apple_x5c_chain"),
];

#[derive(Deserialize)]
struct Estimates {
    median: Estimate,
}

#[derive(Deserialize)]
struct Estimate {
    /// Mean time in nanoseconds.
    point_estimate: f64,
}

fn cargo_bench(name: &str) -> Result<Command> {
    let mut cargo = Command::new("cargo");
    cargo.args(["bench", "--quiet", "--package", "signpost", "--bench", name, "--target-dir"]);
    cargo.arg(workspace::target()?).current_dir(workspace::root());
    Ok(cargo)
}

pub fn criterion(bench: &str, measured: &[Criterion], show: &mut dyn FnMut(Figure)) -> Result<()> {
    let home = workspace::target()?.join("criterion");
    let mut cargo = cargo_bench(bench)?;
    cargo.args(["--", "--quiet", "--noplot"]).env("CRITERION_HOME", &home).stdout(Stdio::null());
    process::run(&mut cargo, "Install Rust with rustup (https://rustup.rs)")?;
    for Criterion { name, at_most_us, compares } in measured {
        let file = home.join(name).join("new/estimates.json");
        let text = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        let estimates: Estimates = serde_json::from_str(&text).with_context(|| file.display().to_string())?;
        show(Figure {
            name: (*name).to_owned(),
            value: estimates.median.point_estimate / 1e3,
            unit: "µs".to_owned(),
            at_least: None,
            at_most: *at_most_us,
            compares: (*compares).to_owned(),
        });
    }
    Ok(())
}

pub fn stores(show: &mut dyn FnMut(Figure)) -> Result<()> {
    process::run_lines(&mut cargo_bench("stores")?, |line| {
        show(Figure::parse(line)?);
        Ok(())
    })
}
