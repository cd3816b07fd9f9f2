//! Expressions as plain Rust.
//!
//! An expression is a chain: what works inside an `opt` is gathered into one closure, written once the next
//! step needs the `Option` itself.

use agentkit_spec::model::{Expr, Filter, Op, OpKind, Ty};
use proc_macro2::TokenStream;
use quote::quote;

use super::coerce;
use super::filter;
use super::scope::Scope;
use super::types::{self, is_copy, is_text};
use super::value::{Form, Val};
use crate::names;

/// A value, perhaps inside an `Option`: `base.map(|v| val)`.
#[derive(Debug, Clone)]
pub(crate) struct Chain {
    /// The `Option` whose content `val` calls `v`.
    pub(crate) base: Option<TokenStream>,
    /// The value, in terms of `v` if there is a base.
    pub(crate) val: Val,
}

/// What becomes of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Want {
    /// It is kept: by value.
    Own,
    /// It is looked at.
    See,
}

/// What a step of an expression is given besides the value so far.
#[derive(Debug)]
pub(crate) struct Given {
    /// The argument, where it is an expression.
    pub(crate) arg: Option<Chain>,
    /// What becomes of the result.
    pub(crate) want: Want,
}

impl Chain {
    /// Whether the value can be absent.
    pub(crate) fn is_opt(&self) -> bool {
        self.base.is_some() || matches!(self.val.ty, Ty::Opt(_))
    }

