//! The trait of a connector's hooks and the structs of their arguments.

use proc_macro2::TokenStream;
use quote::quote;

use super::{doc, docs};
use crate::ir;

/// The trait, the structs, and the name `H` for the type that implements it.
pub(crate) fn emit(module: &ir::Module, implementor: Option<&TokenStream>) -> TokenStream {
    let (hooks, handlers, signers) = (&module.hooks, &module.handlers, &module.signers);
    if hooks.is_empty() && handlers.is_empty() && signers.is_empty() {
        return TokenStream::new();
    }
    let functions = hooks.iter().map(|hook| {
        let (name, args, returns) = (&hook.name, &hook.args, &hook.returns);
        let mut paragraphs = hook.docs.clone();
        paragraphs.push("# Errors".to_owned());
        paragraphs.push("The hook cannot do its work with these arguments.".to_owned());
        let docs = docs(&paragraphs);
        let lifetime = hook.lends.then(|| quote!(<'_>));
        quote!(#docs fn #name(args: #args #lifetime) -> Result<#returns, HookError>;)
    });
    let handlers = handlers.iter().map(|handler| {
        let (name, tool, output) = (&handler.name, &handler.tool, &handler.output);
        let mut paragraphs = handler.docs.clone();
        paragraphs.push("# Errors".to_owned());
        paragraphs.push("Those of the requests it sends, and its own.".to_owned());
        let docs = docs(&paragraphs);
        quote! {
            #docs
            fn #name(tool: #tool, cx: &Cx) -> impl ::core::future::Future<Output = Result<#output, ToolError>> + Send;
        }
    });
    let signers = signers.iter().map(|(name, paragraphs)| {
        let mut paragraphs = paragraphs.clone();
        paragraphs.push("# Errors".to_owned());
        paragraphs.push("The request cannot be signed with these secrets.".to_owned());
        let docs = docs(&paragraphs);
        quote!(#docs fn #name(request: &Unsigned<'_>) -> Result<Signature, HookError>;)
    });
    let structs = hooks.iter().map(|hook| {
        let (args, lifetime) = (&hook.args, hook.lends.then(|| quote!(<'a>)));
        let about = format!(" Arguments of [`Hooks::{}`].", hook.name);
        let fields = hook.fields.iter().map(|(name, ty, about)| {
            let about = about.as_ref().map(|about| doc(about));
            quote!(#about pub #name: #ty)
        });
        quote! {
            #[doc = #about]
            #[derive(Debug, Clone, Copy)]
            pub struct #args #lifetime { #(#fields),* }
        }
    });
    let h = implementor.map(|path| quote!(type H = #path;));
    quote! {
        /// Functions that the spec calls.
        pub trait Hooks { #(#functions)* #(#handlers)* #(#signers)* }
        #(#structs)*
        #h
    }
}
