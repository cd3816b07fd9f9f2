//! `agentkit expand`: the Rust that a spec compiles to, formatted.

use std::iter;
use std::path::PathBuf;

use agentkit_codegen::{Options, Tracked};
use agentkit_spec::model::Connector;
use serde_json::json;

use super::check;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::specs;

/// Which spec to expand.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  agentkit expand connectors/gmail.yaml\n  agentkit expand connectors/openweather.yaml > openweather.rs"
)]
pub(crate) struct Args {
    /// A connector spec
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Prints what the macro would give the compiler, examples as tests included.
pub(crate) fn run(args: &Args, output: Output) -> Result<Exit, Failure> {
    let spec = specs::read(&args.file)
        .map_err(|error| Failure::usage(format!("cannot read {}: {error}", args.file.display())))?;
    if check::show(&spec, output)? {
        return Ok(Exit::Failed);
    }
    let Some(connector) = &spec.connector else {
        return Err(Failure::usage(format!(
            "{} is a base: only the connectors that use it expand",
            args.file.display()
        )));
    };
    let tokens = agentkit_codegen::expand(connector, &options(connector)?);
    let file = syn::parse2(tokens)
        .map_err(|error| Failure::new(Exit::Failed, format!("the generated code is no Rust: {error}")))?;
    let rust = prettyplease::unparse(&file);
    if output.machine() {
        output.json(&json!({"connector": connector.name, "rust": rust}))?;
    } else {
        output.line(rust.trim_end())?;
    }
    Ok(Exit::Done)
}

/// What `connector!` is told where the connectors of this workspace are declared.
fn options(connector: &Connector) -> Result<Options, Failure> {
    let path = format!("crate::hooks::{}::Hooks", connector.name).parse();
    let hooks =
        path.map_err(|error| Failure::new(Exit::Failed, format!("the name of the connector is no Rust: {error}")))?;
    let files = iter::once(&connector.file).chain(&connector.base).cloned().map(Tracked::Manifest).collect();
    Ok(Options { hooks: (!connector.functions().is_empty()).then_some(hooks), files, ..Options::default() })
}
