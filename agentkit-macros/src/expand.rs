//! One call: compile the spec, report what is wrong with it, write what is right.

use agentkit_codegen::{Options, Tracked};
use agentkit_spec::{Compiled, Leading, Severity, Style};
use proc_macro2::TokenStream;
use quote::quote_spanned;
use syn::LitStr;

use crate::args::Args;
use crate::files::Folder;

/// Most errors that one call shows.
const SHOWN: usize = 20;

/// The expansion of a call: errors at the path, and the module as far as it can be written.
pub(crate) fn connector(args: &Args) -> TokenStream {
    let path = &args.path;
    let opened = Folder::of(path).and_then(|(folder, name)| Ok((folder.read(&name)?, folder, name)));
    let (file, folder, name) = match opened {
        Ok(opened) => opened,
        Err(message) => return error(path, &message),
    };
    let mut tracked = vec![folder.track(&name)];
    let compiled = agentkit_spec::compile(&file, |base| {
        // The base lies beside the spec.
        let base = sibling(&name, base);
        let read = folder.read(&base)?;
        tracked.push(folder.track(&base));
        Ok(read)
    });
    let mut errors = reports(path, &compiled);
    let module = module(args, &compiled, tracked, &mut errors);
    errors.into_iter().chain([module]).collect()
}

/// One `compile_error!` per mistake in the spec; warnings are for `agentkit check`.
fn reports(path: &LitStr, compiled: &Compiled) -> Vec<TokenStream> {
    let mistakes: Vec<_> = compiled.diagnostics.iter().filter(|one| one.severity == Severity::Error).collect();
    let shown = mistakes.iter().take(SHOWN);
    let mut errors: Vec<TokenStream> =
        shown.map(|one| error(path, &compiled.render(one, Style::Plain, Leading::None))).collect();
    if mistakes.len() > SHOWN {
        let more = mistakes.len() - SHOWN;
        errors.push(error(path, &format!("and {more} more; run `agentkit check {}`", path.value())));
    }
    errors
}

fn module(args: &Args, compiled: &Compiled, files: Vec<Tracked>, errors: &mut Vec<TokenStream>) -> TokenStream {
    let stubs = compiled.stubs.iter().map(|stub| stub.name.clone()).collect();
    let mut options = Options { hooks: args.hooks_inside(), files, stubs };
    let Some(connector) = compiled.connector.as_ref().or(compiled.remains.as_ref()) else {
        return match &compiled.name {
            Some(name) => agentkit_codegen::stub(name, &options),
            None => options.files.iter().map(agentkit_codegen::track).collect(),
        };
    };
    // A broken spec may have lost its hooks; then the call is not to blame.
    if connector.functions().is_empty() == args.hooks.is_none() || !errors.is_empty() && args.hooks.is_some() {
        return agentkit_codegen::expand(connector, &options);
    }
    let hooks: Vec<String> = connector.functions().iter().map(|name| format!("`{name}`")).collect();
    errors.push(error(
        &args.path,
        &match &args.hooks {
            None => format!(
                "{} needs functions in Rust ({}); write `hooks = path::to::Type` with a type that implements `{}::Hooks`",
                connector.file,
                hooks.join(", "),
                connector.name
            ),
            Some(_) => format!("{} needs no functions in Rust; leave out `hooks = …`", connector.file),
        },
    ));
    options.stubs.extend(connector.tools.iter().map(|tool| tool.name.clone()));
    agentkit_codegen::stub(&connector.name, &options)
}

fn error(path: &LitStr, message: &str) -> TokenStream {
    quote_spanned!(path.span()=> ::core::compile_error!(#message);)
}

/// A file beside another: `apis/gmail.yaml`, `google.yaml` → `apis/google.yaml`.
fn sibling(file: &str, name: &str) -> String {
    file.rsplit_once('/').map_or_else(|| name.to_owned(), |(folder, _)| format!("{folder}/{name}"))
}
