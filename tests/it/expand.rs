//! The Rust that specs become: as text, by snapshots; and as code, by the examples of the same specs.

use agentkit_spec::{Leading, Severity, SourceFile, Style, compile};

/// The specs of `tests/expand`, compiled; their examples are tests.
mod compiled {
    agentkit_macros::connector!("expand/bodies.yaml");
    agentkit_macros::connector!("expand/errors.yaml");
    agentkit_macros::connector!("expand/filters.yaml");
    agentkit_macros::connector!("expand/paging.yaml");
    agentkit_macros::connector!("expand/steps.yaml", hooks = Counter);
    agentkit_macros::connector!("expand/tokens.yaml");
    agentkit_macros::connector!("expand/values.yaml");

    struct Counter;

    impl steps::Hooks for Counter {
        fn measure(args: steps::MeasureArgs<'_>) -> Result<steps::Measure, agentkit_runtime::HookError> {
            let words = i64::try_from(args.text.split_whitespace().count() + args.parts.len()).unwrap_or(i64::MAX);
            Ok(steps::Measure { words: words.min(args.limit.unwrap_or(i64::MAX)) })
        }
    }
}

#[test]
fn expansions() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../expand");
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| {
        insta::glob!("../expand", "*.yaml", |path| {
            insta::assert_snapshot!(expand(
                &std::fs::read(path).unwrap(),
                &path.file_name().unwrap().to_string_lossy()
            ));
        });
    });
}

/// The smallest connector, read with care: nothing in it that a person would not write.
#[test]
fn openweather() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../expand");
    settings.set_prepend_module_to_snapshot(false);
    let text = expand(include_bytes!("../../connectors/openweather.yaml"), "openweather.yaml");
    settings.bind(|| insta::assert_snapshot!("openweather", text));
    // The tool and all types of the file, without the tables of the connector and without the tests.
    let tool = text
        .lines()
        .skip_while(|line| !line.contains("pub struct Current"))
        .take_while(|line| !line.contains("cfg(test)"));
    let attributes = text.lines().take_while(|line| !line.contains("pub struct Current")).collect::<Vec<_>>();
    let attributes = attributes.iter().rev().take_while(|line| line.trim_start().starts_with(['#', '/'])).count();
    let lines = attributes + tool.count();
    assert!(lines <= 110, "a tool of one request takes {lines} lines; the budget is 110");
}

/// The median tool of the connectors that ship takes no more lines than an operation of progenitor.
#[test]
fn tools_are_short() {
    let mut lines = Vec::new();
    for (name, text) in agentkit_connectors::SPECS {
        if text.contains("\nconnector:") {
            let text = expand(text.as_bytes(), name);
            // From the end of the tables to the tests: the tools and all types they share.
            let code = text.lines().take_while(|line| !line.contains("cfg(test)")).count();
            let tables = text.lines().position(|line| line == "    ];").unwrap();
            let tools = text.matches("impl Tool for").count();
            lines.push((code - tables) / tools);
        }
    }
    lines.sort_unstable();
    assert!(lines[lines.len() / 2] <= 130, "lines per tool, tables apart: {lines:?}");
}

#[test]
fn expansions_are_the_same_every_time() {
    for (name, text) in agentkit_connectors::SPECS {
        if text.contains("\nconnector:") {
            assert_eq!(expand(text.as_bytes(), name), expand(text.as_bytes(), name), "{name}");
        }
    }
}

/// The expansion of a spec, formatted.
fn expand(bytes: &[u8], name: &str) -> String {
    let compiled = compile(&SourceFile::new(name, bytes), |base| {
        let known = agentkit_connectors::SPECS.iter().find(|(known, _)| *known == base);
        known.map(|(name, text)| SourceFile::new(*name, text.as_bytes())).ok_or_else(|| format!("no {base}"))
    });
    let errors = compiled.diagnostics.iter().filter(|found| found.severity == Severity::Error);
    let errors: Vec<String> = errors.map(|found| compiled.render(found, Style::Plain, Leading::Word)).collect();
    assert!(errors.is_empty(), "{}", errors.join("\n\n"));
    let options = agentkit_codegen::Options {
        hooks: Some("super::Hooks".parse().expect("a path parses")),
        files: vec![agentkit_codegen::Tracked::Manifest(name.to_owned())],
        stubs: Vec::new(),
    };
    let tokens =
        agentkit_codegen::expand(&compiled.connector.expect("a spec without errors has a connector"), &options);
    prettyplease::unparse(&syn::parse2(tokens).expect("the expansion is Rust"))
}
