//! The filter `default`: the one that takes a value out of its `Option`.

use agentkit_spec::model::{Arg, Ty};
use proc_macro2::TokenStream;
use quote::quote;

use super::coerce;
use super::expr::{Chain, Given, Want, is_v};
use super::filter::{literal_arg, literal_of};
use super::types::{is_copy, is_text};
use super::value::{Form, Val};

/// `default(literal)` or `default(arg)`; the result is of type `ty`.
pub(crate) fn apply(value: Chain, literal: &Arg, given: Given, ty: &Ty) -> Chain {
    let Given { arg, want } = given;
    if !value.is_opt() {
        return value;
    }
    if let (Some(arg), Ty::Opt(item)) = (&arg, ty) {
        return or_else(value, arg.clone(), item);
    }
    let value = value.inside();
    let base = value.base.unwrap_or_default();
    let val = value.val;
    let done = |code: TokenStream, form: Form| Chain { base: None, val: Val::new(code, form, ty.clone()) };

    if is_copy(ty) {
        let alone = is_v(&val.code) && val.form == Form::Own;
        let code = coerce::value(val, ty);
        let other = arg.map_or_else(|| literal_of(literal, ty), |arg| coerce::owned(arg, ty));
        return done(
            match (alone, literal) {
                (true, _) => quote!(#base.unwrap_or(#other)),
                (false, Arg::Bool(false)) => quote!(#base.is_some_and(|v| #code)),
                (false, Arg::Bool(true)) => quote!(#base.is_none_or(|v| #code)),
                (false, _) => quote!(#base.map_or(#other, |v| #code)),
            },
            Form::Own,
        );
    }
    if want == Want::See
        && is_text(ty)
        && is_text(&val.ty)
        && val.form != Form::Own
        && arg.as_ref().is_none_or(|arg| arg.base.is_none() && arg.val.form != Form::Own && is_text(&arg.val.ty))
    {
        let other = arg.map_or_else(|| literal_arg(literal), |arg| arg.val.str());
        let alone = is_v(&val.code) && val.form == Form::Str;
        let code = val.str();
        let code = if alone { quote!(#base.unwrap_or(#other)) } else { quote!(#base.map_or(#other, |v| #code)) };
        return done(code, Form::Str);
    }
    let alone = is_v(&val.code) && val.form == Form::Own && super::types::same(&val.ty, ty);
    let code = coerce::value(val, ty);
    let blank =
        matches!(literal, Arg::EmptyList) || matches!(literal, Arg::Text(text) if text.is_empty() && is_text(ty));
    let other = arg.map_or_else(|| literal_of(literal, ty), |arg| coerce::owned(arg, ty));
    let code = match (alone, blank) {
        (true, true) => quote!(#base.unwrap_or_default()),
        (false, true) => quote!(#base.map(|v| #code).unwrap_or_default()),
        (true, false) if matches!(literal, Arg::Text(_)) && !is_text(ty) => quote!(#base.unwrap_or(#other)),
        (true, false) if is_cheap(&other) => quote!(#base.unwrap_or(#other)),
        (true, false) => quote!(#base.unwrap_or_else(|| #other)),
        (false, false) if is_cheap(&other) => quote!(#base.map_or(#other, |v| #code)),
        (false, false) => quote!(#base.map_or_else(|| #other, |v| #code)),
    };
    done(code, Form::Own)
}

/// The other value can be absent too.
fn or_else(value: Chain, arg: Chain, item: &Ty) -> Chain {
    let ty = Ty::Opt(Box::new(item.clone()));
    let (base, other) = (coerce::owned(value, &ty), coerce::owned(arg, &ty));
    let code = if is_cheap(&other) { quote!(#base.or(#other)) } else { quote!(#base.or_else(|| #other)) };
    Chain { base: None, val: Val::new(code, Form::Own, ty) }
}

/// Nothing is called: made in advance at no cost.
fn is_cheap(code: &TokenStream) -> bool {
    !code.clone().into_iter().any(|tree| matches!(tree, proc_macro2::TokenTree::Group(_)))
}
