//! What stands between the parentheses: a path and perhaps `hooks = path::to::Type`.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::parse::{Parse, ParseStream};
use syn::{LitStr, Path, Token};

/// Arguments of one call.
pub(crate) struct Args {
    /// The spec, as written.
    pub(crate) path: LitStr,
    /// The type that implements the hooks, as written.
    pub(crate) hooks: Option<Path>,
}

impl Args {
    /// The type of the hooks as a path from inside the module.
    pub(crate) fn hooks_inside(&self) -> Option<TokenStream> {
        self.hooks.as_ref().map(|path| {
            let whole =
                path.leading_colon.is_some() || path.segments.first().is_some_and(|first| first.ident == "crate");
            if whole { path.to_token_stream() } else { quote!(super::#path) }
        })
    }
}

impl Parse for Args {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let Ok(path) = input.parse::<LitStr>() else {
            return Err(syn::Error::new(input.span(), "write the path of a spec: connector!(\"gmail.yaml\")"));
        };
        let mut hooks = None;
        while !input.is_empty() {
            input.parse::<Token![,]>()?;
            if input.is_empty() {
                break;
            }
            let key: Ident = input.parse()?;
            if key != "hooks" || hooks.is_some() {
                let message = format!("unexpected `{key}`; after the path comes `hooks = path::to::Type` at most");
                return Err(syn::Error::new(key.span(), message));
            }
            input.parse::<Token![=]>()?;
            hooks = Some(input.call(Path::parse_mod_style)?);
        }
        Ok(Self { path, hooks })
    }
}
