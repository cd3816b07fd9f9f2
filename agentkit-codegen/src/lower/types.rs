//! Types of the language as Rust types, and the fields of records by their Rust names.

use std::collections::{BTreeMap, BTreeSet};

use agentkit_spec::model::{self, BytesForm, DatetimeForm, IntForm, Ty};
use proc_macro2::{Ident, TokenStream};
use quote::quote;

use crate::names::{self, Taken};

/// The records of a connector, outputs of tools included.
#[derive(Debug)]
pub(crate) struct Types<'a> {
    records: BTreeMap<&'a str, Vec<FieldName<'a>>>,
}

/// A field of a record with its Rust name.
#[derive(Debug, Clone)]
pub(crate) struct FieldName<'a> {
    /// As the spec has it.
    pub(crate) field: &'a model::Field,
    /// As Rust has it.
    pub(crate) ident: Ident,
    /// The value is in a box, since the record contains itself.
    pub(crate) boxed: bool,
}

impl<'a> Types<'a> {
    /// All records of a connector.
    pub(crate) fn new(connector: &'a model::Connector) -> Self {
        let outputs = connector.tools.iter().filter_map(|tool| tool.output_record.as_ref());
        let all: Vec<&model::Record> = connector.types.iter().chain(outputs).collect();
        let inside: BTreeMap<&str, Vec<&str>> = all.iter().map(|record| (record.name.as_str(), held(record))).collect();
        let records = all
            .iter()
            .map(|record| {
                let mut fields = name_fields(&record.fields);
                for name in &mut fields {
                    // Only an `opt` can end a record that holds itself.
                    name.boxed = matches!(name.field.ty, Ty::Opt(_))
                        && holds(&name.field.ty).is_some_and(|inner| reaches(&inside, inner, &record.name));
                }
                (record.name.as_str(), fields)
            })
            .collect();
        Self { records }
    }

    /// The fields of a record.
    pub(crate) fn fields(&self, record: &str) -> &[FieldName<'a>] {
        self.records.get(record).map_or(&[], Vec::as_slice)
    }

    /// A field of a record.
    pub(crate) fn field(&self, record: &str, name: &str) -> Option<&FieldName<'a>> {
        self.fields(record).iter().find(|known| known.field.name == name)
    }
}

/// Fields with their Rust names, told apart where two would be the same.
pub(crate) fn name_fields(fields: &[model::Field]) -> Vec<FieldName<'_>> {
    let mut taken = Taken::default();
    fields
        .iter()
        .map(|field| {
            let ident = names::ident(&taken.take(&names::field(&field.name)));
            FieldName { field, ident, boxed: false }
        })
        .collect()
}

