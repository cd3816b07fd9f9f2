//! How errors of the provider are read: from a raw reply to whether it is one, and to its parts.

use agentkit_spec::model::{Arg, DatetimeForm, Errors, Expr, Filter, OpKind, Root, Ty};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::def;
use super::expr::{condition, owned};
use super::scope::Scope;
use super::types::{Types, rust};
use super::value::Form;

/// The `ErrorsDef` of one request: what is said at `errors` of the connector does not hold for it.
pub(crate) fn of_request(types: &Types<'_>, errors: &Errors) -> TokenStream {
    let read = read(types, errors).map(|body| quote!(read: |reply| { #body },));
    let fails = fails(types, errors).map(|body| quote!(fails: Some(|reply| { #body }),));
    let codes = errors.map.iter().map(def::code);
    // A constant of its own, so that it lives on while the request is under way.
    quote!(const { &ErrorsDef { #read #fails map: &[#(#codes),*], ..ErrorsDef::EMPTY } })
}

/// Whether a reply below 400 is an error; `None` where none is.
pub(crate) fn fails(types: &Types<'_>, errors: &Errors) -> Option<TokenStream> {
    let expr = errors.fail_when.as_ref()?;
    let mut scope = Scope::new(types);
    scope.lenient = true;
    scope.bind(Root::Body, quote!(body), Form::Own);
    let holds = condition(&mut scope, expr);
    let Some(body) = errors.body.as_ref().filter(|_| scope.is_used_later(&Root::Body)) else { return Some(holds) };
    let mut keys = Vec::new();
    let body = rust(body);
    // Each good reply is asked this, so it is read no further than to the keys that decide.
    let body = if decided_by(expr, &mut keys) {
        quote!(reply.until::<#body>(&[#(#keys),*]))
    } else {
        quote!(reply.json::<#body>())
    };
    Some(quote!(#body.is_some_and(|body| #holds)))
}

/// The keys of the body that an expression looks at; `false` where it looks at the body as a whole.
fn decided_by(expr: &Expr, keys: &mut Vec<String>) -> bool {
    if expr.root == Root::Body {
        let Some(OpKind::Field(name)) = expr.ops.first().map(|op| &op.kind) else { return false };
        if !keys.contains(name) {
            keys.push(name.clone());
        }
    }
    expr.ops.iter().all(|op| match &op.kind {
        OpKind::Filter(
            Filter::Default(Arg::Expr(arg))
            | Filter::Eq(Arg::Expr(arg))
            | Filter::Contains(Arg::Expr(arg))
            | Filter::Where(_, Arg::Expr(arg))
            | Filter::Find(_, Arg::Expr(arg))
            | Filter::FindCi(_, Arg::Expr(arg))
            | Filter::Then(Arg::Expr(arg))
            | Filter::StartsWith(Arg::Expr(arg)),
        ) => decided_by(arg, keys),
        _ => true,
    })
}

/// The body of `read_error`; `None` where only the status counts.
pub(crate) fn read(types: &Types<'_>, errors: &Errors) -> Option<TokenStream> {
    let mut scope = Scope::new(types);
    scope.lenient = true;
    scope.bind(Root::Body, quote!(body), Form::Own);
    // From the end, as always: what is read last may be moved.
    let retry_at = errors.retry_at.as_ref().map(|expr| owned(&mut scope, expr, &opt(time())));
    let scopes = errors.scopes.as_ref().map(|expr| list(&mut scope, expr));
    let message = errors.message.as_ref().map(|expr| owned(&mut scope, expr, &opt(Ty::String)));
    let code = code(&mut scope, errors);

    let given = [("code", code), ("message", message), ("scopes", scopes), ("retry_at", retry_at)];
    let whole = given.iter().all(|(_, code)| code.is_some());
    let parts: Vec<TokenStream> = given
        .into_iter()
        .filter_map(|(name, code)| {
            let name = format_ident!("{name}");
            code.map(|code| quote!(#name: #code))
        })
        .collect();
    if parts.is_empty() {
        return None;
    }
    let rest = (!whole).then(|| quote!(..ErrorParts::default()));
    let made = quote!(ErrorParts { #(#parts,)* #rest });
    let Some(body) = errors.body.as_ref().filter(|_| scope.is_used_later(&Root::Body)) else { return Some(made) };
    let (body, bare) = (rust(body), bare(types, errors));
    Some(quote! {
        let Some(body) = reply.json::<#body>() else { return #bare };
        #made
    })
}

/// What is known of a reply whose body is something else, such as the page of a proxy: its status and headers.
fn bare(types: &Types<'_>, errors: &Errors) -> TokenStream {
    let without_body = |name: &str, lower: &dyn Fn(&mut Scope<'_>) -> Option<TokenStream>| {
        let mut scope = Scope::new(types);
        scope.lenient = true;
        let code = lower(&mut scope).filter(|_| !scope.is_used_later(&Root::Body))?;
        let name = format_ident!("{name}");
        Some(quote!(#name: #code))
    };
    let parts: Vec<TokenStream> = [
        without_body("code", &|scope| code(scope, errors)),
        without_body("message", &|scope| errors.message.as_ref().map(|expr| owned(scope, expr, &opt(Ty::String)))),
        without_body("scopes", &|scope| errors.scopes.as_ref().map(|expr| list(scope, expr))),
        without_body("retry_at", &|scope| errors.retry_at.as_ref().map(|expr| owned(scope, expr, &opt(time())))),
    ]
    .into_iter()
    .flatten()
    .collect();
    if parts.is_empty() {
        return quote!(ErrorParts::default());
    }
    quote!(ErrorParts { #(#parts,)* ..ErrorParts::default() })
}

fn code(scope: &mut Scope<'_>, errors: &Errors) -> Option<TokenStream> {
    let expr = errors.code.as_ref()?;
    Some(as_text(owned(scope, expr, &opt(code_ty(expr))), expr))
}

/// A list of texts; nothing where it is absent.
fn list(scope: &mut Scope<'_>, expr: &Expr) -> TokenStream {
    let list = Ty::List(Box::new(Ty::String));
    if !matches!(expr.ty(), Ty::Opt(_)) {
        return owned(scope, expr, &list);
    }
    let code = owned(scope, expr, &opt(list));
    quote!(#code.unwrap_or_default())
}

/// Some providers number their errors.
fn code_ty(expr: &Expr) -> Ty {
    match super::types::inner(expr.ty()) {
        Ty::Int(form) => Ty::Int(*form),
        _ => Ty::String,
    }
}

fn as_text(code: TokenStream, expr: &Expr) -> TokenStream {
    match code_ty(expr) {
        Ty::Int(_) => quote!(#code.map(|v| v.to_string())),
        _ => code,
    }
}

fn time() -> Ty {
    Ty::Datetime(DatetimeForm::Rfc3339)
}

fn opt(ty: Ty) -> Ty {
    Ty::Opt(Box::new(ty))
}
