//! Templates: values written as YAML trees, against a declared type or as JSON.

use agentkit_spec::model::{Expr, Template, TextPart, Ty};
use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::coerce;
use super::expr::{self, Want, chain};
use super::scope::Scope;
use super::types::{self, FieldName};
use super::value::Val;
use super::when;
use crate::names;

/// Rust of a value of type `ty`.
pub(crate) fn owned(scope: &mut Scope<'_>, template: &Template, ty: &Ty) -> TokenStream {
    match (template, ty) {
        (Template::Expr(expr), _) => expr::owned(scope, expr, ty),
        (Template::Null, _) => absent(ty),
        (Template::When { when, then }, _) => {
            let (holds, code) = when::lower(scope, when, |scope| owned(scope, then, types::inner(ty)));
            quote!(if #holds { Some(#code) } else { None })
        }
        (_, Ty::Opt(item)) => {
            let code = owned(scope, template, item);
            quote!(Some(#code))
        }
        (_, Ty::Json) => json(scope, template),
        (Template::Text(text), Ty::Enum(of)) => coerce::literal(of, text),
        (Template::Text(text), Ty::Bytes(_)) => quote!(filters::utf8(#text)),
        (Template::Text(text), _) => text_literal(text),
        (Template::Bool(value), _) => quote!(#value),
        (Template::Int(number), Ty::Float) => {
            #[expect(clippy::cast_precision_loss, reason = "a literal of the spec, written where a float is meant")]
            let number = Literal::f64_unsuffixed(*number as f64);
            quote!(#number)
        }
        (Template::Int(number), _) => {
            let number = types::number(*number);
            quote!(#number)
        }
        (Template::Float(number), _) => {
            let number = Literal::f64_unsuffixed(*number);
            quote!(#number)
        }
        (Template::Concat(parts), _) => concat(scope, parts),
        (Template::Record(fields), Ty::File) => file(scope, fields),
        (Template::Record(fields), Ty::Map(item)) => {
            let mut pairs: Vec<TokenStream> = fields
                .iter()
                .rev()
                .map(|(key, value)| {
                    let value = owned(scope, value, item);
                    quote!((#key.to_owned(), #value))
                })
                .collect();
            pairs.reverse();
            quote!(IndexMap::from([#(#pairs),*]))
        }
        (Template::Record(fields), Ty::Record(name)) => {
            let known = scope.types.fields(name).to_vec();
            let name = names::ident(name);
            let fields = struct_fields(scope, fields, &known, |_| None);
            quote!(#name { #(#fields),* })
        }
        (Template::Record(_), _) => json(scope, template),
        (Template::List(items), _) => {
            let item = types::item(ty);
            let mut items: Vec<TokenStream> = items.iter().rev().map(|one| owned(scope, one, item)).collect();
            items.reverse();
            if items.is_empty() { quote!(Vec::new()) } else { quote!(Vec::from([#(#items),*])) }
        }
        (Template::Each { var, list, item }, _) => {
            let ty = types::item(ty);
            each(scope, var, list, |scope| owned(scope, item, ty))
        }
    }
}

/// `name: value` for every field of a struct; `other` gives what the spec leaves out, else it is absent.
pub(crate) fn struct_fields(
    scope: &mut Scope<'_>,
    given: &[(String, Template)],
    known: &[FieldName<'_>],
    other: impl Fn(&FieldName<'_>) -> Option<TokenStream>,
) -> Vec<TokenStream> {
    let mut fields: Vec<TokenStream> = known
        .iter()
        .rev()
        .map(|name| {
            let ident = &name.ident;
            let value = given.iter().find(|(key, _)| *key == name.field.name);
            let mut code = match value {
                Some((_, value)) => owned(scope, value, &name.field.ty),
                None => other(name).unwrap_or_else(|| absent(&name.field.ty)),
            };
            if name.boxed {
                code = if code.to_string() == "None" { code } else { quote!(#code.map(Box::new)) };
            }
            if *ident == code.to_string() { code } else { quote!(#ident: #code) }
        })
        .collect();
    fields.reverse();
    fields
}

/// Rust of a `&dyn ToJson`, from an expression: written in the form that its type names.
pub(crate) fn sent(scope: &mut Scope<'_>, expr: &Expr) -> TokenStream {
    let Some(form) = types::wire_form(expr.ty()) else { return chain(scope, expr, Want::See).into_json() };
    let code = expr::owned(scope, expr, expr.ty());
    quote!(&filters::written(#code, #form))
}

/// Rust of a `&dyn ToJson`.
pub(crate) fn as_json(scope: &mut Scope<'_>, template: &Template) -> TokenStream {
    match template {
        Template::Expr(expr) => sent(scope, expr),
        Template::Text(text) => quote!(&#text),
        Template::Int(number) => {
            let number = Literal::i64_suffixed(*number);
            quote!(&#number)
        }
        Template::List(items) if !items.is_empty() && items.iter().all(|item| matches!(item, Template::Text(_))) => {
            let items = items.iter().filter_map(|item| if let Template::Text(text) = item { Some(text) } else { None });
            quote!(&[#(#items),*])
        }
        _ => {
            let code = json(scope, template);
            quote!(&#code)
        }
    }
}

/// Rust of a `Value`, or of something that is as good in a `&dyn ToJson`.
pub(crate) fn json(scope: &mut Scope<'_>, template: &Template) -> TokenStream {
    match template {
        Template::Record(fields) => {
            let object = object(scope, fields);
            quote!(#object.value())
        }
        Template::Null => quote!(Value::Null),
        Template::Expr(_) | Template::Text(_) => {
            let code = as_json(scope, template);
            quote!((#code).to_json())
        }
        Template::When { when, then } => {
            let (holds, code) = when::lower(scope, when, |scope| json(scope, then));
            // What is null is left out.
            quote!(if #holds { #code } else { Value::Null })
        }
        Template::Each { var, list, item } => {
            let items = each(scope, var, list, |scope| json(scope, item));
            if may_be_absent(item) {
                quote!(Value::Array(filters::present(#items)))
            } else {
                quote!(Value::Array(#items))
            }
        }
        Template::List(items) if items.iter().any(may_be_absent) => {
            let mut items: Vec<TokenStream> = items
                .iter()
                .rev()
                .map(|item| {
                    let code = json(scope, item);
                    // A `null` that the spec writes stays.
                    if may_be_absent(item) { quote!(filters::present([#code])) } else { quote!(Vec::from([#code])) }
                })
                .collect();
            items.reverse();
            quote!(Value::Array([#(#items),*].concat()))
        }
        Template::List(items) => {
            let mut items: Vec<TokenStream> = items.iter().rev().map(|item| json(scope, item)).collect();
            items.reverse();
            quote!(Value::Array(Vec::from([#(#items),*])))
        }
        Template::Bool(_) | Template::Int(_) | Template::Float(_) => {
            let code = owned(scope, template, &Ty::Bool);
            quote!(Value::from(#code))
        }
        Template::Concat(parts) => {
            let code = concat(scope, parts);
            quote!(Value::String(#code))
        }
    }
}

/// Whether an item of a list may be left out.
fn may_be_absent(item: &Template) -> bool {
    match item {
        Template::Expr(expr) => matches!(expr.ty(), Ty::Opt(_)),
        Template::When { .. } => true,
        _ => false,
    }
}

/// `Object::new().put("key", &value)…`.
pub(crate) fn object(scope: &mut Scope<'_>, fields: &[(String, Template)]) -> TokenStream {
    let mut puts: Vec<TokenStream> = fields
        .iter()
        .rev()
        .map(|(key, value)| match value {
            Template::Null => quote!(.put_null(#key)),
            value => {
                let value = as_json(scope, value);
                quote!(.put(#key, #value))
            }
        })
        .collect();
    puts.reverse();
    quote!(Object::new() #(#puts)*)
}

/// `format!("{} in {}", …)`.
pub(crate) fn concat(scope: &mut Scope<'_>, parts: &[TextPart]) -> TokenStream {
    let mut text = String::new();
    let mut args = Vec::new();
    for part in parts {
        match part {
            TextPart::Text(literal) => text.push_str(&literal.replace('{', "{{").replace('}', "}}")),
            TextPart::Expr(_) => text.push_str("{}"),
        }
    }
    for part in parts.iter().rev() {
        if let TextPart::Expr(expr) = part {
            let val = chain(scope, expr, Want::See).val;
            args.push(if matches!(val.ty, Ty::Enum(_)) { val.text() } else { val.code });
        }
    }
    args.reverse();
    quote!(format!(#text, #(#args),*))
}

/// What stands for a value that is left out.
pub(crate) fn absent(ty: &Ty) -> TokenStream {
    match ty {
        Ty::Opt(_) => quote!(None),
        Ty::List(_) => quote!(Vec::new()),
        Ty::Map(_) => quote!(IndexMap::new()),
        Ty::Json => quote!(Value::Null),
        _ => quote!(Default::default()),
    }
}

/// A literal text as a `String`.
pub(crate) fn text_literal(text: &str) -> TokenStream {
    if text.is_empty() { quote!(String::new()) } else { quote!(#text.to_owned()) }
}

fn file(scope: &mut Scope<'_>, fields: &[(String, Template)]) -> TokenStream {
    let mut part = |name: &str, ty: &Ty| {
        let given = fields.iter().find(|(key, _)| key == name);
        given.map_or_else(|| absent(&Ty::Opt(Box::new(ty.clone()))), |(_, value)| owned(scope, value, ty))
    };
    let data = part("data", &Ty::Bytes(agentkit_spec::model::BytesForm::Base64));
    let (media_type, name) = (part("media_type", &Ty::String), part("name", &Ty::String));
    quote!(File { name: #name, media_type: #media_type, data: #data })
}

/// `list.into_iter().map(|item| …).collect()`; with a `?` inside, the closure gives a `Result`.
fn each(scope: &mut Scope<'_>, var: &str, list: &Expr, lower: impl Fn(&mut Scope<'_>) -> TokenStream) -> TokenStream {
    let name = names::ident(&names::local(var));
    let outer = std::mem::take(&mut scope.fallible);
    let (list, body) = over(scope, var, list, lower);
    let fails = std::mem::replace(&mut scope.fallible, outer);
    let (iter, _) = list.into_items();
    if fails {
        scope.fallible = true;
        return quote!(#iter.map(|#name| Ok(#body)).collect::<Result<Vec<_>, ToolError>>()?);
    }
    // Named: it may be lent, or go through a method, where its type does not follow from the place.
    quote!(#iter.map(|#name| #body).collect::<Vec<_>>())
}

/// The list of a loop and the loop's body, whose item is by value where nothing misses the list later.
pub(crate) fn over<T>(scope: &mut Scope<'_>, var: &str, list: &Expr, lower: impl Fn(&mut Scope<'_>) -> T) -> (Val, T) {
    // The body is lowered before the list, since it runs later, but must know how the list gives its items.
    // So the list is asked twice: a body that uses the list itself turns a move into a borrow.
    let before = scope.mark();
    let guess = chain(scope, list, Want::Own).val.into_items().1;
    scope.reset(&before);
    let body = scope.looped(var, &guess, &lower);
    let val = chain(scope, list, Want::Own).val;
    let item = val.clone().into_items().1;
    if item.form == guess.form {
        return (val, body);
    }
    scope.reset(&before);
    let body = scope.looped(var, &item, lower);
    let val = chain(scope, list, Want::Own).val;
    (val, body)
}
