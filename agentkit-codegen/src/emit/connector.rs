//! `CONNECTOR` and `TOOLS`, and the functions they point to.

use proc_macro2::TokenStream;
use quote::quote;

use crate::ir;

/// The tables of a connector.
pub(crate) fn emit(module: &ir::Module) -> TokenStream {
    let fields = &module.connector;
    let errors = errors(module);
    let check = module.check.as_ref().map(|check| {
        let scopes = &check.scopes;
        let choose = check.choose;
        quote!(check: Some(CheckDef { scopes: &[#(#scopes),*], choose: #choose, run: |cx| Box::pin(check(cx)) }),)
    });
    let check_fn = module.check.as_ref().map(|check| {
        let body = &check.body;
        quote! {
            async fn check(cx: &Cx) -> Result<Vec<CheckedAccount>, ToolError> { #body }
        }
    });
    let error_fn = module.read_error.as_ref().map(|body| {
        quote! {
            fn read_error(reply: &RawReply<'_>) -> ErrorParts { #body }
        }
    });
    let fails_fn = module.fails.as_ref().map(|body| {
        quote! {
            fn fails(reply: &RawReply<'_>) -> bool { #body }
        }
    });
    let tools = module.tools.iter().filter(|tool| tool.index.is_some()).map(|tool| &tool.def);
    quote! {
        /// How it is connected, and its tools.
        pub const CONNECTOR: &ConnectorDef =
            &ConnectorDef { #fields #check #errors tools: TOOLS, ..ConnectorDef::EMPTY };
        /// The tools, for agents that call them by name.
        pub const TOOLS: &[ToolDef] = &[#(#tools),*];
        #check_fn
        #fails_fn
        #error_fn
    }
}

fn errors(module: &ir::Module) -> Option<TokenStream> {
    if module.read_error.is_none() && module.fails.is_none() && module.codes.is_empty() {
        return None;
    }
    let read = module.read_error.is_some().then(|| quote!(read: read_error,));
    let fails = module.fails.is_some().then(|| quote!(fails: Some(fails),));
    let codes = &module.codes;
    Some(quote!(errors: &ErrorsDef { #read #fails map: &[#(#codes),*], ..ErrorsDef::EMPTY },))
}