    /// The same with `val` not an `opt` of its own.
    pub(crate) fn inside(self) -> Self {
        if !matches!(self.val.ty, Ty::Opt(_)) {
            return self;
        }
        let (code, val) = self.val.opened();
        let base = match self.base {
            None => code,
            Some(base) => quote!(#base.and_then(|v| #code)),
        };
        Self { base: Some(base), val }
    }

    /// Rust of an `Option` of what is only looked at, and its content.
    pub(crate) fn into_option(self) -> (TokenStream, Val) {
        let chain = self.inside();
        let seen = chain.val.sighted();
        (map(&chain.base.unwrap_or_default(), &seen.code), seen)
    }

    /// Rust of an `Option` whose content is made by `content` from the value. Only for what can be absent.
    pub(crate) fn option(self, content: impl FnOnce(Val) -> TokenStream) -> TokenStream {
        let chain = self.inside();
        let base = chain.base.unwrap_or_default();
        let code = content(chain.val);
        map(&base, &code)
    }

    /// Rust of type `T` or `Option<T>`.
    pub(crate) fn owned(self) -> TokenStream {
        let chain = if self.base.is_some() { self.inside() } else { self };
        match chain.base {
            None => chain.val.owned(),
            Some(ref base) if is_v(&chain.val.code) => {
                let form = Form::Opt(Box::new(chain.val.form));
                Val { code: base.clone(), form, ..chain.val }.owned()
            }
            Some(_) => chain.option(Val::owned),
        }
    }

    /// Rust of a reference or of an `Option` of one.
    pub(crate) fn seen(self) -> TokenStream {
        if self.base.is_some() { self.option(Val::seen) } else { self.val.seen() }
    }

    /// Rust of `&x` for a parameter of type `&dyn ToJson`.
    pub(crate) fn into_json(self) -> TokenStream {
        if self.base.is_some() {
            let code = self.option(Val::seen);
            return quote!(&#code);
        }
        match self.val.form {
            Form::Ref => self.val.code,
            Form::Iter(_) => {
                let code = self.val.seen();
                quote!(&#code)
            }
            _ => {
                let code = self.val.code;
                quote!(&#code)
            }
        }
    }
}

/// `base.map(|v| code)`, shorter where it can be.
pub(crate) fn map(base: &TokenStream, code: &TokenStream) -> TokenStream {
    let method = match code.to_string().replace(' ', "").as_str() {
        "v" => return base.clone(),
        "v.to_owned()" => quote!(str::to_owned),
        "v.trim()" => quote!(str::trim),
        "v.as_second()" => quote!(Timestamp::as_second),
        "v.as_millisecond()" => quote!(Timestamp::as_millisecond),
        _ => quote!(|v| #code),
    };
    quote!(#base.map(#method))
}

/// Whether the code is the variable `v` alone.
pub(crate) fn is_v(code: &TokenStream) -> bool {
    code.to_string() == "v"
}

/// Lowers an expression.
pub(crate) fn chain(scope: &mut Scope<'_>, expr: &Expr, want: Want) -> Chain {
    // Arguments run after the root is reached, so they are lowered first.
    let args: Vec<Option<Chain>> = expr.ops.iter().map(|op| filter::argument(scope, op, want)).collect();
    let keeps = want == Want::Own && !is_copy(expr.ty()) && expr.ops.iter().all(moves);
    let val = scope.root(expr, keeps);
    let mut chain = Chain { base: None, val };
    for (at, (op, arg)) in expr.ops.iter().zip(args).enumerate() {
        let want = if keeps || at + 1 == expr.ops.len() { want } else { Want::See };
        chain = apply(scope, chain, op, Given { arg, want });
    }
    chain
}

/// Rust of a value of type `ty` made from an expression.
pub(crate) fn owned(scope: &mut Scope<'_>, expr: &Expr, ty: &Ty) -> TokenStream {
    let chain = chain(scope, expr, Want::Own);
    coerce::owned(chain, ty)
}

/// Rust of a `bool`.
pub(crate) fn condition(scope: &mut Scope<'_>, expr: &Expr) -> TokenStream {
    chain(scope, expr, Want::Own).owned()
}

/// Rust of something that is lent to a hook as a value of type `ty`.
pub(crate) fn lent(scope: &mut Scope<'_>, expr: &Expr, ty: &Ty) -> TokenStream {
    let chain = chain(scope, expr, Want::See);
    let from = if chain.base.is_some() { Ty::Opt(Box::new(chain.val.ty.clone())) } else { chain.val.ty.clone() };
    match ty {
        Ty::Opt(item) if matches!(from, Ty::Opt(_)) => {
            let chain = chain.inside();
            // What is made for the call cannot be lent by the closure that makes it.
            let made = matches!(chain.val.form, Form::Own | Form::Iter(_) | Form::Items(_)) && !is_copy(item);
            if types::same(types::inner(&from), item) && !made {
                return chain.option(|val| lend(val, item));
            }
            let made = coerce::owned(chain, ty);
            let derefs = is_text(item) || matches!(**item, Ty::List(_) | Ty::Bytes(_));
            let lent = if derefs { quote!(as_deref) } else { quote!(as_ref) };
            if is_copy(item) { made } else { quote!(#made.#lent()) }
        }
        Ty::Opt(item) => {
            let code = lend_as(chain.val, item);
            quote!(Some(#code))
        }
        _ => lend_as(chain.val, ty),
    }
}

fn lend_as(val: Val, ty: &Ty) -> TokenStream {
    if types::same(&val.ty, ty) {
        return lend(val, ty);
    }
    let made = coerce::value(val, ty);
    if is_copy(ty) { made } else { quote!(&#made) }
}

fn lend(val: Val, ty: &Ty) -> TokenStream {
    if is_copy(ty) {
        return val.code;
    }
    let code = &val.code;
    match val.form {
        Form::Str | Form::Slice => val.code,
        _ if is_text(ty) => val.str(),
        Form::Ref => val.code,
        Form::Iter(_) | Form::Items(_) => {
            let made = val.owned();
            quote!(&#made)
        }
        _ => quote!(&#code),
    }
}

/// Whether a step of an expression can hand on a value without copying it.
fn moves(op: &Op) -> bool {
    match &op.kind {
        OpKind::Field(_) | OpKind::EachField(_) => true,
        OpKind::Filter(filter) => matches!(
            filter,
            Filter::Default(_)
                | Filter::First
                | Filter::Last
                | Filter::Take(_)
                | Filter::Where(..)
                | Filter::Compact
                | Filter::Flatten
                | Filter::Entries
                | Filter::Find(..)
                | Filter::FindCi(..)
        ),
    }
}

fn apply(scope: &mut Scope<'_>, chain: Chain, op: &Op, given: Given) -> Chain {
    match &op.kind {
        OpKind::Field(name) => {
            let Chain { base, val } = chain.inside();
            Chain { base, val: field(scope, &val, name, &op.ty) }
        }
        OpKind::EachField(name) => {
            let Chain { base, val } = chain.inside();
            Chain { base, val: each_field(scope, val, name) }
        }
        OpKind::Filter(one) => filter::apply(scope, chain, filter::Call { filter: one, ty: &op.ty }, given),
    }
}

/// `.name`: the type of the result may say `opt` for the chain, so the field's own type is looked up.
pub(crate) fn field(scope: &Scope<'_>, val: &Val, name: &str, op_ty: &Ty) -> Val {
    let (ident, ty, boxed) = match &val.ty {
        Ty::Record(record) => match scope.types.field(record, name) {
            Some(known) => (known.ident.clone(), known.field.ty.clone(), known.boxed),
            None => (names::ident(&names::snake(name)), op_ty.clone(), false),
        },
        Ty::Pages(item) if name == "items" => (names::ident("items"), Ty::List(item.clone()), false),
        Ty::Pages(_) => (names::ident("next"), Ty::Opt(Box::new(Ty::String)), false),
        Ty::Entry(item) if name == "value" => (names::ident("value"), (**item).clone(), false),
        Ty::Entry(_) => (names::ident("key"), Ty::String, false),
        Ty::File if name == "data" => (names::ident("data"), op_ty.clone(), false),
        _ => (names::ident(&names::snake(name)), types::inner(op_ty).clone(), false),
    };
    let form = if val.form == Form::Own { Form::Own } else { Form::Place };
    let code = val.receiver();
    Val { boxed, ..Val::new(quote!(#code.#ident), form, ty) }
}

/// `.*.name`.
fn each_field(scope: &Scope<'_>, val: Val, name: &str) -> Val {
    let (items, item) = val.into_items();
    let of = field(scope, &item, name, &Ty::Json);
    let (code, form, ty) = match of.ty.clone() {
        Ty::Opt(_) if is_copy(&of.ty) => (of.code, Form::Own, of.ty),
        ty @ Ty::Opt(_) => {
            let (code, inner) = of.opened();
            (code, Form::Opt(Box::new(inner.form)), ty)
        }
        ty if of.form == Form::Own => (of.code, Form::Own, ty),
        ty => {
            let code = of.code;
            (quote!(&#code), Form::Ref, ty)
        }
    };
    let made = Val::new(quote!(#items.map(|v| #code)), Form::Iter(Box::new(form)), Ty::List(Box::new(ty)));
    Val { mapped: Some((items, code)), ..made }
}
