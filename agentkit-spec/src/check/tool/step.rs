//! Steps: once or for every item, perhaps only if something holds; a request, a call or a hook.

use crate::ast;
use crate::check::cx::Cx;
use crate::check::errors::error_kind;
use crate::check::expr::{Known, Scope};
use crate::check::names::refuse_step;
use crate::check::request::{Around, request, returned, value_ty};
use crate::check::template;
use crate::check::types::opt;
use crate::check::world::{Signature, World};
use crate::diagnostic::Code;
use crate::model::{Access, Action, Each, Field, Request, Step, Template, Ty};
use crate::yaml::{Entry, Node, Plain, Value};

/// Items at a time where `parallel` is not written.
const PARALLEL: u32 = 4;
/// More at a time than providers bear.
const MAX_PARALLEL: i64 = 100;

pub(super) fn steps(
    cx: &mut Cx<'_>,
    world: &World<'_>,
    (signature, token): (&Signature<'_>, &str),
    (scope, node): (&mut Scope<'_>, &Node),
) -> Option<Vec<Step>> {
    let entries = node.entries();
    let mut made = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        refuse_step(cx, entry);
        scope.here = Some(entry.key.text.clone());
        scope.later = entries.iter().skip(index + 1).map(|entry| entry.key.text.clone()).collect();
        let (step, known) = step(cx, world, (signature, token), (scope, entry));
        made.push(step);
        scope.steps.push((entry.key.text.clone(), known));
    }
    scope.here = None;
    scope.later.clear();
    made.into_iter().collect()
}

fn step(
    cx: &mut Cx<'_>,
    world: &World<'_>,
    (signature, token): (&Signature<'_>, &str),
    (scope, entry): (&Scope<'_>, &Entry),
) -> (Option<Step>, Known) {
    let view = ast::Step::of(&entry.value);
    let mut inner = scope.clone();
    let when = view.when.map(|node| template::when(cx, scope, &mut inner, node));
    let each = view.each.map(|node| each(cx, &mut inner, node, &view));
    if let (None, Some(node)) = (view.each, view.parallel.or(view.skip)) {
        let span = cx.first_line(node.span);
        cx.error(Code::StepForm, span, "`parallel` and `skip` are for steps with `each`")
            .help("each: item in $list.items");
    }
    let (action, known) = if let Some(None) = when {
        // What the condition proves is not known, so what needs the proof is no mistake of its own.
        let (_, known) = cx.silently(|silent| action(silent, world, (signature, token), (&inner, entry, &view)));
        (None, known)
    } else {
        action(cx, world, (signature, token), (&inner, entry, &view))
    };
    let known = match known {
        Known::Ty(ty) => {
            let ty = if view.each.is_some() { Ty::List(Box::new(ty)) } else { ty };
            Known::Ty(if view.when.is_some() { opt(ty) } else { ty })
        }
        other => other,
    };
    let ty = match &known {
        Known::Ty(ty) => Some(ty.clone()),
        Known::Nothing | Known::Broken => None,
    };
    let made = (|| {
        Some(Step {
            name: entry.key.text.clone(),
            at: cx.position(entry.key.span),
            each: each.map_or(Some(None), |each| each.map(Some))?,
            when: when.map_or(Some(None), |when| when.map(Some))?,
            action: action?,
            ty,
        })
    })();
    (made, known)
}

fn each(cx: &mut Cx<'_>, inner: &mut Scope<'_>, node: &Node, view: &ast::Step<'_>) -> Option<Each> {
    let head = template::each_head(cx, inner, node);
    let parallel = view.parallel.map(|node| parallel(cx, node));
    let skip = view.skip.map(Node::items).unwrap_or_default();
    let skip = skip.iter().filter_map(Node::text).filter_map(error_kind).collect();
    let Some((var, list, item)) = head else {
        // The variable is known by name, so that its uses are not reported too.
        let word = node.text().unwrap_or_default().split_whitespace().next().unwrap_or_default();
        inner.items.push((word.to_owned(), None));
        return None;
    };
    inner.items.push((var.clone(), item));
    Some(Each { var, list, parallel: parallel.unwrap_or(Some(PARALLEL))?, skip })
}

fn parallel(cx: &mut Cx<'_>, node: &Node) -> Option<u32> {
    let Value::Scalar(scalar) = &node.value else { return None };
    if let Plain::Int(count @ 1..=MAX_PARALLEL) = scalar.plain() {
        return u32::try_from(count).ok();
    }
    cx.error(Code::Literal, node.span, "`parallel` is a number from 1 to 100")
        .help("parallel: 4, which it is where nothing is written");
    None
}

fn action(
    cx: &mut Cx<'_>,
    world: &World<'_>,
    (signature, token): (&Signature<'_>, &str),
    (scope, entry, view): (&Scope<'_>, &Entry, &ast::Step<'_>),
) -> (Option<Action>, Known) {
    let written = [("request", view.request), ("call", view.call), ("hook", view.hook)];
    let mut written = written.into_iter().filter_map(|(name, node)| Some((name, node?)));
    let Some((name, node)) = written.next() else {
        if entry.value.entries().iter().all(|entry| !matches!(entry.key.text.as_str(), "request" | "call" | "hook")) {
            cx.error(Code::StepForm, entry.key.span, format!("step `{}` does nothing", entry.key.text))
                .help("one of: request, call, hook");
        }
        return (None, Known::Broken);
    };
    if let Some((second, node)) = written.next() {
        let span = cx.first_line(node.span);
        cx.error(Code::StepForm, span, format!("a step does one thing, not `{name}` and `{second}`"))
            .help("make it two steps");
        return (None, Known::Broken);
    }
    match name {
        "request" => {
            if let Some(with) = view.with {
                let span = cx.first_line(with.span);
                cx.error(Code::StepForm, span, "`with` is for call and hook")
                    .help("write values under `query` or `json`");
            }
            let around = Around { at: entry.key.span, token, repeatable: signature.repeatable };
            let made = request(cx, world, (scope, &around), node);
            let known = match &made {
                Some(made) => value_of(made),
                None if node.get("page").is_some() => Known::Broken,
                None => value_ty(cx, world, node),
            };
            (made.map(|made| Action::Request(Box::new(made))), known)
        }
        "call" => call(cx, world, signature, (scope, node, view)),
        _ => hook(cx, world, (scope, node, view)),
    }
}

/// The value of a checked request.
pub(super) fn value_of(request: &Request) -> Known {
    match &request.page {
        Some(page) => Known::Ty(Ty::Pages(Box::new(page.item.clone()))),
        None => returned(&request.returns),
    }
}

fn call(
    cx: &mut Cx<'_>,
    world: &World<'_>,
    signature: &Signature<'_>,
    (scope, node, view): (&Scope<'_>, &Node, &ast::Step<'_>),
) -> (Option<Action>, Known) {
    let name = node.text().unwrap_or_default();
    cx.note("tool", name);
    let Some(callee) = world.tools.iter().find(|tool| tool.name == name) else {
        let known: Vec<&str> = world.tools.iter().map(|tool| tool.name).collect();
        let old = |tool: &&Signature<'_>| {
            tool.view.aka.map(Node::items).unwrap_or_default().iter().any(|old| old.text() == Some(name))
        };
        let now = world.tools.iter().find(old).map(|tool| tool.name);
        let found = cx.error(Code::NoTool, node.span, format!("no tool `{name}` in this file"));
        match now {
            Some(now) => found.help(format!("it is called `{now}` now")),
            None => found.help(format!("tools: {}", known.join(", "))).suggest(name, known),
        };
        return (None, Known::Broken);
    };
    // What a misspelt scope would give is not known.
    let unsure = cx.diagnostics.errors_in(signature.whole, |code| matches!(code, Code::Form | Code::NoScope));
    for needed in callee.scopes.iter().filter(|scope| !unsure && !world.covers(&signature.scopes, scope)) {
        let own = signature.name;
        cx.error(
            Code::CalleeScope,
            node.span,
            format!("`{name}` needs the scope `{needed}`, `{own}` does not ask for it"),
        )
        .help(format!("scopes: [{}]", own_and(&signature.scopes, needed)));
    }
    if callee.access > signature.access {
        let (needs, says, own) = (access(callee.access), access(signature.access), signature.name);
        cx.error(Code::CalleeAccess, node.span, format!("`{name}` is `access: {needs}`, `{own}` says only {says}"))
            .help(format!("access: {needs}"));
    }
    let with = arguments(cx, scope, (name, node), (&callee.input, &callee.written, view.with));
    let known = callee.output.clone().into();
    let action = with.map(|with| Action::Call { tool: name.to_owned(), with });
    (action.filter(|_| callee.broken.is_empty()), known)
}

fn own_and(own: &[String], needed: &str) -> String {
    own.iter().map(String::as_str).chain([needed]).collect::<Vec<_>>().join(", ")
}

fn access(access: Access) -> &'static str {
    match access {
        Access::Read => "read",
        Access::Write => "write",
        Access::Delete => "delete",
    }
}

fn hook(
    cx: &mut Cx<'_>,
    world: &World<'_>,
    (scope, node, view): (&Scope<'_>, &Node, &ast::Step<'_>),
) -> (Option<Action>, Known) {
    let name = node.text().unwrap_or_default();
    cx.note("hook", name);
    let Some(hook) = world.hook(cx, name, node.span) else {
        return (None, Known::Broken);
    };
    let written: Vec<String> = hook.args.iter().map(|arg| arg.name.clone()).collect();
    let mut with = arguments(cx, scope, (name, node), (&hook.args, &written, view.with));
    if let Some(with) = &mut with {
        // A hook is a Rust function: what was left out is passed as absent, in its place.
        let mut all = Vec::new();
        for arg in &hook.args {
            let given = with.iter().position(|(name, _)| *name == arg.name).map(|index| with.swap_remove(index));
            all.push(given.unwrap_or_else(|| (arg.name.clone(), Template::Null)));
        }
        *with = all;
    }
    (with.map(|with| Action::Hook { hook: name.to_owned(), with }), Known::Ty(hook.returns.clone()))
}

/// `with` against the inputs of a tool or the arguments of a hook, in their order.
fn arguments(
    cx: &mut Cx<'_>,
    scope: &Scope<'_>,
    (callee, at): (&str, &Node),
    (fields, written, with): (&[Field], &[String], Option<&Node>),
) -> Option<Vec<(String, Template)>> {
    let given = with.map(Node::entries).unwrap_or_default();
    let mut good = true;
    for entry in given.iter().filter(|entry| !written.contains(&entry.key.text)) {
        good = false;
        let name = &entry.key.text;
        let takes = if written.is_empty() {
            "it takes nothing".to_owned()
        } else {
            format!("it takes: {}", written.join(", "))
        };
        cx.error(Code::UnknownField, entry.key.span, format!("`{callee}` takes no `{name}`"))
            .help(takes)
            .suggest(name, written.iter().filter(|_| written.len() > 3).map(String::as_str));
    }
    let mut made = Vec::new();
    for field in fields {
        let name = &field.name;
        match given.iter().find(|entry| entry.key.text == *name) {
            Some(entry) => match template::typed(cx, scope, &entry.value, (&field.ty, &format!("with.{name}"))) {
                Some(template) => made.push((name.clone(), template)),
                None => good = false,
            },
            None if matches!(field.ty, Ty::Opt(_)) || field.default.is_some() => {}
            None => {
                good = false;
                // A misspelt argument was reported already.
                if given.iter().all(|entry| written.contains(&entry.key.text)) {
                    cx.error(Code::MissingField, at.span, format!("`{callee}` needs `{name}`"))
                        .help(format!("under `with`: {}", template::missing(scope, field)));
                }
            }
        }
    }
    good.then_some(made)
}
