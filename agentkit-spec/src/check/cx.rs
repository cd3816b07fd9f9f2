//! What every check carries along: the files, the mistakes so far, and what was used.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::model::Position;
use crate::source::{SourceFile, Span};
use crate::syntax::{self, SyntaxError, Text};
use crate::yaml::{Node, offset_in_source};

/// The context of a run, first argument of every check.
pub(crate) struct Cx<'a> {
    pub(crate) diagnostics: &'a mut Diagnostics,
    pub(crate) sources: &'a [SourceFile],
    /// What was used, as `in.NAME`, `step.NAME`, `rate.NAME`, `hook.NAME`, `tool.NAME`.
    pub(crate) uses: BTreeSet<String>,
    /// Names of the hooks of the file.
    pub(crate) hooks: BTreeSet<String>,
}

impl Cx<'_> {
    /// Reports a mistake.
    #[cfg_attr(test, track_caller)]
    pub(crate) fn error(&mut self, code: Code, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        self.diagnostics.report(code, span, message)
    }

    /// Checks what cannot be judged, since what it rests on is wrong and was reported: only its uses count.
    pub(crate) fn silently<T>(&mut self, check: impl FnOnce(&mut Cx<'_>) -> T) -> T {
        let mut quiet = Diagnostics::default();
        let mut silent = Cx {
            diagnostics: &mut quiet,
            sources: self.sources,
            uses: std::mem::take(&mut self.uses),
            hooks: self.hooks.clone(),
        };
        let made = check(&mut silent);
        self.uses = silent.uses;
        drop(quiet.take());
        made
    }

    /// The place of a part of a scalar.
    pub(crate) fn within(&self, node: &Node, range: &Range<usize>) -> Span {
        let Some(source) = self.sources.get(node.span.file) else { return node.span };
        let start = offset_in_source(&source.text, node, range.start);
        let end = offset_in_source(&source.text, node, range.end).max(start);
        Span { file: node.span.file, start, end }
    }

    /// A span cut at its first line: carets under a whole mapping would say nothing.
    pub(crate) fn first_line(&self, span: Span) -> Span {
        let Some(source) = self.sources.get(span.file) else { return span };
        let text = source.text.get(span.start..span.end).unwrap_or_default();
        let line = text.split('\n').next().unwrap_or_default().trim_end();
        Span { end: span.start + line.len(), ..span }
    }

    /// File and line of a span.
    pub(crate) fn position(&self, span: Span) -> Position {
        self.sources.get(span.file).map_or_else(Position::default, |source| Position {
            file: source.file_name().to_owned(),
            line: source.line(span.start),
        })
    }

    /// Notes a use, for the lints.
    pub(crate) fn note(&mut self, kind: &str, name: &str) {
        self.uses.insert(format!("{kind}.{name}"));
    }

    /// Whether something was used.
    pub(crate) fn noted(&self, kind: &str, name: &str) -> bool {
        self.uses.contains(&format!("{kind}.{name}"))
    }

    /// Reads the text of a scalar as syntax.
    pub(crate) fn syntax(&mut self, node: &Node) -> Option<Text> {
        syntax::text(node.text()?).map_err(|error| self.syntax_error(node, error)).ok()
    }

    pub(crate) fn syntax_error(&mut self, node: &Node, error: SyntaxError) {
        let span = self.within(node, &error.range);
        let found = self.error(Code::ExprSyntax, span, error.message);
        if let Some(help) = error.help {
            found.help(help);
        }
    }
}
