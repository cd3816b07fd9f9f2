//! The `connector!` macro: a YAML file becomes a module of typed tools.
//!
//! A shell: it reads the file and its base, calls `agentkit-spec` and `agentkit-codegen`, and reports.

mod args;
mod expand;
mod files;

use proc_macro::TokenStream;

/// Writes the module of a connector from its YAML file.
///
/// ```
/// // In a crate of one's own: connector!("openweather.yaml");
/// agentkit_macros::connector!("../connectors/openweather.yaml");
/// assert_eq!(openweather::CONNECTOR.name, "openweather");
/// ```
///
/// The path is relative to the folder of the crate's `Cargo.toml`; one that begins with `./` is relative to the
/// file of the call. `hooks = crate::Hooks` after it names the type that implements the module's `Hooks`, if the spec declares hooks.
#[proc_macro]
pub fn connector(input: TokenStream) -> TokenStream {
    let args = syn::parse_macro_input!(input as args::Args);
    expand::connector(&args).into()
}
