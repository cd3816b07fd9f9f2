//! What `fuzz/` calls: parts of the reader that have no public name, each with what must hold for any input.

use crate::check::{self, Cx, Types};
use crate::diagnostic::Diagnostics;
use crate::source::{SourceFile, Span};
use crate::syntax::{self, Part, Pipeline, Stage, Text};
use crate::yaml::{self, Node, Value};
use crate::{Leading, Style};

/// Reads bytes as YAML; every place lies in the file.
pub fn yaml(bytes: &[u8]) {
    let source = SourceFile::new("fuzz.yaml", bytes);
    let mut diagnostics = Diagnostics::default();
    if let Some(root) = yaml::read(&mut diagnostics, &source, 0) {
        let _ = yaml::to_json(&root);
        places(&source, &root);
    } else {
        assert!(diagnostics.iter().next().is_some(), "no tree, and no report");
    }
    show(&mut diagnostics, &[source]);
}

/// Reads a text as a type.
pub fn ty(text: &str) {
    let source = SourceFile::new("fuzz.yaml", serde_json::Value::from(text).to_string().as_bytes());
    let mut diagnostics = Diagnostics::default();
    let root = yaml::read(&mut diagnostics, &source, 0);
    let sources = [source];
    if let Some(root) = root {
        let mut cx = Cx {
            diagnostics: &mut diagnostics,
            sources: &sources,
            uses: std::collections::BTreeSet::new(),
            hooks: std::collections::BTreeSet::new(),
        };
        let found = check::ty(&mut cx, &Types::default(), &root);
        assert!(found.is_some() || diagnostics.iter().next().is_some(), "no type, and no report");
    }
    show(&mut diagnostics, &sources);
}

/// Reads a text with expressions in it; every range lies in the text.
pub fn expression(text: &str) {
    match syntax::text(text) {
        Ok(Text::Literal(_)) => {}
        Ok(Text::Pipeline(found)) => pipeline(text, &found),
        Ok(Text::Parts(parts)) => {
            for part in &parts {
                match part {
                    Part::Literal { range, .. } => assert!(text.get(range.clone()).is_some()),
                    Part::Pipeline(found) => pipeline(text, found),
                }
            }
        }
        Err(error) => assert!(error.range.start <= text.len() && text.is_char_boundary(error.range.start)),
    }
    if let Ok((_, found)) = syntax::each(text) {
        pipeline(text, &found);
    }
}

fn pipeline(text: &str, found: &Pipeline) {
    assert!(text.get(found.range.clone()).is_some());
    for segment in &found.path {
        assert!(text.get(segment.range.clone()).is_some());
    }
    for stage in &found.stages {
        match stage {
            Stage::Path(segments) => assert!(segments.iter().all(|segment| text.get(segment.range.clone()).is_some())),
            Stage::Filter { range, args, .. } => {
                assert!(text.get(range.clone()).is_some());
                assert!(args.iter().all(|arg| text.get(arg.range.clone()).is_some()));
            }
        }
    }
}

fn places(source: &SourceFile, node: &Node) {
    place(source, node.span);
    match &node.value {
        Value::Scalar(scalar) => {
            for (at, _) in scalar.text.char_indices() {
                assert!(source.text.is_char_boundary(yaml::offset_in_source(&source.text, node, at)));
            }
        }
        Value::List(items) => items.iter().for_each(|item| places(source, item)),
        Value::Map(map) => {
            for entry in &map.entries {
                place(source, entry.key.span);
                places(source, &entry.value);
            }
        }
    }
}

fn place(source: &SourceFile, span: Span) {
    assert!(source.text.get(span.start..span.end).is_some(), "{span:?}");
}

fn show(diagnostics: &mut Diagnostics, sources: &[SourceFile]) {
    for found in diagnostics.take() {
        assert!(found.span.start <= sources[0].text.len(), "{found:?}");
        assert!(!found.render(sources, Style::Plain, Leading::Word).is_empty());
    }
}
