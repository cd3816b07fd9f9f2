//! A tool: the struct of its inputs, how it is made, and what it runs.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::record::table;
use super::{doc, docs};
use crate::ir::{self, Start};

/// A tool.
pub(crate) fn emit(tool: &ir::Tool) -> TokenStream {
    let (name, output, body) = (&tool.name, &tool.output, &tool.body);
    let public = tool.index.is_some();
    let deprecated = tool.deprecated.as_ref().map(|(since, note)| quote!(#[deprecated(since = #since, note = #note)]));
    let docs = docs(&tool.docs);
    let fields = tool.inputs.iter().map(|field| {
        let (ident, ty, about) = (&field.ident, &field.ty, field.about.as_ref().map(|about| doc(about)));
        let visible = (public || tool.handled).then(|| quote!(pub));
        quote!(#about #visible #ident: #ty)
    });
    let (visible, open) = ((public || tool.handled).then(|| quote!(pub)), public.then(|| quote!(#[non_exhaustive])));
    // Where every input is blank the way its type is, `Default` need not be written out.
    let plain = tool.inputs.iter().all(|field| field.plain);
    let derived = plain.then(|| quote!(, Default));
    let make = if public { make(tool, plain) } else { blank(tool, plain) };
    let table = table(&tool.inputs);
    let def = if let Some(index) = tool.index {
        let index = Literal::usize_unsuffixed(index);
        quote!(&TOOLS[#index])
    } else {
        let def = &tool.def;
        quote!(&#def)
    };
    quote! {
        #docs
        #[derive(Debug, Clone #derived)]
        #deprecated
        #[must_use = "a tool does nothing until it is run"]
        #open
        #visible struct #name { #(#fields),* }
        #make
        impl Described for #name {
            #table
        }
        impl Tool for #name {
            type Output = #output;
            const DEF: &'static ToolDef = #def;
            async fn run(self, cx: &Cx) -> Result<#output, ToolError> { #body }
        }
    }
}

/// `new`, the setters, and `Default`.
fn make(tool: &ir::Tool, plain: bool) -> TokenStream {
    let name = &tool.name;
    let required = tool.inputs.iter().filter(|field| matches!(field.start, Start::Argument { .. }));
    let args = required.map(|field| {
        let (ident, takes) = (&field.ident, &field.setter.takes);
        quote!(#ident: #takes)
    });
    // As many as the provider asks for; whoever calls it has their names and types at hand.
    let many =
        (args.clone().count() > 4).then(|| quote!(#[allow(clippy::too_many_arguments, reason = "each must be given")]));
    let fields = tool.inputs.iter().map(|field| match &field.start {
        Start::Argument { .. } => init(field, &field.setter.made),
        Start::Default(code) => init(field, code),
    });
    let blanks = tool.inputs.iter().filter_map(|field| match &field.start {
        Start::Argument { blank } => Some(blank),
        Start::Default(_) => None,
    });
    let setters = tool.inputs.iter().filter(|field| matches!(field.start, Start::Default(_))).map(|field| {
        let (ident, takes) = (&field.ident, &field.setter.takes);
        let (value, about) = (init(field, &field.setter.made), format!(" Sets `{}`.", field.wire));
        let rest = (tool.inputs.len() > 1).then(|| quote!(, ..self));
        quote! {
            #[doc = #about]
            pub fn #ident(self, #ident: #takes) -> Self { Self { #value #rest } }
        }
    });
    let default = (!plain).then(|| {
        quote! {
            impl Default for #name {
                fn default() -> Self { Self::new(#(#blanks),*) }
            }
        }
    });
    quote! {
        impl #name {
            /// The tool with what it must be given.
            #many
            pub fn new(#(#args),*) -> Self { Self { #(#fields),* } }
            #(#setters)*
        }
        #default
    }
}

/// `Default` of a private tool, which is made only by other tools.
fn blank(tool: &ir::Tool, plain: bool) -> TokenStream {
    if plain {
        return TokenStream::new();
    }
    let name = &tool.name;
    let fields = tool.inputs.iter().map(|field| match &field.start {
        Start::Argument { .. } => init(field, &quote!(Default::default())),
        Start::Default(code) => init(field, code),
    });
    quote! {
        impl Default for #name {
            fn default() -> Self { Self { #(#fields),* } }
        }
    }
}

fn init(field: &ir::Field, code: &TokenStream) -> TokenStream {
    let ident = &field.ident;
    if *ident == code.to_string() { quote!(#ident) } else { quote!(#ident: #code) }
}
