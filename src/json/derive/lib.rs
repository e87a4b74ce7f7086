//! `#[derive(FromJson)]` for structs: a call a field, where serde's derive writes a visitor, a list of names and a loop. It
//! reads serde's own attributes as far as they are used here (`rename_all`, `rename`, `alias`, `default`), so that one
//! struct can have both; any other attribute does not compile. A field whose type only serde can read is marked
//! `#[json(serde)]`.

use proc_macro::TokenStream;
use proc_macro2::TokenStream as Tokens;
use quote::quote;
use syn::{
    Attribute, Data, DeriveInput, Error, Field, Fields, LitStr, Result, ext::IdentExt, meta::ParseNestedMeta,
    parse_macro_input,
};

/// Implements `json::FromJson`.
#[proc_macro_derive(FromJson, attributes(serde, json))]
pub fn from_json(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    implement(&input).unwrap_or_else(Error::into_compile_error).into()
}

/// Runs over what stands in `#[serde(…)]` and `#[json(…)]`.
fn each(attributes: &[Attribute], mut read: impl FnMut(ParseNestedMeta<'_>) -> Result<()>) -> Result<()> {
    let ours =
        |attribute: &&Attribute| attribute.path().is_ident("serde") || attribute.path().is_ident("json");
    attributes.iter().filter(ours).try_for_each(|attribute| attribute.parse_nested_meta(&mut read))
}

fn text(meta: &ParseNestedMeta<'_>) -> Result<String> {
    Ok(meta.value()?.parse::<LitStr>()?.value())
}

/// How fields are spelt in JSON.
#[derive(Clone, Copy)]
enum Case {
    Snake,
    Camel,
    Pascal,
    Kebab,
}

impl Case {
    fn of(attributes: &[Attribute]) -> Result<Self> {
        let mut case = Self::Snake;
        each(attributes, |meta| {
            if !meta.path.is_ident("rename_all") {
                return Err(meta.error("FromJson does not know this attribute"));
            }
            case = match text(&meta)?.as_str() {
                "snake_case" => Self::Snake,
                "camelCase" => Self::Camel,
                "PascalCase" => Self::Pascal,
                "kebab-case" => Self::Kebab,
                _ => return Err(meta.error("FromJson does not know this case")),
            };
            Ok(())
        })?;
        Ok(case)
    }

    fn spell(self, field: &str) -> String {
        let mut spelt = String::new();
        for (place, word) in field.split('_').enumerate() {
            let capital = matches!((self, place), (Self::Pascal, _) | (Self::Camel, 1..));
            match (self, place) {
                (Self::Snake, 1..) => spelt.push('_'),
                (Self::Kebab, 1..) => spelt.push('-'),
                _ => {}
            }
            let mut letters = word.chars();
            if capital {
                spelt.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
            }
            spelt.extend(letters);
        }
        spelt
    }
}

/// What a field's attributes say.
#[derive(Default)]
struct How {
    rename: Option<String>,
    alias: Option<String>,
    is_default: bool,
    is_serde: bool,
}

impl How {
    fn of(field: &Field) -> Result<Self> {
        let mut how = Self::default();
        each(&field.attrs, |meta| {
            if meta.path.is_ident("rename") {
                how.rename = Some(text(&meta)?);
            } else if meta.path.is_ident("alias") {
                how.alias = Some(text(&meta)?);
            } else if meta.path.is_ident("default") {
                how.is_default = true;
            } else if meta.path.is_ident("serde") {
                how.is_serde = true;
            } else if meta.path.is_ident("skip_serializing_if") {
                text(&meta)?; // none of our business
            } else {
                return Err(meta.error("FromJson does not know this attribute"));
            }
            Ok(())
        })?;
        Ok(how)
    }
}

/// The expression that reads a field.
fn read(field: &Field, case: Case) -> Result<Tokens> {
    let ident = field.ident.as_ref().ok_or_else(|| Error::new_spanned(field, "FromJson needs names"))?;
    let how = How::of(field)?;
    let name = how.rename.unwrap_or_else(|| case.spell(&ident.unraw().to_string()));
    let alias = how.alias.unwrap_or_else(|| name.clone());
    let value = match (how.is_serde, how.is_default) {
        (false, false) => quote!(object.field(#name, #alias)?),
        (false, true) => quote!(object.field_or_default(#name, #alias)?),
        (true, false) => quote!(object.by_serde(#name, #alias)?),
        (true, true) => quote!(object.by_serde_or_default(#name, #alias)?),
    };
    Ok(quote!(#ident: #value))
}

fn implement(input: &DeriveInput) -> Result<Tokens> {
    let Data::Struct(data) = &input.data else {
        return Err(Error::new_spanned(input, "FromJson is for structs"));
    };
    let (name, generics) = (&input.ident, &input.generics);
    let body = match &data.fields {
        Fields::Named(fields) => {
            let case = Case::of(&input.attrs)?;
            let fields = fields.named.iter().map(|field| read(field, case)).collect::<Result<Vec<_>>>()?;
            quote! {
                let object = node.object()?;
                Ok(Self { #(#fields),* })
            }
        }
        Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
            quote!(::json::FromJson::from_json(node).map(Self))
        }
        Fields::Unnamed(_) | Fields::Unit => {
            return Err(Error::new_spanned(input, "FromJson is for structs with names"));
        }
    };
    let (_, types, bounds) = generics.split_for_impl();
    let parameters = &generics.params;
    Ok(quote! {
        impl<'json, #parameters> ::json::FromJson<'json> for #name #types #bounds {
            fn from_json(node: ::json::Node<'json, '_>) -> ::core::result::Result<Self, ::json::Refusal> {
                #body
            }
        }
    })
}
