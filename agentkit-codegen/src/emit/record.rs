//! Structs and enums that travel as JSON, each with its table.

use proc_macro2::TokenStream;
use quote::quote;

use super::{doc, docs};
use crate::ir;

/// A record.
pub(crate) fn emit(record: &ir::Record) -> TokenStream {
    let (name, docs) = (&record.name, docs(&record.docs));
    let open = record.open.then(|| quote!(#[non_exhaustive]));
    let fields = record.fields.iter().map(|field| {
        let (ident, ty, about) = (&field.ident, &field.ty, field.about.as_ref().map(|about| doc(about)));
        quote!(#about pub #ident: #ty)
    });
    let table = table(&record.fields);
    quote! {
        #docs
        #[derive(Debug, Clone, Default)]
        #open
        pub struct #name { #(#fields),* }
        impl Described for #name {
            #table
        }
    }
}

/// `const FIELDS: … = fields!(id, "threadId" = thread_id, …);`.
pub(crate) fn table(fields: &[ir::Field]) -> TokenStream {
    let fields = fields.iter().map(|field| {
        let (wire, ident, rules) = (&field.wire, &field.ident, &field.rules);
        let key = (*ident != wire).then(|| quote!(#wire =));
        quote!(#key #ident #(#rules)*)
    });
    quote!(
        const FIELDS: Fields<Self> = fields!(#(#fields),*);
    )
}

/// An enum of texts.
pub(crate) fn emit_enum(of: &ir::Enum) -> TokenStream {
    let (name, docs) = (&of.name, docs(&of.docs));
    let variants = of.values.iter().enumerate().map(|(at, (variant, _, about))| {
        let (about, first) = (doc(about), (at == of.default).then(|| quote!(#[default])));
        quote!(#about #first #variant)
    });
    let pairs = of.values.iter().map(|(variant, text, _)| quote!((Self::#variant, #text)));
    let (copy, other, shape) = if of.open {
        (
            None,
            Some(quote! {
                /// Another one.
                Other(String),
            }),
            quote! {
                Shape::Open {
                    values: &[#(#pairs),*],
                    other: Self::Other,
                    text: |v| if let Self::Other(text) = v { Some(text) } else { None },
                }
            },
        )
    } else {
        (Some(quote!(Copy,)), None, quote!(Shape::Closed(&[#(#pairs),*])))
    };
    quote! {
        #docs
        #[derive(Debug, Clone, #copy Default, PartialEq, Eq)]
        pub enum #name { #(#variants,)* #other }
        impl Described for #name {
            const SHAPE: Shape<Self> = #shape;
        }
    }
}
