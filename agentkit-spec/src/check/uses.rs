//! Which ways values of types travel: into tools, out of replies, out of tools, into hooks.

use std::collections::BTreeSet;

use super::cx::Cx;
use super::types;
use super::world::World;
use crate::diagnostic::Code;
use crate::model::{Action, Errors, Tool, Ty, Used};
use crate::yaml::Node;

/// Where values of types come from and go to.
#[derive(Default)]
pub(crate) struct Roots {
    input: Vec<Ty>,
    reply: Vec<Ty>,
    output: Vec<Ty>,
    /// Handed to hooks: neither read nor written.
    argument: Vec<Ty>,
}

impl Roots {
    pub(crate) fn all(&self) -> Vec<Ty> {
        [&self.input, &self.reply, &self.output, &self.argument].into_iter().flatten().cloned().collect()
    }
}

pub(crate) fn roots(world: &World<'_>, errors: &Errors, made: &[Tool]) -> Roots {
    let mut roots = Roots::default();
    roots.reply.extend(errors.body.clone());
    let mut replies = Vec::new();
    replies.extend(world.account.check.iter().map(|check| &check.request));
    for tool in made {
        roots.input.extend(tool.input.iter().map(|field| field.ty.clone()));
        roots.output.push(tool.output.clone());
        replies.extend(tool.steps.iter().filter_map(|step| match &step.action {
            Action::Request(request) => Some(&**request),
            Action::Call { .. } | Action::Hook { .. } | Action::Handler { .. } => None,
        }));
    }
    for request in replies {
        roots.reply.extend(request.returns.ty());
        roots.reply.extend(request.errors.as_ref().and_then(|errors| errors.body.clone()));
    }
    for hook in &world.hooks {
        roots.reply.push(hook.returns.clone());
        roots.argument.extend(hook.args.iter().map(|arg| arg.ty.clone()));
    }
    roots
}

fn reached(world: &World<'_>, roots: &[Ty]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for ty in roots {
        types::reach(&world.types, ty, &mut found);
    }
    found
}

/// An enum is closed in inputs and open in replies; one type cannot be both:
///
/// ```yaml
/// types: {Label: {color: {enum: [red, blue]}}}
/// ```
pub(crate) fn mixed_enums(cx: &mut Cx<'_>, world: &World<'_>, roots: &Roots, node: Option<&Node>) {
    let (input, reply) = (reached(world, &roots.input), reached(world, &roots.reply));
    for entry in node.map(Node::entries).unwrap_or_default() {
        let name = &entry.key.text;
        if !input.contains(name) || !reply.contains(name) {
            continue;
        }
        if world.types.fields(name).iter().any(|field| types::holds_enum(&field.ty)) {
            cx.error(
                Code::TypeUse,
                entry.key.span,
                format!("`{name}` has an enum and is used in inputs and in replies"),
            )
            .help("inputs are closed, replies are open; declare two types");
        }
    }
}

pub(crate) fn mark_used(world: &mut World<'_>, roots: &Roots, made: &mut [Tool]) {
    let (input, reply, output) =
        (reached(world, &roots.input), reached(world, &roots.reply), reached(world, &roots.output));
    let used =
        |name: &str| Used { input: input.contains(name), reply: reply.contains(name), output: output.contains(name) };
    for name in world.types.declared.clone() {
        if let Some(record) = world.types.record_mut(&name) {
            record.used = used(&name);
        }
    }
    for record in made.iter_mut().filter_map(|tool| tool.output_record.as_mut()) {
        record.used = used(&record.name);
    }
}
