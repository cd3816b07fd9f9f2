//! One test per example of the spec.

use proc_macro2::TokenStream;
use quote::quote;

use super::outer;
use crate::ir;

/// The module of tests; nothing where there are no examples.
pub(crate) fn emit(tools: &[ir::Tool]) -> TokenStream {
    let tests: Vec<TokenStream> = tools
        .iter()
        .flat_map(|tool| tool.examples.iter().map(move |(test, json)| (&tool.name, test, json)))
        .map(|(tool, test, json)| {
            let tool = outer(tool);
            quote! {
                #[::core::prelude::v1::test]
                fn #test() { example::run(super::CONNECTOR, <#tool as Tool>::DEF, #json); }
            }
        })
        .collect();
    if tests.is_empty() {
        return TokenStream::new();
    }
    quote! {
        #[cfg(test)]
        mod examples {
            use ::agentkit_runtime::__private::prelude::*;
            #(#tests)*
        }
    }
}
