//! Any bytes as a spec: reports that can be shown, and of what passes, Rust that can be read.

#![no_main]

use agentkit_codegen::{Options, expand};
use agentkit_spec::{Leading, SourceFile, Style, compile};

const BASE: &[u8] = include_bytes!("../../connectors/google.yaml");

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let compiled = compile(&SourceFile::new("spec.yaml", bytes), |_| Ok(SourceFile::new("google.yaml", BASE)));
    for found in &compiled.diagnostics {
        assert!(!compiled.render(found, Style::Plain, Leading::Word).is_empty());
    }
    let base = compiled.sources[0].text.contains("base");
    assert!(compiled.connector.is_some() || compiled.has_errors() || base, "nothing is left out without a word");
    if let Some(connector) = &compiled.connector {
        let options = Options { stubs: compiled.stubs.iter().map(|stub| stub.name.clone()).collect(), ..Options::default() };
        let tokens = expand(connector, &options);
        if let Err(error) = syn::parse2::<syn::File>(tokens.clone()) {
            panic!("no Rust: {error}\n{tokens}");
        }
    }
});
