//! stub
use super::{fetch::Exchange, http::Refusal};
use worker::{Request, Response};
pub fn is_callback(path: &str) -> bool { path.starts_with("/callbacks/") }
pub async fn answer(_: &Exchange<'_>, _: Request, _: &str) -> Result<Response, Refusal> { Err(crate::api::problem::Problem::not_found().into()) }
