//! Tools: first their signatures, then their steps and result.

pub(crate) mod handler;
mod limits;
mod renamed;
mod signature;
mod step;

use std::collections::BTreeSet;

use super::cx::Cx;
use super::errors;
use super::expr::{Inputs, Known, Scope};
use super::request::{Around, request};
use super::template;
use super::types::{fits, show};
use super::world::{Signature, World};
use crate::diagnostic::Code;
use crate::model::{Action, Expr, Root, Step, Template, Tool, Ty};
use crate::schema;
use crate::source::Span;
use crate::yaml::Node;

pub(crate) use signature::{check_calls, derive_outputs, signature};

/// Checks what a tool does; examples come later, when all tools are known.
pub(crate) fn tool(cx: &mut Cx<'_>, world: &World<'_>, signature: &Signature<'_>) -> Option<Tool> {
    // Uses are counted per tool, so that equal names in two tools do not hide each other.
    cx.uses.retain(|used| !used.starts_with("in.") && !used.starts_with("step."));
    let view = &signature.view;
    let token = match view.token {
        Some(node) if node.text() == Some("none") => {
            cx.error(Code::NoToken, node.span, "a tool has a token; a request may go without")
                .help("request: {token: none}");
            None
        }
        Some(node) => super::request::known_token(cx, world, node),
        None => Some(world.usual_token().to_owned()),
    };
    let token_name = token.clone().unwrap_or_default();
    let mut scope = Scope {
        types: Some(&world.types),
        tool: Some(signature.name),
        inputs: Some(Inputs { fields: &signature.input, written: &signature.written, unknown: view.input.is_none() }),
        account: Some(&world.values),
        ..Scope::default()
    };
    let steps = match (view.request, view.steps, view.handler) {
        (Some(node), None, None) => one_request(cx, world, (signature, &token_name), (&mut scope, node)),
        // What the result would use is not known.
        (None, Some(node), None) if node.entries().is_empty() => {
            cx.error(Code::ToolForm, signature.span, format!("the `steps` of tool `{}` are empty", signature.name))
                .help("steps: {list: {request: {get: /path, returns: TYPE}}}");
            return None;
        }
        (None, Some(node), None) => step::steps(cx, world, (signature, &token_name), (&mut scope, node)),
        (None, None, Some(node)) => handler::steps(cx, signature, (&mut scope, node)),
        (Some(_), _, Some(node)) | (_, Some(_), Some(node)) => {
            cx.error(Code::ToolForm, node.span, "a handler does the whole tool, so nothing stands beside it")
                .help("leave `request` and `steps` out, or make the function a hook that a step calls");
            return None;
        }
        (Some(_), Some(node), None) => {
            let span = cx.first_line(node.span);
            cx.error(Code::ToolForm, span, "a tool has `request` or `steps`, not both").help("make the request a step");
            return None;
        }
        (None, None, None) => {
            // One that is of another form was taken out, and that was reported.
            if !cx.diagnostics.errors_in(signature.whole, |code| code == Code::Form) {
                cx.error(
                    Code::ToolForm,
                    signature.span,
                    format!("tool `{}` has neither `request` nor `steps` nor `handler`", signature.name),
                )
                .help("request: {get: /path, returns: TYPE}");
            }
            return None;
        }
    };
    if !cx.noted("errors", "code") {
        errors::needs_code(cx, view.errors);
    }
    let steps_of = view.steps.map(Node::entries).unwrap_or_default();
    let mut requests = steps_of.iter().filter_map(|step| step.value.get("request")).chain(view.request);
    // A request may read its errors in a way of its own.
    if let Some(code) = world.errors.code.as_ref().filter(|_| requests.all(|request| request.get("errors").is_none())) {
        errors::dead_codes(cx, &format!("${}", code.source), view.errors);
    }
    let output = output(cx, signature, &scope);
    let result = output.as_ref().and_then(|ty| result(cx, &scope, signature, ty));
    super::lint::unused_in_tool(cx, signature, steps.as_deref().unwrap_or_default(), &scope);
    let (output, result) = (output?, result?);
    if !signature.broken.is_empty() {
        return None;
    }
    let text = |node: Option<&Node>| node.and_then(Node::text).map(str::to_owned);
    let portable = limits::check(cx, world, signature)?;
    let (aka, deprecated) = (renamed::old_names(cx, world, signature), renamed::deprecated(cx, world, signature));
    Some(Tool {
        name: signature.name.to_owned(),
        title: text(view.title),
        about: text(view.about).unwrap_or_default(),
        at: cx.position(signature.span),
        access: signature.access,
        repeatable: signature.repeatable,
        private: signature.private,
        token: token?,
        scopes: signature.scopes.clone(),
        steps: steps?,
        output_record: signature.output_record.clone(),
        result,
        errors: errors::map(view.errors),
        examples: Vec::new(),
        aka,
        deprecated,
        input_schema: schema::input(&world.types, &signature.input),
        portable_schema: portable,
        output_schema: schema::output(&world.types, &output),
        input: signature.input.clone(),
        output,
    })
}

