//! `when` of a step and `$when` of a mapping: what is there only if something holds.

use super::mend::into_bool;
use crate::check::cx::Cx;
use crate::check::expr::{Scope, expr, whole};
use crate::check::types::{peel, show};
use crate::diagnostic::Code;
use crate::model::{Template, Ty, When};
use crate::syntax::{Pipeline, Stage, Text};
use crate::yaml::{Entry, Node};

/// `when: $path | is_set` proves the path inside of it; any other bool only guards it.
pub(crate) fn when(cx: &mut Cx<'_>, scope: &Scope<'_>, inner: &mut Scope<'_>, node: &Node) -> Option<When> {
    let Some(Text::Pipeline(pipeline)) = node.text().map_or(Some(None), |_| cx.syntax(node).map(Some))? else {
        let bare = node.text().unwrap_or_default().trim_start_matches(['$', '{']).trim_end_matches('}');
        let path = if bare.contains('.') { bare } else { "in.name | is_set" };
        // Of a step, `parse` has said so.
        cx.error(Code::NotAnExpression, node.span, "`$when` is an expression, and those begin with one `$`")
            .help(format!("$when: ${path}"));
        return None;
    };
    if let [Stage::Filter { name, args, .. }] = pipeline.stages.as_slice()
        && name == "is_set"
        && args.is_empty()
    {
        let source = pipeline.source.split('|').next().unwrap_or_default().trim().to_owned();
        let path = Pipeline { path: pipeline.path.clone(), stages: Vec::new(), range: pipeline.range.clone(), source };
        // The filter itself is checked too: it refuses what is always there.
        expr(cx, scope, node, &pipeline)?;
        let made = expr(cx, scope, node, &path)?;
        inner.narrowed.push((path.path, peel(made.ty()).0.clone()));
        return Some(When::IsSet(made));
    }
    let made = whole(cx, scope, node)?;
    if *made.ty() != Ty::Bool {
        cx.error(Code::TypeMismatch, node.span, format!("`when` must be bool, this is {}", show(made.ty())))
            .label(show(made.ty()))
            .help(into_bool(made.ty()));
        return None;
    }
    Some(When::Holds(made))
}

/// `$when: $in.text | is_set` beside the entries of a mapping, which `made` checks.
pub(super) fn mapping(
    cx: &mut Cx<'_>,
    scope: &Scope<'_>,
    node: &Node,
    made: impl FnOnce(&mut Cx<'_>, &Scope<'_>, &[Entry]) -> Option<Template>,
) -> Option<Template> {
    let (head, entries) = node.entries().split_first()?;
    let mut inner = scope.clone();
    let Some(when) = when(cx, scope, &mut inner, &head.value) else {
        return cx.silently(|silent| made(silent, &inner, entries)).and(None);
    };
    let then = made(cx, &inner, entries)?;
    Some(Template::When { when: Box::new(when), then: Box::new(then) })
}
