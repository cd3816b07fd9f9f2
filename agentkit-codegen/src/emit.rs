//! Ir → tokens: the module of a connector and the order of what is in it.

mod connector;
mod examples;
mod hooks;
mod record;
mod tool;

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use crate::ir;
use crate::names;
use crate::{Options, Tracked};

/// The whole module.
pub(crate) fn module(module: &ir::Module, options: &Options) -> TokenStream {
    let name = &module.name;
    let docs = docs(&module.docs);
    let files = options.files.iter().map(track);
    let connector = connector::emit(module);
    let hooks = hooks::emit(module, options.hooks.as_ref());
    let records = module.records.iter().map(record::emit);
    let enums = module.enums.iter().map(record::emit_enum);
    let tools = module.tools.iter().map(tool::emit);
    let stubs = stubs(&options.stubs);
    let examples = examples::emit(&module.tools);
    let deprecated = module.tools.iter().any(|tool| tool.deprecated.is_some()).then(|| quote!(deprecated,));
    quote! {
        #docs
        #[allow(missing_docs, #deprecated clippy::needless_update, reason = "fields without a text in the spec; tables that happen to be full")]
        pub mod #name {
            use ::agentkit_runtime::__private::prelude::*;
            #(#files)*
            #connector
            #(#tools)*
            #(#records)*
            #(#enums)*
            #hooks
            #stubs
            #examples
        }
    }
}

/// A module of stubs alone.
pub(crate) fn stub(name: &Ident, options: &Options) -> TokenStream {
    let files = options.files.iter().map(track);
    let stubs = stubs(&options.stubs);
    let doc = format!("`{name}`, whose spec has mistakes.");
    quote! {
        #[doc = #doc]
        pub mod #name {
            use ::agentkit_runtime::__private::prelude::*;
            #(#files)*
            /// Nothing, until the spec is right.
            pub const CONNECTOR: &ConnectorDef = &ConnectorDef::EMPTY;
            /// Nothing, until the spec is right.
            pub const TOOLS: &[ToolDef] = &[];
            #stubs
        }
    }
}

/// An item that makes rustc look at a file again when it changes.
pub(crate) fn track(file: &Tracked) -> TokenStream {
    match file {
        Tracked::Manifest(path) => {
            let path = format!("/{path}");
            quote! {
                const _: &[u8] = ::core::include_bytes!(::core::concat!(::core::env!("CARGO_MANIFEST_DIR"), #path));
            }
        }
        Tracked::Absolute(path) => quote!(
            const _: &[u8] = ::core::include_bytes!(#path);
        ),
    }
}

/// Structs of tools that did not pass the check, so that only the mistakes in the spec are reported.
fn stubs(tools: &[String]) -> TokenStream {
    let stubs = tools.iter().map(|tool| {
        let (name, doc) =
            (names::ident(&names::pascal(tool)), format!("Tool `{tool}`, which has mistakes in the spec."));
        quote! {
            #[doc = #doc]
            #[derive(Debug, Clone, Copy)]
            pub struct #name;
        }
    });
    quote!(#(#stubs)*)
}

/// Documentation, a paragraph each.
fn docs(paragraphs: &[String]) -> TokenStream {
    let mut lines = TokenStream::new();
    for (at, paragraph) in paragraphs.iter().enumerate() {
        if at > 0 {
            lines.extend(quote!(#[doc = ""]));
        }
        let line = format!(" {}", escape(paragraph));
        lines.extend(quote!(#[doc = #line]));
    }
    lines
}

/// Brackets would be read as links, angles as HTML; addresses and code stay as they are.
fn escape(text: &str) -> String {
    let mut out = String::new();
    let mut code = false;
    for (at, c) in text.char_indices() {
        code ^= c == '`';
        let address = text[at..].starts_with("<http");
        match c {
            '[' | ']' if !code => out.extend(['\\', c]),
            '<' if !code && !address => out.push_str("\\<"),
            _ => out.push(c),
        }
    }
    out
}

/// The documentation of one item.
fn doc(text: &str) -> TokenStream {
    docs(&[text.split_whitespace().collect::<Vec<_>>().join(" ")])
}

/// `FetchMails` → a use of it from inside a nested module.
fn outer(name: &Ident) -> TokenStream {
    let name = format_ident!("{name}");
    quote!(super::#name)
}
