//! Comparisons: `eq`, `contains`, and the tests of `find`, `find_ci` and `where`.

use agentkit_spec::model::{Arg, Ty};
use proc_macro2::TokenStream;
use quote::quote;

use super::coerce;
use super::expr::Chain;
use super::filter::{item_field, literal_arg, text_arg};
use super::scope::Scope;
use super::types::{self, is_copy, is_text};
use super::value::{Form, Val};

/// `eq(x)`; it sees the `opt` itself.
pub(crate) fn eq(value: Chain, literal: &Arg, arg: Option<Chain>) -> Val {
    if !value.is_opt() {
        let Some(arg) = arg else { return same(&value.val, literal, None) };
        if !arg.is_opt() {
            return same(&value.val, literal, Some(&arg.val));
        }
        // x == opt: the opt is there and equal.
        let left = Val { code: value.val.code.clone(), ..value.val };
        return within(arg, |val| same(&val, literal, Some(&left)));
    }
    match arg {
        Some(arg) if arg.is_opt() => {
            let text = is_text(types::inner(&value.val.ty));
            let left = if text { value.option(|val| val.str()) } else { value.seen() };
            let right = if text { arg.option(|val| val.str()) } else { arg.seen() };
            Val::operator(quote!(#left == #right), Some(quote!(#left != #right)))
        }
        arg => within(value, |val| same(&val, literal, arg.as_ref().map(|arg| &arg.val))),
    }
}

/// The option is there and its content passes the test.
fn within(value: Chain, test: impl FnOnce(Val) -> Val) -> Val {
    let value = value.inside();
    let base = value.base.unwrap_or_default();
    let test = test(value.val).code;
    Val { loose: false, ..Val::operator(quote!(#base.is_some_and(|v| #test)), None) }
}

/// Two values that are there.
fn same(val: &Val, literal: &Arg, arg: Option<&Val>) -> Val {
    if let (None, Arg::Bool(truth)) = (arg, literal) {
        let (code, receiver) = (val.code.clone(), val.receiver());
        let opposite = quote!(!#receiver);
        return if *truth { Val::operator(code, Some(opposite)) } else { Val::operator(opposite, Some(code)) };
    }
    let (left, right) = operands(val, literal, arg);
    Val::operator(quote!(#left == #right), Some(quote!(#left != #right)))
}

fn operands(val: &Val, literal: &Arg, arg: Option<&Val>) -> (TokenStream, TokenStream) {
    match (&val.ty, arg, literal) {
        (Ty::Enum(of), None, Arg::Text(text)) => (val.compared(), coerce::literal(of, text)),
        (Ty::Enum(a), Some(arg), _) if matches!(&arg.ty, Ty::Enum(b) if a == b) => (val.compared(), arg.compared()),
        (Ty::Enum(_), Some(arg), _) => {
            let word = Val::new(val.text(), Form::Place, Ty::String);
            (word.code, compared_text(arg))
        }
        (_, Some(arg), _) if matches!(arg.ty, Ty::Enum(_)) => (compared_text(val), arg.text()),
        (ty, Some(arg), _) if is_text(ty) => (val.compared(), arg.compared()),
        (ty, None, literal) if is_text(ty) => (val.receiver(), literal_arg(literal)),
        (Ty::Float, None, literal) => (val.receiver(), super::filter::literal_of(literal, &Ty::Float)),
        (_, Some(arg), _) => (val.compared(), coerced(arg, &val.ty)),
        (_, None, literal) => (val.compared(), literal_arg(literal)),
    }
}

fn compared_text(val: &Val) -> TokenStream {
    val.text()
}

fn coerced(arg: &Val, ty: &Ty) -> TokenStream {
    if types::same(&arg.ty, ty) { arg.compared() } else { coerce::value(arg.clone(), ty) }
}

/// `contains(x)` of a list or a text.
pub(crate) fn contains(val: Val, literal: &Arg, arg: Option<&Val>) -> Val {
    let receiver = val.receiver();
    if !matches!(val.ty, Ty::List(_)) {
        let arg = text_arg(literal, arg);
        let text = if matches!(val.ty, Ty::Enum(_)) { val.text() } else { receiver };
        return Val::new(quote!(#text.contains(#arg)), Form::Own, Ty::Bool);
    }
    let item = types::item(&val.ty);
    let whole = matches!(val.form, Form::Place | Form::Ref | Form::Slice | Form::Own);
    if whole && is_copy(item) && arg.is_none() {
        let arg = super::filter::literal_of(literal, item);
        return Val::new(quote!(#receiver.contains(&#arg)), Form::Own, Ty::Bool);
    }
    let (items, one) = if whole { Val { form: Form::Place, ..val }.into_items() } else { val.into_items() };
    let test = match one.ty {
        Ty::Opt(_) => within(Chain { base: None, val: one }, |v| same(&v, literal, arg)).code,
        _ => same(&one, literal, arg).code,
    };
    Val::new(quote!(#items.any(|v| #test)), Form::Own, Ty::Bool)
}

/// What a field of an item is compared with.
#[derive(Debug)]
pub(crate) struct Test<'a> {
    /// As written.
    pub(crate) literal: &'a Arg,
    /// The value, where it is an expression.
    pub(crate) arg: Option<Val>,
    /// Whether `A` and `a` are the same.
    pub(crate) ignore_case: bool,
}

/// `v.name == x` for an item `v`, as `find` and `filter` need it.
pub(crate) fn field(scope: &Scope<'_>, item: Val, name: &str, with: &Test<'_>) -> TokenStream {
    // `find` and `filter` lend the item once more; a field is reached through any number of references.
    let item = if item.form == Form::Own { Val { form: Form::Place, ..item } } else { item };
    let of = item_field(scope, &item, name);
    let test = |val: &Val| {
        if with.ignore_case {
            let (text, arg) = (val.receiver(), text_arg(with.literal, with.arg.as_ref()));
            quote!(#text.eq_ignore_ascii_case(#arg))
        } else {
            same(val, with.literal, with.arg.as_ref()).code
        }
    };
    match of.ty {
        Ty::Opt(_) => {
            let (base, inner) = of.opened();
            let test = test(&inner);
            quote!(#base.is_some_and(|v| #test))
        }
        _ => test(&of),
    }
}
