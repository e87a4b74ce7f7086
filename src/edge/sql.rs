//! Implements [`Sql`] over a Durable Object's `ctx.storage`. `worker` 0.8.7 lacks `transactionSync`, and cursors whose
//! exceptions are caught (an uncaught exception would retire the wasm instance).

use crate::store::{Row, Sql, SqlError, Value, value::MAX_SAFE_INTEGER};
use js_sys::{Array, JsString, Uint8Array};
use wasm_bindgen::{JsCast, JsValue, closure::ScopedClosure, prelude::*};

#[wasm_bindgen]
extern "C" {
    type RawStorage;
    #[wasm_bindgen(method, catch, js_name = transactionSync)]
    fn transaction_sync(this: &RawStorage, body: &JsValue) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, getter)]
    fn sql(this: &RawStorage) -> RawSql;

    type RawSql;
    #[wasm_bindgen(method, catch, variadic)]
    fn exec(this: &RawSql, query: &str, bindings: &Array) -> Result<RawCursor, JsValue>;

    type RawCursor;
    #[wasm_bindgen(method, catch)]
    fn raw(this: &RawCursor) -> Result<RawRows, JsValue>;

    type RawRows;
    #[wasm_bindgen(method, catch, js_name = toArray)]
    fn to_array(this: &RawRows) -> Result<Array, JsValue>;

    type TextEncoder;
    #[wasm_bindgen(constructor)]
    fn new() -> TextEncoder;
    #[wasm_bindgen(method)]
    fn encode(this: &TextEncoder, text: &JsValue) -> Uint8Array;
}

thread_local! {
    static ENCODER: TextEncoder = TextEncoder::new();
}

/// The length from which texts are converted by the engine's encoder. The conversion of wasm-bindgen goes letter by
/// letter, which is faster only for short texts.
const LONG_TEXT_LENGTH: u32 = 512;

/// Converts a value if it is a long text.
fn long_text(value: &JsValue) -> Option<String> {
    if value.dyn_ref::<JsString>()?.length() < LONG_TEXT_LENGTH {
        return None;
    }
    String::from_utf8(ENCODER.with(|encoder| encoder.encode(value)).to_vec()).ok()
}

/// The database of a Durable Object.
pub struct DurableSql {
    storage: RawStorage,
    sql: RawSql,
}

impl DurableSql {
    /// Returns the database of `ctx.storage`.
    pub fn new(storage: JsValue) -> Self {
        let storage: RawStorage = storage.unchecked_into();
        let sql = storage.sql();
        Self { storage, sql }
    }
}

fn engine_error(error: JsValue) -> SqlError {
    let message = error.dyn_ref::<js_sys::Error>().map(|error| String::from(error.message()));
    SqlError::Engine(message.unwrap_or_else(|| format!("{error:?}")))
}

fn to_js(value: &Value) -> Result<JsValue, SqlError> {
    Ok(match value {
        Value::Null => JsValue::NULL,
        Value::Int(n) if n.unsigned_abs() > MAX_SAFE_INTEGER.unsigned_abs() => {
            return Err(SqlError::UnsafeInteger(*n));
        }
        Value::Int(n) => JsValue::from_f64(super::milliseconds(*n)),
        Value::Text(text) => JsValue::from_str(text),
    })
}

#[allow(clippy::as_conversions, reason = "checked: a whole number within ±(2^53 − 1) is exact as i64")]
fn from_js(value: &JsValue, column: usize) -> Result<Value, SqlError> {
    if let Some(number) = value.as_f64() {
        let whole = number as i64;
        let exact = number.fract() == 0.0 && whole.unsigned_abs() <= MAX_SAFE_INTEGER.unsigned_abs();
        return if exact {
            Ok(Value::Int(whole))
        } else {
            Err(SqlError::Shape { column, expected: "a safe integer" })
        };
    }
    if let Some(text) = long_text(value).or_else(|| value.as_string()) {
        return Ok(Value::Text(text));
    }
    if value.is_null() {
        Ok(Value::Null)
    } else {
        Err(SqlError::Shape { column, expected: "an integer or text" })
    }
}

impl Sql for DurableSql {
    fn exec(&self, sql: &str, args: &[Value]) -> Result<Vec<Row>, SqlError> {
        let bindings = Array::new();
        for arg in args {
            bindings.push(&to_js(arg)?);
        }
        let rows =
            self.sql.exec(sql, &bindings).and_then(|cursor| cursor.raw()).and_then(|rows| rows.to_array());
        let read = |row: JsValue| {
            let row: Array = row.unchecked_into();
            row.iter()
                .enumerate()
                .map(|(column, value)| from_js(&value, column))
                .collect::<Result<_, _>>()
                .map(Row)
        };
        rows.map_err(engine_error)?.iter().map(read).collect()
    }

    fn atomically(&self, body: &mut dyn FnMut() -> bool) -> Result<(), SqlError> {
        let mut committed = None;
        let mut is_begun = false;
        let thrown = {
            let mut run = || -> Result<JsValue, JsValue> {
                is_begun = true;
                let commit = body();
                committed = Some(commit);
                // The engine rolls back if the callback throws.
                if commit { Ok(JsValue::UNDEFINED) } else { Err(JsValue::from_str("rolled back")) }
            };
            // This compiles with panic=abort and with panic=unwind, unlike `&mut dyn FnMut` as an argument.
            let closure =
                ScopedClosure::<dyn FnMut() -> Result<JsValue, JsValue>>::borrow_mut_assert_unwind_safe(
                    &mut run,
                );
            self.storage.transaction_sync(closure.as_js_value()).err()
        };
        // `catch` also catches a trap in the body. The engine has rolled back, but the body's borrows are still held.
        // Therefore the trap is thrown on, which retires the instance.
        if let Some(trap) = thrown.as_ref().filter(|_| is_begun && committed.is_none()) {
            wasm_bindgen::throw_val(trap.clone());
        }
        match (committed, thrown) {
            (Some(true), None) | (Some(false), _) => Ok(()),
            (_, Some(error)) => Err(engine_error(error)),
            (None, None) => Err(SqlError::Engine("the engine did not run the transaction".to_owned())),
        }
    }

    fn script(&self, sql: &str) -> Result<(), SqlError> {
        self.sql.exec(sql, &Array::new()).map(drop).map_err(engine_error)
    }
}
