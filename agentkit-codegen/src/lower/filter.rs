//! Filters: one arm each, from the value so far to the Rust of the result.

use agentkit_spec::model::{Arg, Filter, Op, OpKind, Ty};
use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::coerce;
use super::compare::{self, Test};
use super::expr::{Chain, Given, Want, chain, field, is_v, map};
use super::scope::Scope;
use super::types::{self, is_copy, is_text};
use super::value::{Form, Val};

/// The argument of a filter, where it is an expression.
pub(crate) fn argument(scope: &mut Scope<'_>, op: &Op, want: Want) -> Option<Chain> {
    let OpKind::Filter(filter) = &op.kind else { return None };
    match filter {
        Filter::Default(Arg::Expr(expr)) => Some(chain(scope, expr, want)),
        Filter::Eq(Arg::Expr(expr))
        | Filter::Contains(Arg::Expr(expr))
        | Filter::Where(_, Arg::Expr(expr))
        | Filter::Find(_, Arg::Expr(expr))
        | Filter::FindCi(_, Arg::Expr(expr))
        | Filter::Then(Arg::Expr(expr))
        | Filter::StartsWith(Arg::Expr(expr)) => Some(chain(scope, expr, Want::See)),
        _ => None,
    }
}

/// A filter and the type of its result.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call<'a> {
    /// The filter.
    pub(crate) filter: &'a Filter,
    /// The type.
    pub(crate) ty: &'a Ty,
}

