//! Rows of a list as CSV. The columns are the fields of the rows; those of nested objects are named `outer.inner`, and a list
//! within a row is one cell of JSON. Text that a spreadsheet would evaluate is defused.

use super::failure::Failure;
use crate::{
    documents::table::{csv, escape_formula},
    store::{SqlError, value::json_text},
};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{MapAccess, Visitor},
};
use serde_json::Value;

/// A row of a list.
pub trait Row: Serialize {
    /// The header of a table without rows. The fields of nested objects that may be absent are among the columns; a test compares
    /// them with the OpenAPI description.
    const COLUMNS: &'static str;
}

/// An object's fields in their order.
struct Fields(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Fields;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

/// Adds the cells of a field under its name.
fn flatten(name: String, value: Value, cells: &mut Vec<(String, Option<String>)>) {
    let cell = match value {
        Value::Object(fields) if !fields.is_empty() => {
            return fields
                .into_iter()
                .for_each(|(inner, value)| flatten(format!("{name}.{inner}"), value, cells));
        }
        Value::Null | Value::Object(_) => None,
        Value::String(text) => Some(escape_formula(&text)),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) => Some(value.to_string()),
    };
    cells.push((name, cell));
}

/// The table, which always begins with its header.
pub fn render<T: Row>(rows: &[T]) -> Result<String, Failure> {
    if rows.is_empty() {
        return Ok(format!("{}\r\n", T::COLUMNS));
    }
    let mut table = Vec::with_capacity(rows.len());
    // Every page of a list has the same columns in the same order, whatever is absent from its rows.
    let mut columns: Vec<String> = T::COLUMNS.split(',').map(str::to_owned).collect();
    for row in rows {
        let unreadable = |error: serde_json::Error| SqlError::Engine(error.to_string());
        let Fields(fields) = serde_json::from_str(&json_text(row)?).map_err(unreadable)?;
        let mut cells = Vec::new();
        fields.into_iter().for_each(|(name, value)| flatten(name, value, &mut cells));
        for (place, (name, _)) in cells.iter().enumerate() {
            if !columns.contains(name) {
                // Beside the column that it follows in this row.
                let before = place.checked_sub(1).and_then(|before| cells.get(before));
                let after = before.and_then(|(before, _)| columns.iter().position(|column| column == before));
                columns.insert(after.map_or(columns.len(), |after| after.saturating_add(1)), name.clone());
            }
        }
        table.push(cells);
    }
    // An object that is absent from some rows has no column of its own beside those of its fields.
    let nested: Vec<String> = columns.iter().map(|column| format!("{column}.")).collect();
    let is_object = |prefix: &String| columns.iter().any(|column| column.starts_with(prefix));
    let kept: Vec<&String> = columns
        .iter()
        .zip(&nested)
        .filter(|(_, prefix)| !is_object(prefix))
        .map(|(column, _)| column)
        .collect();
    Ok(csv(|writer| {
        writer.write_record(kept.iter().map(|column| escape_formula(column)))?;
        for cells in &table {
            let cell = |column: &String| {
                cells.iter().find(|(name, _)| name == column).and_then(|(_, cell)| cell.clone())
            };
            writer.write_record(kept.iter().map(|column| cell(column).unwrap_or_default()))?;
        }
        Ok(())
    })?)
}
