//! Time zones from the engine's `Intl`, which needs no bundled table and has current rules.

use crate::domain::values::{time::Timestamp, zone::Zones};
use js_sys::{Array, Object, Reflect};
use std::cell::RefCell;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[derive(Clone)]
    #[wasm_bindgen(js_namespace = Intl)]
    type DateTimeFormat;
    #[wasm_bindgen(constructor, catch, js_namespace = Intl)]
    fn new(locale: &str, options: &Object) -> Result<DateTimeFormat, JsValue>;
    #[wasm_bindgen(method, catch, js_name = formatToParts)]
    fn format_to_parts(this: &DateTimeFormat, at_ms: f64) -> Result<Array, JsValue>;
}

/// Time zones of `Intl`. It caches the formatter of the last zone, because a report needs the same one a hundred times.
#[derive(Default)]
pub struct IntlZones {
    last: RefCell<Option<(String, DateTimeFormat)>>,
}

impl IntlZones {
    fn formatter(&self, zone: &str) -> Option<DateTimeFormat> {
        if let Some((name, formatter)) = &*self.last.borrow()
            && name == zone
        {
            return Some(formatter.clone());
        }
        // Intl also accepts offsets such as "+02:00", which are not IANA names.
        if !zone.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return None;
        }
        let options = Object::new();
        for (name, value) in [("timeZone", zone), ("timeZoneName", "longOffset")] {
            Reflect::set(&options, &name.into(), &value.into()).ok()?;
        }
        let formatter = DateTimeFormat::new("en-US", &options).ok()?;
        *self.last.borrow_mut() = Some((zone.to_owned(), formatter.clone()));
        Some(formatter)
    }
}

impl Zones for IntlZones {
    fn offset_seconds(&self, zone: &str, at: Timestamp) -> Option<i64> {
        // UTC needs no formatter, which costs as much as the rest of a conversion.
        if zone == "UTC" {
            return Some(0);
        }
        let parts = self.formatter(zone)?.format_to_parts(super::milliseconds(at.ms())).ok()?;
        let get = |part: &JsValue, name: &str| Reflect::get(part, &name.into()).ok()?.as_string();
        let name = parts.iter().find(|part| get(part, "type").as_deref() == Some("timeZoneName"))?;
        parse_offset(&get(&name, "value")?)
    }
}

/// Parses `GMT`, `GMT+05:45` or `GMT-00:44:30` (ECMA-402, `longOffset`) and returns the offset in seconds.
fn parse_offset(text: &str) -> Option<i64> {
    let offset = text.strip_prefix("GMT")?;
    if offset.is_empty() {
        return Some(0);
    }
    let sign = if offset.starts_with('-') { -1i64 } else { 1 };
    let mut seconds = 0i64;
    for (part, unit) in offset.get(1..)?.split(':').zip([3600i64, 60, 1]) {
        seconds = seconds.checked_add(part.parse::<i64>().ok()?.checked_mul(unit)?)?;
    }
    seconds.checked_mul(sign)
}