/// Applies a filter.
pub(crate) fn apply(scope: &mut Scope<'_>, value: Chain, call: Call<'_>, given: Given) -> Chain {
    let Call { filter, ty } = call;
    match filter {
        Filter::Default(literal) => super::default::apply(value, literal, given, ty),
        Filter::IsSet => is_set(value),
        Filter::Eq(literal) => Chain { base: None, val: compare::eq(value, literal, given.arg) },
        _ => {
            let Chain { base, val } = value.inside();
            // What is written is done to what is there; that it may be absent is the chain's business.
            let call = Call { filter, ty: types::inner(ty) };
            // An argument that is absent makes the result absent.
            if let Some(arg) = given.arg.clone().filter(Chain::is_opt) {
                let inner = arg.inside();
                let seen = inner.val.sighted();
                let given = map(&inner.base.unwrap_or_default(), &seen.code);
                let name = Val { code: quote!(arg), ..seen };
                let made = plain(scope, val, call, Some(name));
                let made = if matches!(made.ty, Ty::Opt(_)) {
                    let (code, inner) = made.opened();
                    let ty = Ty::Opt(Box::new(inner.ty));
                    Val::new(quote!(#given.and_then(|arg| #code)), Form::Opt(Box::new(inner.form)), ty)
                } else {
                    let Val { code, form, ty, .. } = made.sighted();
                    Val::new(quote!(#given.map(|arg| #code)), Form::Opt(Box::new(form)), Ty::Opt(Box::new(ty)))
                };
                return Chain { base, val: made };
            }
            if matches!(filter, Filter::FromEpochS) {
                return from_epoch_s(scope, base, val);
            }
            Chain { base, val: plain(scope, val, call, given.arg.map(|arg| arg.val)) }
        }
    }
}

fn is_set(value: Chain) -> Chain {
    let code = match value.base {
        None if matches!(value.val.ty, Ty::Opt(_)) => {
            let code = value.val.receiver();
            (quote!(#code.is_some()), quote!(#code.is_none()))
        }
        None => (quote!(true), quote!(false)),
        Some(base) if matches!(value.val.ty, Ty::Opt(_)) => {
            let code = value.val.receiver();
            (quote!(#base.is_some_and(|v| #code.is_some())), quote!(#base.is_none_or(|v| #code.is_none())))
        }
        Some(base) => (quote!(#base.is_some()), quote!(#base.is_none())),
    };
    let val = Val::operator(code.0, Some(code.1));
    Chain { base: None, val: Val { loose: false, ..val } }
}

/// The one filter that can fail: outside a closure the mistake is returned, in `errors` the value is absent.
fn from_epoch_s(scope: &mut Scope<'_>, base: Option<TokenStream>, val: Val) -> Chain {
    let at = Ty::Datetime(agentkit_spec::model::DatetimeForm::Rfc3339);
    let opt = Ty::Opt(Box::new(at.clone()));
    let code = match (val.ty.clone(), val.form.clone()) {
        (Ty::Int(_), _) => {
            let code = val.code;
            quote!(filters::from_epoch_s(#code))
        }
        (Ty::Float, _) => {
            let code = val.code;
            quote!(filters::from_epoch_fraction(#code))
        }
        _ => {
            let code = val.text();
            quote!(filters::from_epoch_text(#code))
        }
    };
    match base {
        None if scope.lenient => {
            Chain { base: None, val: Val::new(quote!(#code.ok()), Form::Opt(Box::new(Form::Own)), opt) }
        }
        Some(base) if scope.lenient => {
            Chain { base: Some(quote!(#base.and_then(|v| #code.ok()))), val: v(Form::Own, at) }
        }
        None => {
            scope.fallible = true;
            Chain { base: None, val: Val::new(quote!(#code?), Form::Own, at) }
        }
        Some(base) => {
            scope.fallible = true;
            Chain { base: Some(quote!(#base.map(|v| #code).transpose()?)), val: v(Form::Own, at) }
        }
    }
}

fn v(form: Form, ty: Ty) -> Val {
    Val::new(quote!(v), form, ty)
}

/// A filter on a value that is there, with an argument that is there.
fn plain(scope: &Scope<'_>, val: Val, call: Call<'_>, arg: Option<Val>) -> Val {
    let Call { filter, ty } = call;
    let own = |code: TokenStream| Val::new(code, Form::Own, ty.clone());
    let receiver = val.receiver();
    match filter {
        Filter::Default(_) | Filter::IsSet | Filter::Eq(_) | Filter::FromEpochS => val,
        Filter::Not => {
            let code = val.opposite.clone().unwrap_or_else(|| quote!(!#receiver));
            let opposite = val.code;
            Val::operator(code, Some(opposite))
        }
        Filter::Contains(literal) => compare::contains(val, literal, arg.as_ref()),
        Filter::StartsWith(literal) => {
            let (text, arg) = (string(&val), text_arg(literal, arg.as_ref()));
            own(quote!(#text.starts_with(#arg)))
        }
        Filter::IsEmpty if matches!(val.form, Form::Iter(_)) => own(quote!(#receiver.next().is_none())),
        Filter::IsEmpty => {
            let text = string(&val);
            let empty = quote!(#text.is_empty());
            Val { opposite: Some(quote!(!#empty)), ..own(empty) }
        }
        Filter::First | Filter::Last => end(val, matches!(filter, Filter::First)),
        Filter::Take(count) => {
            let count = Literal::usize_unsuffixed(usize::try_from(*count).unwrap_or_default());
            let (items, item) = val.into_items();
            Val::new(quote!(#items.take(#count)), Form::Iter(Box::new(item.form)), ty.clone())
        }
        Filter::Where(name, literal) => {
            let (items, item) = val.into_items();
            let form = item.form.clone();
            let test = compare::field(scope, item, name, &Test { literal, arg, ignore_case: false });
            Val::new(quote!(#items.filter(|v| #test)), Form::Iter(Box::new(form)), ty.clone())
        }
        Filter::Find(name, literal) | Filter::FindCi(name, literal) => {
            let (items, item) = val.into_items();
            let form = item.form.clone();
            let ignore_case = matches!(filter, Filter::FindCi(..));
            let test = compare::field(scope, item, name, &Test { literal, arg, ignore_case });
            let ty = Ty::Opt(Box::new(types::inner(ty).clone()));
            Val::new(quote!(#items.find(|v| #test)), Form::Opt(Box::new(form)), ty)
        }
        Filter::Unique => {
            let (items, item) = val.into_items();
            Val::new(quote!(filters::unique(#items)), Form::Items(Box::new(item.form)), ty.clone())
        }
        Filter::Compact => compact(val, ty),
        Filter::Flatten => {
            let mapped = val.mapped.clone();
            let (items, item) = val.into_items();
            let flat =
                mapped.map_or_else(|| quote!(#items.flatten()), |(items, one)| quote!(#items.flat_map(|v| #one)));
            let inner = types::item(&item.ty).clone();
            let code = match item.form {
                Form::Own | Form::Items(_) => (flat, Form::Own),
                _ if is_copy(&inner) => (quote!(#flat.copied()), Form::Own),
                _ => (flat, Form::Ref),
            };
            Val::new(code.0, Form::Iter(Box::new(code.1)), ty.clone())
        }
        Filter::Entries => {
            let map = val.owned();
            Val::new(quote!(filters::entries(#map)), Form::Iter(Box::new(Form::Own)), ty.clone())
        }
        Filter::Len if is_text(&val.ty) => {
            let text = string(&val);
            own(quote!(filters::int(#text.chars().count())))
        }
        Filter::Len => match val.form {
            Form::Iter(_) => own(quote!(filters::int(#receiver.count()))),
            _ => own(quote!(filters::int(#receiver.len()))),
        },
        Filter::Join(between) => join(val, between, ty),
        Filter::Split(at) => {
            let text = val.text();
            own(quote!(filters::split(#text, #at)))
        }
        Filter::Trim => {
            let text = string(&val);
            part(&val, quote!(#text.trim()), ty)
        }
        Filter::Truncate(count) => {
            let (text, count) = (val.text(), Literal::usize_unsuffixed(usize::try_from(*count).unwrap_or_default()));
            part(&val, quote!(filters::truncate(#text, #count)), ty)
        }
        Filter::Lower | Filter::Upper => {
            let text = string(&val);
            own(if matches!(filter, Filter::Lower) {
                quote!(#text.to_lowercase())
            } else {
                quote!(#text.to_uppercase())
            })
        }
        Filter::String | Filter::Rfc3339 => own(quote!(#receiver.to_string())),
        Filter::EpochS => own(quote!(#receiver.as_second())),
        Filter::EpochMs => own(quote!(#receiver.as_millisecond())),
        Filter::EscBackslash => with_text(&val, &quote!(filters::esc_backslash), ty),
        Filter::Utf8 => with_text(&val, &quote!(filters::utf8), ty),
        Filter::Base64 => with_bytes(val, &quote!(filters::base64), ty),
        Filter::Base64url => with_bytes(val, &quote!(filters::base64url), ty),
        Filter::Text => with_bytes(val, &quote!(filters::text), ty),
        Filter::Json => {
            let json = Chain { base: None, val }.into_json();
            own(quote!(filters::json(#json)))
        }
        Filter::Then(literal) => match arg {
            Some(arg) if arg.form == Form::Own => {
                let code = arg.owned();
                Val::new(quote!(#receiver.then(|| #code)), Form::Opt(Box::new(Form::Own)), opt_of(ty))
            }
            arg => {
                let text = text_arg(literal, arg.as_ref());
                Val::new(quote!(#receiver.then_some(#text)), Form::Opt(Box::new(Form::Str)), opt_of(ty))
            }
        },
    }
}

fn opt_of(ty: &Ty) -> Ty {
    Ty::Opt(Box::new(types::inner(ty).clone()))
}

/// The text to call a method on: an enum becomes its word.
fn string(val: &Val) -> TokenStream {
    if matches!(val.ty, Ty::Enum(_)) {
        let code = &val.code;
        return if val.form == Form::Ref { quote!(filters::word(#code)) } else { quote!(filters::word(&#code)) };
    }
    val.receiver()
}

/// A piece of a text: borrowed from it, unless the text itself is only passing through.
fn part(val: &Val, code: TokenStream, ty: &Ty) -> Val {
    if val.form == Form::Own || !is_text(&val.ty) {
        return Val::new(quote!(#code.to_owned()), Form::Own, ty.clone());
    }
    Val::new(code, Form::Str, ty.clone())
}

fn with_text(val: &Val, function: &TokenStream, ty: &Ty) -> Val {
    let text = val.text();
    Val::new(quote!(#function(#text)), Form::Own, ty.clone())
}

fn with_bytes(val: Val, function: &TokenStream, ty: &Ty) -> Val {
    let bytes = if val.form == Form::Own {
        let code = &val.code;
        quote!(&#code)
    } else {
        val.seen()
    };
    Val::new(quote!(#function(#bytes)), Form::Own, ty.clone())
}

/// `first` and `last`.
fn end(val: Val, first: bool) -> Val {
    let ty = types::item(&val.ty).clone();
    let code = val.receiver();
    let plain = matches!(val.form, Form::Place | Form::Ref | Form::Slice);
    let (code, form) = if plain {
        let code = if first { quote!(#code.first()) } else { quote!(#code.last()) };
        if is_copy(&ty) { (quote!(#code.copied()), Form::Own) } else { (code, Form::Ref) }
    } else {
        let (items, item) = val.into_items();
        (if first { quote!(#items.next()) } else { quote!(#items.next_back()) }, item.form)
    };
    // The item of a list with gaps is an `opt` already.
    if matches!(ty, Ty::Opt(_)) {
        let (inner, item) = Val::new(quote!(v), form, ty.clone()).opened();
        let code = if is_v(&inner) { quote!(#code.flatten()) } else { quote!(#code.and_then(|v| #inner)) };
        return Val::new(code, Form::Opt(Box::new(item.form)), ty);
    }
    Val::new(code, Form::Opt(Box::new(form)), Ty::Opt(Box::new(ty)))
}

/// Without the gaps.
fn compact(val: Val, ty: &Ty) -> Val {
    if let Some((items, one)) = &val.mapped {
        let form = if let Form::Iter(form) = &val.form { inside(form) } else { Form::Own };
        return Val::new(quote!(#items.filter_map(|v| #one)), Form::Iter(Box::new(form)), ty.clone());
    }
    let (items, item) = val.into_items();
    let (inner, one) = item.opened();
    let code = if is_v(&inner) { quote!(#items.flatten()) } else { quote!(#items.filter_map(|v| #inner)) };
    Val::new(code, Form::Iter(Box::new(one.form)), ty.clone())
}

/// The form of what is in an `Option`.
fn inside(form: &Form) -> Form {
    if let Form::Opt(inner) = form { (**inner).clone() } else { form.clone() }
}

fn join(val: Val, between: &str, ty: &Ty) -> Val {
    let whole = matches!(val.form, Form::Place | Form::Ref | Form::Slice | Form::Own);
    let words = matches!(types::item(&val.ty), Ty::Enum(_));
    let code = if words {
        let code = val.receiver();
        let items = match val.form {
            Form::Items(_) => quote!(#code.into_iter()),
            Form::Iter(_) => code,
            _ => quote!(#code.iter()),
        };
        // Each item is a reference, or becomes one.
        let own = matches!(&val.form, Form::Items(form) | Form::Iter(form) if **form == Form::Own);
        let word = if own { quote!(filters::word(&v)) } else { quote!(filters::word(v)) };
        quote!(#items.map(|v| #word).collect::<Vec<_>>().join(#between))
    } else if whole {
        let code = val.receiver();
        quote!(#code.join(#between))
    } else {
        let (items, item) = val.into_items();
        let items = match item.form {
            Form::Ref => quote!(#items.map(String::as_str)),
            _ => items,
        };
        quote!(#items.collect::<Vec<_>>().join(#between))
    };
    Val::new(code, Form::Own, ty.clone())
}

/// A text argument as `&str`.
pub(crate) fn text_arg(literal: &Arg, arg: Option<&Val>) -> TokenStream {
    match (arg, literal) {
        (Some(arg), _) if is_text(&arg.ty) => arg.str(),
        (Some(arg), _) => arg.text(),
        (None, literal) => literal_arg(literal),
    }
}

/// A literal argument as it stands.
pub(crate) fn literal_arg(literal: &Arg) -> TokenStream {
    match literal {
        Arg::Text(text) => quote!(#text),
        Arg::Int(number) => {
            let number = types::number(*number);
            quote!(#number)
        }
        Arg::Float(number) => {
            let number = Literal::f64_unsuffixed(*number);
            quote!(#number)
        }
        Arg::Bool(value) => quote!(#value),
        Arg::EmptyList | Arg::Expr(_) => quote!(&[]),
    }
}

/// A literal argument as a value of a type.
pub(crate) fn literal_of(literal: &Arg, ty: &Ty) -> TokenStream {
    match (literal, ty) {
        (Arg::Text(text), Ty::Enum(of)) => coerce::literal(of, text),
        (Arg::Text(text), _) => quote!(#text.to_owned()),
        (Arg::Int(number), Ty::Float) => {
            #[expect(clippy::cast_precision_loss, reason = "a literal of the spec, written where a float is meant")]
            let number = Literal::f64_unsuffixed(*number as f64);
            quote!(#number)
        }
        (Arg::EmptyList, _) => quote!(Vec::new()),
        (literal, _) => literal_arg(literal),
    }
}

/// A field of an item.
pub(crate) fn item_field(scope: &Scope<'_>, item: &Val, name: &str) -> Val {
    field(scope, item, name, &Ty::String)
}
