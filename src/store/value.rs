//! Values passed to and from SQLite.

use crate::store::error::SqlError;
use serde::de::DeserializeOwned;

/// A value bound to a placeholder or read from a column. There is no float variant, because money must not be a float.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// SQL NULL.
    Null,
    /// An integer within ±(2^53 − 1). Larger ones are passed as text (`CAST(? AS INTEGER)`, `CAST(… AS TEXT)`).
    Int(i64),
    /// Text.
    Text(String),
}

/// The largest integer that a JavaScript number represents exactly.
pub const MAX_SAFE_INTEGER: i64 = 9_007_199_254_740_991;

macro_rules! into_value {
    ($($from:ty),*) => {$(
        impl From<$from> for Value {
            fn from(value: $from) -> Self {
                Self::Int(i64::from(value))
            }
        }
    )*};
}
into_value!(i64, u32, u16, u8, bool);

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A result row. Columns are read by position, in the order of the SELECT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row(pub Vec<Value>);

impl Row {
    /// Reads an integer column.
    pub fn int(&self, column: usize) -> Result<i64, SqlError> {
        match self.0.get(column) {
            Some(Value::Int(value)) => Ok(*value),
            _ => Err(SqlError::Shape { column, expected: "an integer" }),
        }
    }

    /// Reads an integer column that may be NULL.
    pub fn opt_int(&self, column: usize) -> Result<Option<i64>, SqlError> {
        match self.0.get(column) {
            Some(Value::Null) => Ok(None),
            _ => self.int(column).map(Some),
        }
    }

    /// Reads an integer column that holds a 32-bit number (of a partner, listing or link).
    pub fn number(&self, column: usize) -> Result<u32, SqlError> {
        u32::try_from(self.int(column)?).map_err(|_| SqlError::Shape { column, expected: "a 32-bit number" })
    }

    /// Reads a text column.
    pub fn text(&self, column: usize) -> Result<&str, SqlError> {
        match self.0.get(column) {
            Some(Value::Text(value)) => Ok(value),
            _ => Err(SqlError::Shape { column, expected: "text" }),
        }
    }

    /// Reads a text column that may be NULL.
    pub fn opt_text(&self, column: usize) -> Result<Option<&str>, SqlError> {
        match self.0.get(column) {
            Some(Value::Null) => Ok(None),
            _ => self.text(column).map(Some),
        }
    }

    /// Reads a text column that holds an integer beyond 2^53 (`CAST(… AS TEXT)`). NULL, the sum of no rows, is 0.
    pub fn big_int(&self, column: usize) -> Result<i128, SqlError> {
        match self.0.get(column) {
            Some(Value::Null) => Ok(0),
            Some(Value::Int(value)) => Ok(i128::from(*value)),
            Some(Value::Text(text)) => {
                text.parse().map_err(|_| SqlError::Shape { column, expected: "a whole number" })
            }
            None => Err(SqlError::Shape { column, expected: "a whole number" }),
        }
    }
}

impl From<crate::domain::values::string_enum::Word> for Value {
    fn from(word: crate::domain::values::string_enum::Word) -> Self {
        Self::Text(word.0.to_owned())
    }
}

impl Row {
    /// Reads a column that holds an instant in Unix milliseconds.
    pub fn time(&self, column: usize) -> Result<crate::domain::values::time::Timestamp, SqlError> {
        crate::domain::values::time::Timestamp::from_ms(self.int(column)?)
            .ok_or(SqlError::Shape { column, expected: "an instant" })
    }

    /// Reads a column that holds an instant or NULL.
    pub fn opt_time(
        &self,
        column: usize,
    ) -> Result<Option<crate::domain::values::time::Timestamp>, SqlError> {
        match self.opt_int(column)? {
            Some(_) => self.time(column).map(Some),
            None => Ok(None),
        }
    }

    /// Reads a text column with `parse`. `expected` names the form in the error.
    pub fn parsed<T>(
        &self,
        column: usize,
        expected: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, SqlError> {
        parse(self.text(column)?).ok_or(SqlError::Shape { column, expected })
    }

    /// Reads a text column that may be NULL with `parse`.
    pub fn opt_parsed<T>(
        &self,
        column: usize,
        expected: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, SqlError> {
        let text = self.opt_text(column)?;
        text.map(|text| parse(text).ok_or(SqlError::Shape { column, expected })).transpose()
    }

    /// Reads a column of JSON text.
    pub fn json<T: DeserializeOwned>(&self, column: usize) -> Result<T, SqlError> {
        self.parsed(column, "JSON", |text| strict_json::from_str(text).ok())
    }

    /// Reads a text column that may be NULL as an owned string.
    pub fn opt_string(&self, column: usize) -> Result<Option<String>, SqlError> {
        Ok(self.opt_text(column)?.map(str::to_owned))
    }
}

impl From<crate::domain::values::time::Timestamp> for Value {
    fn from(at: crate::domain::values::time::Timestamp) -> Self {
        Self::Int(at.ms())
    }
}

/// Serialises a value for a JSON column.
pub fn json_text<T: serde::Serialize>(value: &T) -> Result<String, SqlError> {
    serde_json::to_string(value).map_err(|error| SqlError::Engine(error.to_string()))
}
