//! What runs, or is there, only if something holds.

use agentkit_spec::model::{Expr, OpKind, Root, When};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::expr::{Want, chain, condition};
use super::scope::Scope;
use super::value::Form;
use crate::names;

/// Rust of the condition of an `if`, and what `lower` makes of its body.
pub(crate) fn lower(
    scope: &mut Scope<'_>,
    when: &When,
    lower: impl FnOnce(&mut Scope<'_>) -> TokenStream,
) -> (TokenStream, TokenStream) {
    match when {
        When::Holds(expr) => {
            let body = lower(scope);
            (condition(scope, expr), body)
        }
        When::IsSet(path) => narrowed(scope, path, lower),
    }
}

/// `if let Some(the_payload) = &message.payload { … }`.
fn narrowed(
    scope: &mut Scope<'_>,
    path: &Expr,
    lower: impl FnOnce(&mut Scope<'_>) -> TokenStream,
) -> (TokenStream, TokenStream) {
    let name = names::snake(last_name(path));
    let name = match scope.proved() {
        0 => format_ident!("the_{name}"),
        // Inside of another that may have the same name, and is still in reach.
        outer => format_ident!("the_{name}_{outer}"),
    };
    // Lent in any case, so the form of the content does not depend on what comes later.
    let before = scope.mark();
    let (_, content) = chain(scope, path, Want::See).inside().into_option();
    scope.reset(&before);
    let body = scope.narrowed(&content, quote!(#name), lower);
    let chain = chain(scope, path, Want::See);
    let given = match (&chain.base, &chain.val.form) {
        (None, Form::Place) if content.form == Form::Ref && !chain.val.boxed => {
            let code = &chain.val.code;
            quote!(&#code)
        }
        _ => chain.inside().into_option().0,
    };
    (quote!(let Some(#name) = #given), body)
}

/// The last name of a path, for the variable that holds what is there.
fn last_name(path: &Expr) -> &str {
    let last = path.ops.iter().rev().find_map(|op| match &op.kind {
        OpKind::Field(name) | OpKind::EachField(name) => Some(name.as_str()),
        OpKind::Filter(_) => None,
    });
    last.unwrap_or(match &path.root {
        Root::Input(name) | Root::Account(name) | Root::Step(name) | Root::Item(name) | Root::Header(name) => name,
        Root::Body | Root::Status | Root::Narrowed(_) => "value",
    })
}
