//! Steps and results: the body of a tool's `run`.

use agentkit_spec::model::{self, Action, Each, Root, Step, Template};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::expr::lent;
use super::request::{self, Usual, at, gives};
use super::scope::Scope;
use super::template::{over, owned, struct_fields};
use super::types::{Types, is_copy, name_fields};
use super::value::Form;
use super::{fields, types, when};
use crate::names;

/// What steps refer to by name.
#[derive(Debug)]
pub(crate) struct Known<'a> {
    /// The connector.
    pub(crate) connector: &'a model::Connector,
    /// Its records.
    pub(crate) types: &'a Types<'a>,
}

impl<'a> Known<'a> {
    /// A tool of the file.
    pub(crate) fn tool(&self, name: &str) -> Option<&'a model::Tool> {
        self.connector.tools.iter().find(|tool| tool.name == name)
    }

    /// A hook of the file.
    pub(crate) fn hook(&self, name: &str) -> Option<&'a model::Hook> {
        self.connector.hooks.iter().find(|hook| hook.name == name)
    }
}

/// The statements of `run`, the result last.
pub(crate) fn body(known: &Known<'_>, tool: &model::Tool) -> TokenStream {
    let mut scope = Scope::new(known.types);
    for name in name_fields(&tool.input) {
        let ident = &name.ident;
        scope.bind(Root::Input(name.field.name.clone()), quote!(self.#ident), Form::Own);
    }
    for step in &tool.steps {
        let name = names::ident(&names::local(&step.name));
        scope.bind(Root::Step(step.name.clone()), quote!(#name), Form::Own);
    }
    let usual = Usual { token: &tool.token, rate: &known.connector.http.rate, repeatable: tool.repeatable };
    let lower = Steps { known, usual };
    // From the end: what is not used later may be moved.
    let result = owned(&mut scope, &tool.result, &tool.output);
    let mut steps: Vec<TokenStream> = tool.steps.iter().rev().map(|step| lower.step(&mut scope, step)).collect();
    steps.reverse();
    quote!(#(#steps)* Ok(#result))
}

/// The request of `account.check` and the identity it gives.
pub(crate) fn check(known: &Known<'_>, check: &model::Check) -> TokenStream {
    let mut scope = Scope::new(known.types);
    scope.bind(Root::Body, quote!(body), Form::Own);
    // No tool says which token: it is the first one of the way the account was connected.
    let usual = Usual { token: usual_token(known.connector), rate: &known.connector.http.rate, repeatable: false };
    // What one of them lacks is not worth an error: it is then absent.
    scope.lenient = check.choose.is_some();
    let found = match &check.choose {
        None => {
            let one = checked(&mut scope, check);
            quote!(Vec::from([#one]))
        }
        Some(list) => {
            let (list, one) = over(&mut scope, "choice", list, |scope| checked(scope, check));
            let (items, _) = list.into_items();
            quote!(#items.map(|choice| #one).collect())
        }
    };
    let send = request::lower(&mut scope, &check.request, &usual);
    let ty = check.request.returns.ty().map_or_else(|| quote!(()), |ty| types::rust(&ty));
    quote! {
        let body: #ty = #send.await?;
        Ok(#found)
    }
}

/// What is known of an account after its check.
fn checked(scope: &mut Scope<'_>, check: &model::Check) -> TokenStream {
    let text = model::Ty::Opt(Box::new(model::Ty::String));
    let mut values: Vec<TokenStream> = check
        .set
        .iter()
        .rev()
        .map(|(name, value)| {
            let value = owned(scope, value, &text);
            quote!((#name, #value))
        })
        .collect();
    values.reverse();
    let label = owned(scope, &check.label, &model::Ty::String);
    let id = owned(scope, &check.id, &model::Ty::String);
    quote!(CheckedAccount { id: #id, label: #label, values: Vec::from([#(#values),*]) })
}

/// The name of what an empty token name means, where that is the same for all ways to connect.
pub(crate) fn usual_token(connector: &model::Connector) -> &str {
    let mut firsts = connector.auth.iter().map(|auth| auth.tokens.first().map_or("", |token| token.name.as_str()));
    let first = firsts.next().unwrap_or_default();
    if firsts.all(|other| other == first) { first } else { "" }
}

struct Steps<'a> {
    known: &'a Known<'a>,
    usual: Usual<'a>,
}

impl Steps<'_> {
    fn step(&self, scope: &mut Scope<'_>, step: &Step) -> TokenStream {
        let used = scope.is_used_later(&Root::Step(step.name.clone()));
        let code = match &step.when {
            None => self.once(scope, step),
            Some(when) => {
                let (holds, code) = when::lower(scope, when, |scope| self.once(scope, step));
                optional(&holds, &code, step)
            }
        };
        let Some(ty) = &step.ty else { return quote!(#code;) };
        let ty = types::rust(ty);
        if used {
            let name = names::ident(&names::local(&step.name));
            quote!(let #name: #ty = #code;)
        } else {
            quote!(let _: #ty = #code;)
        }
    }

    /// The action, once or for every item, with its `.await?`.
    fn once(&self, scope: &mut Scope<'_>, step: &Step) -> TokenStream {
        let Some(each) = &step.each else {
            let code = self.action(scope, step);
            return if is_async(&step.action) { quote!(#code.await?) } else { quote!(#code?) };
        };
        let name = names::ident(&names::local(&each.var));
        let (list, code) = over(scope, &each.var, &each.list, |scope| self.action(scope, step));
        let code = if is_async(&step.action) { code } else { quote!(::core::future::ready(#code)) };
        let gives = gives(&step.action, self.known);
        let (items, _) = list.looped();
        let (parallel, skip, at) = (types::number(each.parallel), skipped(each), at(&step.at));
        quote! {{
            let mut each: Vec<BoxFuture<'_, Result<#gives, ToolError>>> = Vec::new();
            for #name in #items {
                cx.room(#at, each.len())?;
                each.push(Box::pin(#code));
            }
            cx.join(#parallel, &[#(#skip),*], each).await?
        }}
    }

    fn action(&self, scope: &mut Scope<'_>, step: &Step) -> TokenStream {
        match &step.action {
            Action::Request(request) => request::lower(scope, request, &self.usual),
            Action::Call { tool, with } => self.call(scope, &at(&step.at), (tool, with)),
            Action::Hook { hook, with } => self.hook(scope, &at(&step.at), (hook, with)),
            Action::Handler { handler } => {
                let (at, function) = (at(&step.at), names::ident(&names::snake(handler)));
                quote!(cx.handle(#at, <H as Hooks>::#function(self, cx)))
            }
        }
    }

    /// `cx.call("gmail.yaml:134", GetMail { id: ref_.id })`.
    fn call(&self, scope: &mut Scope<'_>, at: &str, (tool, with): (&str, &[(String, Template)])) -> TokenStream {
        let name = names::ident(&names::pascal(tool));
        let known = self.known.tool(tool).map(|tool| name_fields(&tool.input)).unwrap_or_default();
        let args = struct_fields(scope, with, &known, |name| fields::default_of(name.field));
        quote!(cx.call(#at, #name { #(#args),* }))
    }

    /// `cx.hook("gmail.yaml:38", "read_parts", || <H as Hooks>::read_parts(ReadPartsArgs { … }))`.
    fn hook(&self, scope: &mut Scope<'_>, at: &str, (hook, with): (&str, &[(String, Template)])) -> TokenStream {
        let (function, args_ty) = (names::ident(&names::snake(hook)), format_ident!("{}Args", names::pascal(hook)));
        let known = self.known.hook(hook).map(|hook| name_fields(&hook.args)).unwrap_or_default();
        let outer = std::mem::take(&mut scope.fallible);
        let mut args: Vec<TokenStream> = known
            .iter()
            .rev()
            .map(|name| {
                let (ident, ty) = (&name.ident, &name.field.ty);
                let given = with.iter().find(|(key, _)| *key == name.field.name).map(|(_, value)| value);
                let code = match given {
                    Some(Template::Expr(expr)) => lent(scope, expr, ty),
                    Some(Template::Null) | None => absent_lent(ty),
                    Some(Template::Text(text)) if types::is_text(types::inner(ty)) => some(ty, &quote!(#text)),
                    Some(value) if is_copy(ty) => owned(scope, value, ty),
                    Some(value @ Template::When { .. }) => {
                        let code = owned(scope, value, ty);
                        quote!((#code).as_ref())
                    }
                    Some(value) => {
                        let code = owned(scope, value, types::inner(ty));
                        some(ty, &quote!(&#code))
                    }
                };
                if *ident == code.to_string() { code } else { quote!(#ident: #code) }
            })
            .collect();
        args.reverse();
        let fails = std::mem::replace(&mut scope.fallible, outer);
        // A `?` among the arguments gives an error of the tool, and the closure has one kind of errors.
        let same = fails.then(|| quote!(.map_err(ToolError::from)));
        quote!(cx.hook(#at, #hook, || <H as Hooks>::#function(#args_ty { #(#args),* })#same))
    }
}

fn some(ty: &model::Ty, code: &TokenStream) -> TokenStream {
    if matches!(ty, model::Ty::Opt(_)) { quote!(Some(#code)) } else { code.clone() }
}

fn absent_lent(ty: &model::Ty) -> TokenStream {
    if matches!(ty, model::Ty::List(_)) { quote!(&[]) } else { quote!(None) }
}

/// `if holds { Some(code) } else { None }`; without a value only `if holds { code; }`.
fn optional(holds: &TokenStream, code: &TokenStream, step: &Step) -> TokenStream {
    if step.ty.is_some() { quote!(if #holds { Some(#code) } else { None }) } else { quote!(if #holds { #code; }) }
}

fn is_async(action: &Action) -> bool {
    !matches!(action, Action::Hook { .. })
}

fn skipped(each: &Each) -> Vec<TokenStream> {
    each.skip
        .iter()
        .map(|kind| {
            let kind = error_kind(*kind);
            quote!(#kind)
        })
        .collect()
}

/// `ErrorKind::NotFound`.
pub(crate) fn error_kind(kind: model::ErrorKind) -> TokenStream {
    let name = format_ident!("{kind:?}");
    quote!(ErrorKind::#name)
}
