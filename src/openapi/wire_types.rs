//! Types that exist only in addresses, in parameters and in the export, as schemas.

use crate::{
    api::reports::export::End,
    store::{clicks::StoredClick, log::outbox, reports::Group},
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use std::borrow::Cow;

/// A line of the export.
pub struct ExportLine;

impl JsonSchema for ExportLine {
    fn schema_name() -> Cow<'static, str> {
        "ExportLine".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "oneOf": [
            generator.subschema_for::<StoredClick>(),
            generator.subschema_for::<outbox::Line<'_>>(),
            generator.subschema_for::<End>(),
        ] })
    }
}

/// The signed token of a link.
pub struct Token;

impl JsonSchema for Token {
    fn schema_name() -> Cow<'static, str> {
        "Token".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[A-Za-z0-9_-]{1,32}$" })
    }
}

/// The short name of a link.
pub struct Slug;

impl JsonSchema for Slug {
    fn schema_name() -> Cow<'static, str> {
        "Slug".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[a-z0-9][a-z0-9-]{2,39}$" })
    }
}

/// The dimension of a report. The type `Group` has the name of a component that is a row of a report.
pub struct ReportDimension;

impl JsonSchema for ReportDimension {
    fn schema_name() -> Cow<'static, str> {
        "ReportDimension".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Group::json_schema(generator)
    }
}

/// The kind of a callback, which is the last segment of its address.
pub struct CallbackKind;

impl JsonSchema for CallbackKind {
    fn schema_name() -> Cow<'static, str> {
        "CallbackKind".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[a-z-]{1,40}$" })
    }
}
