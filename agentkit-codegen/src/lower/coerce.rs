//! Values made to fit a declared type: `T` → `opt<T>`, `int` → `float`, enum → text, enum → enum.

use agentkit_spec::model::{Enum, Ty};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::expr::{Chain, is_v, map};
use super::types::{is_text, rust, same};
use super::value::{Form, Val};
use crate::names::{self, Taken};

/// Rust of type `ty`.
pub(crate) fn owned(chain: Chain, ty: &Ty) -> TokenStream {
    // A chain ends in what is inside its `Option`; a plain `opt` stays whole, to be moved or cloned at once.
    let chain = if chain.base.is_some() { chain.inside() } else { chain };
    match ty {
        Ty::Opt(item) if chain.is_opt() => {
            if same(super::types::inner(&chain.val.ty), item) && !chain.val.boxed {
                return chain.owned();
            }
            chain.option(|val| value(val, item))
        }
        Ty::Opt(item) => {
            let code = value(chain.val, item);
            quote!(Some(#code))
        }
        _ => value(chain.val, ty),
    }
}

/// Rust of type `ty` from a value that is there.
pub(crate) fn value(val: Val, ty: &Ty) -> TokenStream {
    if same(&val.ty, ty) {
        return val.owned();
    }
    let code = &val.code;
    match (&val.ty, ty) {
        (_, Ty::Opt(item)) if matches!(val.ty, Ty::Opt(_)) => {
            let (base, inner) = val.opened();
            map(&base, &value(inner, item))
        }
        (_, Ty::Opt(item)) => {
            let code = value(val, item);
            quote!(Some(#code))
        }
        (Ty::Int(_), Ty::Float) => quote!(filters::float(#code)),
        (Ty::Enum(_), text) if is_text(text) => {
            if val.form == Form::Ref {
                quote!(filters::word(#code))
            } else {
                quote!(filters::word(&#code))
            }
        }
        (Ty::Enum(from), Ty::Enum(to)) => {
            let (from, to) = (from.clone(), to.clone());
            between(&val.owned(), &from, &to)
        }
        (Ty::List(_), Ty::List(item)) => {
            let (items, one) = val.into_items();
            let code = value(one, item);
            let items = if is_v(&code) { items } else { quote!(#items.map(|v| #code)) };
            quote!(#items.collect::<Vec<_>>())
        }
        (Ty::Map(_), Ty::Map(item)) => {
            let from = Val::new(quote!(v), Form::Own, super::types::item(&val.ty).clone());
            let map = val.owned();
            let code = value(from, item);
            quote!(#map.into_iter().map(|(k, v)| (k, #code)).collect::<IndexMap<_, _>>())
        }
        _ => val.owned(),
    }
}

/// A value of one enum as one of another that has the same words.
fn between(code: &TokenStream, from: &Enum, to: &Enum) -> TokenStream {
    let (from_ty, to_ty) = (rust(&Ty::Enum(from.clone())), rust(&Ty::Enum(to.clone())));
    let arms = from.values.iter().zip(variants(from)).map(|((text, _), variant)| {
        let made = literal(to, text);
        quote!(#from_ty::#variant => #made,)
    });
    let other = from.open.then(|| quote!(#from_ty::Other(v) => #to_ty::Other(v),));
    quote!(match #code { #(#arms)* #other })
}

/// A text of the spec as a value of an enum.
pub(crate) fn literal(of: &Enum, text: &str) -> TokenStream {
    let ty = names::ident(&of.name);
    let known = of.values.iter().zip(variants(of)).find(|((value, _), _)| value == text);
    if let Some((_, variant)) = known { quote!(#ty::#variant) } else { quote!(#ty::Other(#text.to_owned())) }
}

/// Rust names of the values of an enum, in order.
pub(crate) fn variants(of: &Enum) -> Vec<Ident> {
    let mut taken = Taken::default();
    if of.open {
        taken.take("Other");
    }
    of.values.iter().map(|(value, _)| format_ident!("{}", fit(&taken.take(&names::pascal(value))))).collect()
}

/// `Self` cannot name a variant.
fn fit(name: &str) -> String {
    if name == "Self" { "SelfValue".to_owned() } else { name.to_owned() }
}