fn one_request(
    cx: &mut Cx<'_>,
    world: &World<'_>,
    (signature, token): (&Signature<'_>, &str),
    (scope, node): (&mut Scope<'_>, &Node),
) -> Option<Vec<Step>> {
    let at = key_span(node);
    let around = Around { at, token, repeatable: signature.repeatable };
    let made = request(cx, world, (scope, &around), node);
    let known = made.as_ref().map_or_else(|| super::request::value_ty(cx, world, node), step::value_of);
    let ty = match &known {
        Known::Ty(ty) => Some(ty.clone()),
        Known::Nothing | Known::Broken => None,
    };
    // Pages of a broken request are unknown, not its reply.
    let known = if made.is_none() && node.get("page").is_some() { Known::Broken } else { known };
    scope.steps.push(("response".to_owned(), known));
    let step = Step {
        name: "response".to_owned(),
        at: cx.position(at),
        each: None,
        when: None,
        action: Action::Request(Box::new(made?)),
        ty,
    };
    Some(vec![step])
}

/// Where a request stands: its first key names the method.
fn key_span(node: &Node) -> Span {
    node.entries().first().map_or(node.span, |entry| entry.key.span)
}

/// The declared output, or the value of the last step.
fn output(cx: &mut Cx<'_>, signature: &Signature<'_>, scope: &Scope<'_>) -> Option<Ty> {
    let output = match &signature.output {
        Some(ty) => ty.clone(),
        None if signature.view.output.is_some() => return None,
        None => match scope.steps.last() {
            Some((_, Known::Ty(Ty::Pages(_)) | Known::Nothing)) | None => {
                cx.error(Code::NoResult, signature.span, format!("`{}` must say its `output`", signature.name))
                    .help("output: {id: string}");
                return None;
            }
            Some((_, Known::Broken)) => return None,
            Some((_, Known::Ty(ty))) => ty.clone(),
        },
    };
    if !signature.private && !matches!(output, Ty::Record(_)) {
        let span = signature.view.output.map_or(signature.span, |node| cx.first_line(node.span));
        cx.error(Code::OutputForm, span, format!("the output of a tool is a record, this is {}", show(&output)))
            .help(format!("output: {{items: {}}}", show(&output)));
        return None;
    }
    Some(output)
}

/// The written result, or the value of the last step.
fn result(cx: &mut Cx<'_>, scope: &Scope<'_>, signature: &Signature<'_>, output: &Ty) -> Option<Template> {
    if let Some(node) = signature.view.result {
        return template::typed(cx, scope, node, (output, "result"));
    }
    if let Ty::Record(name) = output
        && scope.types.is_some_and(|types| types.fields(name).is_empty() && !types.is_incomplete(name))
    {
        return Some(Template::Record(Vec::new()));
    }
    let (name, known) = scope.steps.last()?;
    cx.note("step", name);
    match known {
        Known::Broken => None,
        Known::Ty(ty) if fits(ty, output) => {
            let root = Root::Step(name.clone());
            Some(Template::Expr(Expr { root, root_ty: ty.clone(), ops: Vec::new(), source: name.clone() }))
        }
        // What an output lacks whose field was reported is not known.
        _ if matches!(output, Ty::Record(name) if scope.types.is_some_and(|types| types.is_incomplete(name))) => None,
        Known::Ty(_) | Known::Nothing => {
            let found = match known {
                Known::Ty(ty) => show(ty),
                _ => "nothing".to_owned(),
            };
            cx.error(Code::NoResult, signature.span, format!("`{}` must say its `result`", signature.name))
                .label(format!("the last step gives {found}, the output is {}", show(output)))
                .help(format!("result: {}", template::built(scope, output)));
            None
        }
    }
}

/// Names of the tools that a tool calls, directly or not, itself included. `None`: one of them is wrong.
pub(crate) fn called<'t>(tools: &'t [Tool], name: &str, found: &mut BTreeSet<&'t str>) -> Option<()> {
    let tool = tools.iter().find(|tool| tool.name == name)?;
    if found.insert(&tool.name) {
        for step in &tool.steps {
            if let Action::Call { tool, .. } = &step.action {
                called(tools, tool, found)?;
            }
        }
    }
    Some(())
}