/// The Rust type.
pub(crate) fn rust(ty: &Ty) -> TokenStream {
    match ty {
        Ty::String | Ty::Email | Ty::Url => quote!(String),
        Ty::Int(_) => quote!(i64),
        Ty::Float => quote!(f64),
        Ty::Bool => quote!(bool),
        Ty::Bytes(_) => quote!(Bytes),
        Ty::Datetime(_) => quote!(Timestamp),
        Ty::Date => quote!(Date),
        Ty::Json => quote!(Value),
        Ty::File => quote!(File),
        Ty::Enum(of) => named(&of.name),
        Ty::List(item) => generic(&quote!(Vec), item),
        Ty::Map(item) => {
            let item = rust(item);
            quote!(IndexMap<String, #item>)
        }
        Ty::Opt(item) => generic(&quote!(Option), item),
        Ty::Record(name) => named(name),
        Ty::Pages(item) => generic(&quote!(Pages), item),
        Ty::Entry(item) => generic(&quote!(filters::Pair), item),
    }
}

/// The Rust type of a field.
pub(crate) fn rust_field(name: &FieldName<'_>) -> TokenStream {
    match &name.field.ty {
        Ty::Opt(item) if name.boxed => {
            let item = rust(item);
            quote!(Option<Box<#item>>)
        }
        ty => rust(ty),
    }
}

/// The Rust type of an argument that is lent: `&'a str`, `Option<&'a [String]>`.
pub(crate) fn lent(ty: &Ty) -> TokenStream {
    match ty {
        Ty::Opt(item) => {
            let item = lent(item);
            quote!(Option<#item>)
        }
        ty if is_copy(ty) => rust(ty),
        ty if is_text(ty) => quote!(&'a str),
        Ty::Bytes(_) => quote!(&'a [u8]),
        Ty::List(item) => {
            let item = rust(item);
            quote!(&'a [#item])
        }
        ty => {
            let ty = rust(ty);
            quote!(&'a #ty)
        }
    }
}

/// Whether values are copied rather than moved.
pub(crate) fn is_copy(ty: &Ty) -> bool {
    match ty {
        Ty::Int(_) | Ty::Float | Ty::Bool | Ty::Datetime(_) | Ty::Date => true,
        Ty::Enum(of) => !of.open,
        Ty::Opt(item) => is_copy(item),
        _ => false,
    }
}

/// Whether the type is `String` in Rust.
pub(crate) fn is_text(ty: &Ty) -> bool {
    matches!(ty, Ty::String | Ty::Email | Ty::Url)
}

/// Whether two types are the same in Rust.
pub(crate) fn same(a: &Ty, b: &Ty) -> bool {
    rust(a).to_string() == rust(b).to_string()
}

/// What is inside an `opt`, or the type itself.
pub(crate) fn inner(ty: &Ty) -> &Ty {
    match ty {
        Ty::Opt(item) => item,
        ty => ty,
    }
}

/// What a list holds; anything for what is no list.
pub(crate) fn item(ty: &Ty) -> &Ty {
    match ty {
        Ty::List(item) | Ty::Map(item) | Ty::Pages(item) => item,
        ty => ty,
    }
}

/// The scalar at the bottom of a type.
pub(crate) fn scalar(ty: &Ty) -> &Ty {
    match ty {
        Ty::List(item) | Ty::Map(item) | Ty::Opt(item) | Ty::Pages(item) | Ty::Entry(item) => scalar(item),
        ty => ty,
    }
}

/// How the scalar of a type is written, where not in the plain way.
pub(crate) fn wire_form(ty: &Ty) -> Option<TokenStream> {
    match scalar(ty) {
        Ty::Int(IntForm::Text) => Some(quote!(Form::IntText)),
        Ty::Bytes(BytesForm::Base64url) => Some(quote!(Form::Base64url)),
        Ty::Datetime(DatetimeForm::EpochS) => Some(quote!(Form::EpochS)),
        Ty::Datetime(DatetimeForm::EpochMs) => Some(quote!(Form::EpochMs)),
        Ty::Datetime(DatetimeForm::Rfc2822) => Some(quote!(Form::Rfc2822)),
        _ => None,
    }
}

fn generic(outer: &TokenStream, item: &Ty) -> TokenStream {
    let item = rust(item);
    quote!(#outer<#item>)
}

fn named(name: &str) -> TokenStream {
    let name = names::ident(name);
    quote!(#name)
}

/// The records that values of this one hold in place, without a list or a map between.
fn held(record: &model::Record) -> Vec<&str> {
    record.fields.iter().filter_map(|field| holds(&field.ty)).collect()
}

fn holds(ty: &Ty) -> Option<&str> {
    match inner(ty) {
        Ty::Record(name) => Some(name),
        _ => None,
    }
}

fn reaches<'a>(inside: &BTreeMap<&'a str, Vec<&'a str>>, from: &'a str, to: &str) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![from];
    while let Some(name) = open.pop() {
        if name == to {
            return true;
        }
        if seen.insert(name) {
            open.extend(inside.get(name).into_iter().flatten());
        }
    }
    false
}

/// A number, its digits in groups where it is long.
pub(crate) fn number(value: impl Into<i128>) -> proc_macro2::Literal {
    let value = value.into();
    let digits = value.unsigned_abs().to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && digits.len() > 5 && (digits.len() - at).is_multiple_of(3) {
            text.push('_');
        }
        text.push(digit);
    }
    if value < 0 {
        text.insert(0, '-');
    }
    text.parse().unwrap_or_else(|_| proc_macro2::Literal::i128_unsuffixed(value))
}
