//! The macro that declares views: the JSON forms of things, as events and API responses show them.

/// Declares views with what each needs: serialization, and the JSON schema where OpenAPI is generated.
macro_rules! view {
    ($($(#[$doc:meta])* pub struct $name:ident { $($(#[$fdoc:meta])* $field:ident: $type:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, serde::Serialize)]
        #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
        pub struct $name { $($(#[$fdoc])* pub $field: $type,)* }
    )*};
}
pub(crate) use view;
