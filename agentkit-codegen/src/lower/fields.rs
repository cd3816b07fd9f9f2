//! Fields of records and inputs: defaults, bounds, and how a setter takes them.

use agentkit_spec::model::{self, Ty};
use proc_macro2::{Literal, TokenStream};
use quote::quote;
use serde_json::Value;

use super::coerce;
use super::template::{absent, text_literal};
use super::types::{self, FieldName, is_text};
use crate::{ir, names};

/// A field with everything the tables need.
pub(crate) fn lower(name: &FieldName<'_>, input: bool) -> ir::Field {
    let field = name.field;
    let mut rules = Vec::new();
    if let Some(form) = types::wire_form(&field.ty) {
        rules.push(quote!(.form(#form)));
    }
    if input {
        rules.extend(bounds(field));
    }
    ir::Field {
        ident: name.ident.clone(),
        wire: field.name.clone(),
        ty: types::rust_field(name),
        about: field.about.clone(),
        rules,
        setter: setter(name),
        start: start(field),
        plain: plain(field),
    }
}

/// Whether the default of an input is that of its type: none, nothing in it, zero, the default of its own enum.
fn plain(field: &model::Field) -> bool {
    match (&field.default, &field.ty) {
        (None | Some(Value::Null), _)
        | (Some(Value::Bool(false)), Ty::Bool)
        | (Some(Value::String(_)), Ty::Enum(_)) => true,
        (Some(Value::String(text)), ty) if is_text(ty) => text.is_empty(),
        (Some(Value::Number(number)), _) => number.as_i64() == Some(0),
        (Some(Value::Array(items)), _) => items.is_empty(),
        (Some(Value::Object(pairs)), Ty::Map(_)) => pairs.is_empty(),
        _ => false,
    }
}

/// The value of an input that is left out; `None` where it must be given.
pub(crate) fn default_of(field: &model::Field) -> Option<TokenStream> {
    match &field.default {
        Some(value) => Some(literal(value, &field.ty)),
        None if matches!(field.ty, Ty::Opt(_)) => Some(quote!(None)),
        None => None,
    }
}

fn start(field: &model::Field) -> ir::Start {
    match default_of(field) {
        Some(code) => ir::Start::Default(code),
        None => ir::Start::Argument { blank: blank(&field.ty) },
    }
}

fn bounds(field: &model::Field) -> Vec<TokenStream> {
    let mut rules = Vec::new();
    if field.default.is_some() {
        rules.push(quote!(.keeps()));
    }
    if let Some(min) = field.min {
        let min = types::number(min);
        rules.push(quote!(.min(#min)));
    }
    if let Some(max) = field.max {
        let max = types::number(max);
        rules.push(quote!(.max(#max)));
    }
    if let Some(pattern) = &field.pattern {
        rules.push(quote!(.pattern(#pattern)));
    }
    match types::scalar(&field.ty) {
        Ty::Email => rules.push(quote!(.check(Check::Email))),
        Ty::Url => rules.push(quote!(.check(Check::Url))),
        _ => {}
    }
    rules
}

/// What a setter takes and how it becomes the field; `new` takes the same.
fn setter(name: &FieldName<'_>) -> ir::Setter {
    let ident = &name.ident;
    let inner = types::inner(&name.field.ty);
    let (takes, mut made) = match inner {
        ty if is_text(ty) => (quote!(impl Into<String>), quote!(#ident.into())),
        Ty::Bytes(_) => (quote!(impl Into<Bytes>), quote!(#ident.into())),
        Ty::List(item) if is_text(item) => {
            (quote!(impl IntoIterator<Item = impl Into<String>>), quote!(#ident.into_iter().map(Into::into).collect()))
        }
        ty => (types::rust(ty), quote!(#ident)),
    };
    if name.boxed {
        made = quote!(Box::new(#made));
    }
    if matches!(name.field.ty, Ty::Opt(_)) {
        made = quote!(Some(#made));
    }
    ir::Setter { takes, made }
}

/// What stands in a required field before it is read.
fn blank(ty: &Ty) -> TokenStream {
    match ty {
        ty if is_text(ty) => quote!(""),
        Ty::List(item) if is_text(item) => quote!([""; 0]),
        Ty::List(_) => quote!(Vec::new()),
        Ty::Int(_) => quote!(0),
        Ty::Float => quote!(0.0),
        Ty::Bool => quote!(false),
        Ty::Map(_) => quote!(IndexMap::new()),
        Ty::Json => quote!(Value::Null),
        ty => {
            let ty = types::rust(ty);
            quote!(#ty::default())
        }
    }
}

/// Data of the spec as Rust of a type.
fn literal(value: &Value, ty: &Ty) -> TokenStream {
    match (value, ty) {
        (Value::Null, ty) => absent(ty),
        (value, Ty::Opt(item)) => {
            let code = literal(value, item);
            quote!(Some(#code))
        }
        (Value::String(text), Ty::Enum(of)) => coerce::literal(of, text),
        (Value::String(text), ty) if is_text(ty) => text_literal(text),
        (Value::Bool(value), Ty::Bool) => quote!(#value),
        (Value::Number(number), Ty::Float) => {
            let number = Literal::f64_unsuffixed(number.as_f64().unwrap_or_default());
            quote!(#number)
        }
        (Value::Number(number), Ty::Int(_)) => {
            let number = types::number(number.as_i64().unwrap_or_default());
            quote!(#number)
        }
        (Value::Array(items), Ty::List(_)) if items.is_empty() => quote!(Vec::new()),
        (Value::Array(items), Ty::List(item)) => {
            let items = items.iter().map(|value| literal(value, item));
            quote!(Vec::from([#(#items),*]))
        }
        (Value::Object(pairs), Ty::Map(_)) if pairs.is_empty() => quote!(IndexMap::new()),
        (Value::Object(pairs), Ty::Map(item)) => {
            let pairs = pairs.iter().map(|(key, value)| {
                let value = literal(value, item);
                quote!((#key.to_owned(), #value))
            });
            quote!(IndexMap::from([#(#pairs),*]))
        }
        // Times, bytes, files and records: read as a call's own arguments would be.
        (value, ty) => {
            let (text, ty) = (value.to_string(), types::rust(ty));
            quote!(filters::constant::<#ty>(#text))
        }
    }
}

/// The Rust name of an argument struct of a hook.
pub(crate) fn args_name(hook: &str) -> String {
    format!("{}Args", names::pascal(hook))
}
