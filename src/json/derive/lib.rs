//! `#[derive(FromJson)]` for structs: a call a field, where serde's derive writes a visitor, a list of names and a loop. It
//! reads serde's own attributes as far as they are used here (`rename_all`, `rename`, `alias`, `default`,
//! `deny_unknown_fields`), so that one struct can have both; any other attribute does not compile. A field whose `null` is
//! not the same as its absence is marked `#[json(present)]`: absent is `None`, and what is there is `Some` of it.

use proc_macro::TokenStream;
use proc_macro2::{Ident, Span, TokenStream as Tokens};
use quote::{ToTokens, format_ident, quote};
use syn::{
    Attribute, Data, DeriveInput, Error, Field, Fields, Lifetime, LitStr, Result, Type, TypePath,
    ext::IdentExt, meta::ParseNestedMeta, parse_macro_input,
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

/// What a struct's attributes say.
struct Form {
    case: Case,
    is_closed: bool,
}

impl Form {
    fn of(attributes: &[Attribute]) -> Result<Self> {
        let mut form = Self { case: Case::Snake, is_closed: false };
        each(attributes, |meta| {
            if meta.path.is_ident("deny_unknown_fields") {
                form.is_closed = true;
                return Ok(());
            }
            if !meta.path.is_ident("rename_all") {
                return Err(meta.error("FromJson does not know this attribute"));
            }
            form.case = match text(&meta)?.as_str() {
                "snake_case" => Case::Snake,
                "camelCase" => Case::Camel,
                "PascalCase" => Case::Pascal,
                "kebab-case" => Case::Kebab,
                _ => return Err(meta.error("FromJson does not know this case")),
            };
            Ok(())
        })?;
        Ok(form)
    }
}

impl Case {
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
    is_present: bool,
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
            } else if meta.path.is_ident("present") {
                how.is_present = true;
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

fn named(field: &Field) -> Result<&Ident> {
    field.ident.as_ref().ok_or_else(|| Error::new_spanned(field, "FromJson needs names"))
}

/// Whether a type is known to have a default.
fn is_plain(of: &Type) -> bool {
    const PLAIN: [&str; 10] =
        ["String", "Option", "Vec", "bool", "BTreeMap", "u8", "u16", "u32", "u64", "i64"];
    let Type::Path(TypePath { path, .. }) = of else { return false };
    path.segments.last().is_some_and(|last| PLAIN.iter().any(|plain| last.ident == plain))
}

/// The expression that reads a field.
fn read(field: &Field, case: Case) -> Result<Tokens> {
    let (ident, how) = (named(field)?, How::of(field)?);
    let name = how.rename.unwrap_or_else(|| case.spell(&ident.unraw().to_string()));
    let alias = how.alias.unwrap_or_else(|| name.clone());
    if how.is_present {
        return Err(Error::new_spanned(field, "only a struct that denies unknown fields has these"));
    }
    let (is_default, is_plain) = (how.is_default, is_plain(&field.ty));
    let value = if alias != name && (is_default || is_plain) {
        quote!(object.either(#name, #alias, #is_default))
    } else if is_default {
        quote!(object.plain_or_default(#name))
    } else if is_plain {
        quote!(object.plain(#name))
    } else {
        quote!(object.field(#name, #alias)?)
    };
    Ok(quote!(#ident: #value))
}

/// The body that reads a struct whose unknown fields are refused: member by member, in their order.
fn read_closed(fields: &[&Field], case: Case) -> Result<Tokens> {
    let (mut names, mut slots, mut arms, mut values) = (vec![], vec![], vec![], vec![]);
    for (index, field) in fields.iter().enumerate() {
        let (ident, how) = (named(field)?, How::of(field)?);
        if how.alias.is_some() {
            return Err(Error::new_spanned(field, "a struct that denies unknown fields has no aliases"));
        }
        let name = how.rename.unwrap_or_else(|| case.spell(&ident.unraw().to_string()));
        let slot = format_ident!("field_{index}");
        slots.push(quote!(let mut #slot = None;));
        arms.push(if how.is_present {
            quote!(#index => ::json::FromJson::from_json(node).map(|read| #slot = Some(Some(read))))
        } else {
            quote!(#index => ::json::FromJson::from_json(node).map(|read| #slot = Some(read)))
        });
        values.push(if how.is_default || how.is_present {
            quote!(#ident: #slot.unwrap_or_default())
        } else {
            quote!(#ident: ::json::given(#name, #slot)?)
        });
        names.push(name);
    }
    Ok(quote! {
        const NAMES: &[&str] = &[#(#names),*];
        let object = node.object()?;
        #(#slots)*
        let mut members = object.members(NAMES);
        while let Some((which, node)) = members.next()? {
            members.noted(match which { #(#arms,)* _ => Ok(()) })?;
        }
        Ok(Self { #(#values),* })
    })
}

fn implement(input: &DeriveInput) -> Result<Tokens> {
    let Data::Struct(data) = &input.data else {
        return Err(Error::new_spanned(input, "FromJson is for structs"));
    };
    let (name, generics) = (&input.ident, &input.generics);
    let body = match &data.fields {
        Fields::Named(fields) => {
            let Form { case, is_closed } = Form::of(&input.attrs)?;
            if is_closed {
                read_closed(&fields.named.iter().collect::<Vec<_>>(), case)?
            } else {
                let fields =
                    fields.named.iter().map(|field| read(field, case)).collect::<Result<Vec<_>>>()?;
                quote! {
                    let object = node.object()?;
                    let read = Self { #(#fields),* };
                    object.found().map(|()| read)
                }
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
    // What borrows, borrows from the text.
    let (parameters, text) = match generics.lifetimes().next() {
        Some(borrowed) => (generics.params.to_token_stream(), borrowed.lifetime.clone()),
        None => {
            let (text, parameters) = (Lifetime::new("'json", Span::call_site()), &generics.params);
            (quote!(#text, #parameters), text)
        }
    };
    // Inline, so that a type of a crate that is compiled for speed is read by code that is compiled for size.
    Ok(quote! {
        impl<#parameters> ::json::FromJson<#text> for #name #types #bounds {
            #[inline]
            fn from_json(node: ::json::Node<#text, '_>) -> ::core::result::Result<Self, ::json::Refusal> {
                #body
            }
        }
    })
}
