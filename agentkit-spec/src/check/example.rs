//! Examples: their data against the types, their requests against those of the tool.

mod exchange;
mod reply;
mod sent;

use serde_json::{Map, Value as Json};

use super::cx::Cx;
use super::data::{Form, check, record};
use super::types::start;
use super::world::{Signature, World};
use crate::ast::{self, ERROR_KINDS};
use crate::diagnostic::Code;
use crate::model::{Example, Field, Outcome, Request, Ty};
use crate::yaml::{Node, to_json};

/// Requests a tool can send: its own and those of the tools it calls.
pub(crate) type Requests<'a> = Vec<&'a Request>;

/// The tool whose examples are checked; what is wrong with it is absent.
pub(crate) struct Subject<'a> {
    pub(crate) signature: &'a Signature<'a>,
    pub(crate) output: Option<&'a Ty>,
    pub(crate) requests: Option<Requests<'a>>,
}

/// Checks the examples of a tool.
pub(crate) fn examples(cx: &mut Cx<'_>, world: &World<'_>, subject: &Subject<'_>) -> Vec<Example> {
    let signature = subject.signature;
    let mut names: Vec<&str> = Vec::new();
    let mut made = Vec::new();
    for node in signature.view.examples.map(Node::items).unwrap_or_default() {
        let view = ast::Example::of(node);
        let name = view.name.and_then(Node::text).unwrap_or_default();
        if let Some(node) = view.name.filter(|_| names.contains(&name)) {
            cx.error(Code::SameName, node.span, format!("two examples of `{}` are called `{name}`", signature.name))
                .help(format!("name: {name}_{}", names.len() + 1));
        }
        names.push(name);
        made.extend(example(cx, world, subject, (&view, node)));
    }
    made
}

fn example(
    cx: &mut Cx<'_>,
    world: &World<'_>,
    subject: &Subject<'_>,
    (view, node): (&ast::Example<'_>, &Node),
) -> Option<Example> {
    let signature = subject.signature;
    let types = &world.types;
    let input = match view.input {
        Some(node) if signature.broken.is_empty() && signature.view.input.is_some() => {
            record(cx, types, node, (&signature.input, "input", Form::Input))
        }
        _ => None,
    };
    let account = account(cx, world, (view, node));
    let hooks = hooks(cx, world, view.hooks);
    let exchange = exchange::exchanges(cx, world, view.exchange, subject.requests.as_ref());
    let outcome = outcome(cx, world, (view, node), subject.output);
    Some(Example {
        name: view.name.and_then(Node::text)?.to_owned(),
        at: cx.position(node.span),
        account: Json::Object(account?),
        input: Json::Object(input?),
        hooks: Json::Object(hooks?),
        exchange: exchange?,
        outcome: outcome?,
    })
}

fn account(cx: &mut Cx<'_>, world: &World<'_>, (view, whole): (&ast::Example<'_>, &Node)) -> Option<Map<String, Json>> {
    let node = view.account;
    let mut addressed = world.http.iter().flat_map(|http| http.base_url.values());
    let written = |name: &str| node.is_some_and(|node| node.get(name).is_some());
    let sends = view.exchange.is_some_and(|node| !node.items().is_empty());
    if let Some(name) = addressed.find(|name| sends && !written(name)) {
        let at = view.name.map_or(whole.span, |name| name.span);
        cx.error(Code::ExampleData, at, format!("the example lacks the account value `{name}`"))
            .label("`base_url` needs it")
            .help(format!("account: {{{name}: ...}}"));
        return None;
    }
    let Some(node) = node else { return Some(Map::new()) };
    // An example gives only the values it needs, and what a person types in within the bounds of its field.
    let asked = |value: &Field| world.account.fields.iter().find(|asked| asked.name == value.name).cloned();
    let optional = |value: &Field| {
        let field = asked(value).unwrap_or_else(|| value.clone());
        Field { ty: super::types::opt(field.ty), default: None, ..field }
    };
    let fields: Vec<Field> = world.values.iter().map(optional).collect();
    record(cx, &world.types, node, (&fields, "account", Form::Input))
}

fn hooks(cx: &mut Cx<'_>, world: &World<'_>, node: Option<&Node>) -> Option<Map<String, Json>> {
    let mut made = Map::new();
    let mut good = true;
    for entry in node.map(Node::entries).unwrap_or_default() {
        let name = &entry.key.text;
        let Some(hook) = world.hook(cx, name, entry.key.span) else {
            good = false;
            continue;
        };
        match check(cx, &world.types, &entry.value, (&hook.returns, &format!("hooks.{name}"), Form::Hook)) {
            Some(json) => drop(made.insert(name.clone(), json)),
            None => good = false,
        }
    }
    good.then_some(made)
}

/// Exactly one of `output` and `error`.
fn outcome(
    cx: &mut Cx<'_>,
    world: &World<'_>,
    (view, node): (&ast::Example<'_>, &Node),
    output: Option<&Ty>,
) -> Option<Outcome> {
    match (view.output, view.error) {
        (Some(node), None) => check(cx, &world.types, node, (output?, "output", Form::Output)).map(Outcome::Output),
        (None, Some(node)) => error(cx, node).map(Outcome::Error),
        (both, _) => {
            let (message, help) = if both.is_some() {
                ("an example ends in `output` or in `error`, not both", "remove one of them".to_owned())
            } else {
                let start = output.map_or_else(|| "...".to_owned(), |output| start(&world.types, output));
                ("an example needs `output` or `error`", format!("output: {start}, or error: {{kind: not_found}}"))
            };
            let span = view.name.map_or(node.span, |name| name.span);
            cx.error(Code::ExampleOutcome, span, message).help(help);
            None
        }
    }
}

/// Keys an error can be compared by.
const ERROR_KEYS: &[&str] = &["kind", "code", "message", "hint", "scopes", "status", "retry_after"];

/// How a write ends that the provider may have done. No code of a provider means that, so `errors` cannot name it.
const UNKNOWN: &str = "outcome_unknown";

fn error(cx: &mut Cx<'_>, node: &Node) -> Option<Json> {
    let mut good = true;
    for entry in node.entries() {
        let name = entry.key.text.as_str();
        let text = entry.value.text().unwrap_or_default();
        if !ERROR_KEYS.contains(&name) {
            good = false;
            cx.error(Code::ExampleOutcome, entry.key.span, format!("an error has no `{name}`"))
                .help(format!("it has: {}", ERROR_KEYS.join(", ")))
                .suggest(name, ERROR_KEYS.iter().copied());
        } else if name == "kind" && text != UNKNOWN && !ERROR_KINDS.contains(&text) {
            good = false;
            cx.error(Code::ExampleOutcome, entry.value.span, format!("`{text}` is not an error kind"))
                .help(format!("kinds: {}, {UNKNOWN}", ERROR_KINDS.join(", ")))
                .suggest(text, ERROR_KINDS.iter().copied().chain([UNKNOWN]));
        }
    }
    if node.get("kind").is_none() {
        let span = cx.first_line(node.span);
        cx.error(Code::ExampleOutcome, span, "an error needs its `kind`").help("kind: not_found");
        return None;
    }
    good.then(|| to_json(node))
}
