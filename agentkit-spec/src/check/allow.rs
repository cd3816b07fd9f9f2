//! `allow`: lints that are meant to be, each by its code and with a reason.

use super::cx::Cx;
use crate::ast;
use crate::diagnostic::{Code, Severity};
use crate::source::Span;
use crate::yaml::{Entry, Node, Plain, Value};

/// Takes out the lints that the file, or the tool they lie in, allows.
pub(crate) fn allow(cx: &mut Cx<'_>, view: &ast::Spec<'_>) {
    let mut allowed = Vec::new();
    collect(cx, view.allow, None, &mut allowed);
    for tool in view.tools.map(Node::entries).unwrap_or_default() {
        let whole = tool.key.span.to(tool.value.span);
        collect(cx, ast::Tool::of(&tool.value).allow, Some(whole), &mut allowed);
    }
    // Of what is wrong nothing is known, so some lints keep still.
    let errors = cx.diagnostics.iter().any(|found| found.severity == Severity::Error);
    for Allowed { lint, at, within } in allowed {
        let hit =
            cx.diagnostics.remove(|found| found.code == lint && within.is_none_or(|within| within.holds(found.span)));
        // The base is shared: what this file does not need, another may.
        if !hit && !errors && at.file == 0 {
            cx.error(Code::UnneededAllow, at, format!("{lint} reports nothing here")).help("remove this line");
        }
    }
}

/// A lint that is allowed. `within`: only in this tool.
struct Allowed {
    lint: Code,
    at: Span,
    within: Option<Span>,
}

fn collect(cx: &mut Cx<'_>, node: Option<&Node>, within: Option<Span>, allowed: &mut Vec<Allowed>) {
    for entry in node.map(Node::entries).unwrap_or_default() {
        let lint = lint(cx, entry);
        reason(cx, entry);
        if let Some(lint) = lint {
            allowed.push(Allowed { lint, at: entry.key.span, within });
        }
    }
}

/// The lint a key names:
///
/// ```yaml
/// allow: {AK023: The input comes later.}
/// ```
fn lint(cx: &mut Cx<'_>, entry: &Entry) -> Option<Code> {
    let name = entry.key.text.as_str();
    let code = Code::ALL.iter().find(|code| code.to_string() == name);
    if let Some(lint) = code.filter(|code| code.severity() == Severity::Warning) {
        return Some(*lint);
    }
    if code.is_some() {
        cx.error(Code::AllowForm, entry.key.span, format!("{name} is an error; only warnings can be allowed"))
            .help(format!("remove it, and mend what {name} reports"));
        return None;
    }
    let lints: Vec<String> =
        Code::ALL.iter().filter(|code| code.severity() == Severity::Warning).map(ToString::to_string).collect();
    cx.error(Code::AllowForm, entry.key.span, format!("no warning has the code `{name}`"))
        .help(format!("warnings: {}", lints.join(", ")));
    None
}

/// Whoever reads the file next asks why.
fn reason(cx: &mut Cx<'_>, entry: &Entry) {
    let good = matches!(&entry.value.value, Value::Scalar(scalar) if scalar.plain() == Plain::Text && !scalar.text.trim().is_empty());
    if !good {
        let name = &entry.key.text;
        cx.error(Code::AllowForm, entry.key.span, format!("`allow` of {name} needs a reason, as a text"))
            .help(format!("{name}: Why this is meant."));
    }
}
