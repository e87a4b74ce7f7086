//! The texts of `locales/`, formatted by `js/texts.mjs`. A language's file is an asset that is fetched once per isolate, so that
//! texts do not add to the size of the script.

use super::rpc::Stores;
use crate::{
    domain::values::{language::Language, time::Timestamp},
    mail::{Arg, FormatError, Texts},
};
use js_sys::Array;
use wasm_bindgen::prelude::*;
use worker::{Error, Result};

#[wasm_bindgen(raw_module = "host")]
extern "C" {
    #[wasm_bindgen(js_name = hasTexts)]
    fn has_texts(language: &str) -> bool;
    #[wasm_bindgen(catch, js_name = addTexts)]
    fn add_texts(language: &str, source: &str) -> std::result::Result<(), JsValue>;
    #[wasm_bindgen(catch, js_name = textOf)]
    fn text_of(language: &str, id: &str, parts: &Array) -> std::result::Result<String, JsValue>;
}

/// The loaded texts of a language.
#[derive(Clone, Copy)]
pub struct Locale(Language);

impl Locale {
    /// Loads the texts of a language, unless the isolate has them.
    pub async fn load(stores: &Stores, language: Language) -> Result<Self> {
        let name = language.as_str();
        if !has_texts(name) {
            let file = format!("https://assets/locales/{name}/mail.ftl");
            let mut found = stores.env().assets("ASSETS")?.fetch(file, None).await?;
            if found.status_code() != 200 {
                let status = found.status_code();
                return Err(Error::RustError(format!("the texts in {name} were not read: status {status}")));
            }
            add_texts(name, &found.text().await?)?;
        }
        Ok(Self(language))
    }
}

impl Texts for Locale {
    fn language(&self) -> Language {
        self.0
    }

    fn text(&self, id: &str, args: &[(&str, Arg)]) -> std::result::Result<String, FormatError> {
        let parts = Array::new();
        for (name, arg) in args {
            let (kind, first, second) = parts_of(arg);
            for part in [*name, kind, &first, &second] {
                parts.push(&JsValue::from_str(part));
            }
        }
        text_of(self.0.as_str(), id, &parts).map_err(|error| FormatError {
            id: id.to_owned(),
            language: self.0,
            // Fluent's messages name what is missing and repeat no values.
            reason: js_sys::Error::from(error).message().into(),
        })
    }
}

/// Returns the kind of a value and its two parts, as `js/texts.mjs` reads them.
fn parts_of(arg: &Arg) -> (&'static str, String, String) {
    let ms = |at: Timestamp| at.ms().to_string();
    match arg {
        Arg::Text(line) => ("text", line.as_str().to_owned(), String::new()),
        Arg::Number(number) => ("number", number.to_string(), String::new()),
        Arg::Money(money) => {
            let decimal = money.currency.decimal(i128::from(money.amount));
            ("money", decimal, money.currency.code().to_owned())
        }
        Arg::Day(day) => ("time", ms(day.start()), "UTC".to_owned()),
        Arg::Days(first, last) => ("period", ms(first.start()), ms(last.start())),
        Arg::Time(at, zone) => ("time", ms(*at), zone.as_str().to_owned()),
    }
}
