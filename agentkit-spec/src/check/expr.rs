//! Expressions: names are looked up, and each step gets its type.

mod argument;
mod filter;
mod reach;

pub(crate) use reach::{list_help, value_named};

use std::ops::Range;

use super::cx::Cx;
use super::types::{Types, opt, peel, show};
use crate::diagnostic::Code;
use crate::model::{Expr, Field, Op, OpKind, Root, Ty};
use crate::source::Span;
use crate::syntax::{Name, Pipeline, Segment, Stage, Text};
use crate::table::{is_snake, snake};
use crate::yaml::Node;

/// What an expression sees.
#[derive(Clone, Default)]
pub(crate) struct Scope<'a> {
    pub(crate) types: Option<&'a Types>,
    /// Name of the tool, for messages.
    pub(crate) tool: Option<&'a str>,
    /// Inputs of the tool, and those that are broken.
    pub(crate) inputs: Option<Inputs<'a>>,
    pub(crate) account: Option<&'a [Field]>,
    /// Values of earlier steps.
    pub(crate) steps: Vec<(String, Known)>,
    /// The step this is in, and those that come later.
    pub(crate) here: Option<String>,
    pub(crate) later: Vec<String>,
    /// Variables of `each` and `$each`.
    pub(crate) items: Vec<(String, Option<Ty>)>,
    pub(crate) body: Option<Known>,
    /// `status` and `header` are in reach.
    pub(crate) reply: bool,
    /// The paths that `when` and `$when` have proved to be there, the outermost first, and their types.
    pub(crate) narrowed: Vec<(Vec<Segment>, Ty)>,
}

/// The inputs of a tool as expressions see them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Inputs<'a> {
    pub(crate) fields: &'a [Field],
    /// All names that are written, the broken ones too.
    pub(crate) written: &'a [String],
    /// The inputs as a whole are wrong: nothing is known of them.
    pub(crate) unknown: bool,
}

/// What is known of a value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Known {
    /// Its type.
    Ty(Ty),
    /// It has none: `returns: none`.
    Nothing,
    /// It is wrong, which was reported.
    Broken,
}

impl From<Option<Ty>> for Known {
    fn from(ty: Option<Ty>) -> Self {
        ty.map_or(Self::Broken, Self::Ty)
    }
}

/// Looks a pipeline up. `None`: it is wrong, and why was reported.
pub(crate) fn expr(cx: &mut Cx<'_>, scope: &Scope<'_>, node: &Node, pipeline: &Pipeline) -> Option<Expr> {
    let mut walk = Walk { cx, scope, node, pipeline };
    let (root, root_ty, used) = walk.root()?;
    let mut made = Expr { root, root_ty, ops: Vec::new(), source: pipeline.source.clone() };
    walk.segments(&mut made, pipeline.path.get(used..).unwrap_or_default())?;
    for stage in &pipeline.stages {
        match stage {
            Stage::Path(segments) => walk.segments(&mut made, segments)?,
            Stage::Filter { name, args, range } => {
                let subject = made.ty().clone();
                let (filter, ty) = filter::apply(&mut walk, &subject, (name, args, range))?;
                made.ops.push(Op { kind: OpKind::Filter(filter), ty });
            }
        }
    }
    Some(made)
}

/// Looks up the expression that a whole scalar is.
pub(crate) fn whole(cx: &mut Cx<'_>, scope: &Scope<'_>, node: &Node) -> Option<Expr> {
    // Anything else was taken out by `parse`.
    let Text::Pipeline(pipeline) = cx.syntax(node)? else { return None };
    expr(cx, scope, node, &pipeline)
}

/// One expression on its way.
pub(super) struct Walk<'w, 'c, 's> {
    pub(super) cx: &'w mut Cx<'c>,
    pub(super) scope: &'w Scope<'s>,
    pub(super) node: &'w Node,
    pub(super) pipeline: &'w Pipeline,
}

impl Walk<'_, '_, '_> {
    pub(super) fn span(&self, range: &Range<usize>) -> Span {
        self.cx.within(self.node, range)
    }

    /// The root, its type, and how many segments it takes.
    fn root(&mut self) -> Option<(Root, Ty, usize)> {
        let path = &self.pipeline.path;
        let first = path.first()?;
        let Name::Field(name) = &first.name else { return None };
        self.note_use(name);
        let proved = |(_, (proved, _)): &(usize, &(Vec<Segment>, Ty))| {
            proved.len() <= path.len() && proved.iter().zip(path).all(|(proved, segment)| proved.name == segment.name)
        };
        if let Some((index, (narrowed, ty))) = self.scope.narrowed.iter().enumerate().rev().find(proved) {
            self.note_input();
            return Some((Root::Narrowed(index), ty.clone(), narrowed.len()));
        }
        if let Some((_, ty)) = self.scope.items.iter().rev().find(|(item, _)| item == name) {
            return Some((Root::Item(name.clone()), ty.clone()?, 1));
        }
        if let Some((_, known)) = self.scope.steps.iter().find(|(step, _)| step == name) {
            let known = known.clone();
            return self.known(&known, name, first).map(|ty| (Root::Step(name.clone()), ty, 1));
        }
        match (name.as_str(), &self.scope.body) {
            ("in", _) if self.scope.inputs.is_some() => self.input(),
            ("account", _) if self.scope.account.is_some() => self.account(),
            ("body", Some(known)) => {
                let known = known.clone();
                self.known(&known, name, first).map(|ty| (Root::Body, ty, 1))
            }
            ("status", _) if self.scope.reply => Some((Root::Status, Ty::Int(crate::model::IntForm::Number), 1)),
            ("header", _) if self.scope.reply => self
                .second("header", "'x-name'")
                .map(|(name, _)| (Root::Header(name.to_lowercase()), Ty::Opt(Box::new(Ty::String)), 2)),
            _ => self.not_in_reach(name, first),
        }
    }

    fn known(&mut self, known: &Known, name: &str, segment: &Segment) -> Option<Ty> {
        match known {
            Known::Ty(ty) => Some(ty.clone()),
            Known::Broken => None,
            Known::Nothing => {
                let span = self.span(&segment.range);
                self.cx
                    .error(Code::NoValue, span, format!("`{name}` gives no value"))
                    .help("say its type with `returns`");
                None
            }
        }
    }

    /// The segment behind `in`, `account` or `header`.
    fn second(&mut self, root: &str, shown: &str) -> Option<(String, Range<usize>)> {
        match self.pipeline.path.get(1) {
            Some(Segment { name: Name::Field(name), range }) => Some((name.clone(), range.clone())),
            other => {
                let range = other.map_or(self.pipeline.path[0].range.clone(), |segment| segment.range.clone());
                let span = self.span(&range);
                let names: Vec<String> = match root {
                    "in" => self
                        .scope
                        .inputs
                        .iter()
                        .flat_map(|inputs| inputs.written)
                        .map(|name| format!("in.{name}"))
                        .collect(),
                    "account" => self
                        .scope
                        .account
                        .iter()
                        .copied()
                        .flatten()
                        .map(|value| format!("account.{}", value.name))
                        .collect(),
                    _ => vec![format!("{root}.{shown}")],
                };
                self.cx.error(Code::ExprSyntax, span, format!("`{root}` is used by name: `${root}.{shown}`")).help(
                    match names.as_slice() {
                        [] => "it has no names here".to_owned(),
                        names => format!("one of: {}", names.join(", ")),
                    },
                );
                None
            }
        }
    }

    fn input(&mut self) -> Option<(Root, Ty, usize)> {
        let inputs = self.scope.inputs?;
        let (name, range) = self.second("in", "name")?;
        self.cx.note("in", &name);
        if let Some(field) = inputs.fields.iter().find(|field| field.name == name) {
            return Some((Root::Input(name), field.ty.clone(), 2));
        }
        // One that is written in another style was reported where it is declared.
        let styled = inputs.written.iter().any(|written| !is_snake(written) && snake(written) == name);
        if !inputs.unknown && !styled && !inputs.written.contains(&name) {
            let span = self.span(&range);
            let place = self.place();
            let known: Vec<&str> = inputs.written.iter().map(String::as_str).collect();
            let list =
                if known.is_empty() { "it has no inputs".to_owned() } else { format!("inputs: {}", known.join(", ")) };
            self.cx.error(Code::NoInput, span, format!("no input `{name}`{place}")).help(list).suggest(&name, known);
        }
        None
    }

    fn account(&mut self) -> Option<(Root, Ty, usize)> {
        let account = self.scope.account?;
        let (name, range) = self.second("account", "name")?;
        if let Some(value) = account.iter().find(|value| value.name == name) {
            return Some((Root::Account(name), value.ty.clone(), 2));
        }
        let span = self.span(&range);
        let known: Vec<&str> = account.iter().map(|value| value.name.as_str()).collect();
        self.cx
            .error(Code::NoAccountValue, span, format!("no account value `{name}`"))
            .help("declare it under `account.fields` or `account.from_token`")
            .suggest(&name, known);
        None
    }

    fn not_in_reach(&mut self, name: &str, segment: &Segment) -> Option<(Root, Ty, usize)> {
        let span = self.span(&segment.range);
        let place = self.place();
        if let Some(here) = self.scope.here.clone()
            && (self.scope.later.iter().any(|later| later == name) || here == name)
        {
            let order = if here == name {
                format!("`{name}` is this step")
            } else {
                format!("`{name}` comes later than `{here}`")
            };
            let reach = self.scope.reach();
            self.cx
                .error(Code::NotInReach, span, format!("{order}; a step sees only the steps before it{place}"))
                .help(format!("in reach here: {}; or move the step up", dollars(&reach)));
            return None;
        }
        let reach = self.scope.reach();
        let found = self.cx.error(Code::NotInReach, span, format!("nothing is called `{name}` here{place}"));
        found.help(format!("in reach here: {}", dollars(&reach)));
        if name == "secret" || name == "client" {
            found.label(format!("`${name}` is in reach only inside auth.apply"));
        } else {
            found.suggest(name, reach.iter().map(String::as_str));
        }
        None
    }

    fn place(&self) -> String {
        self.scope.tool.map_or_else(String::new, |tool| format!(" in tool `{tool}`"))
    }

    fn note_use(&mut self, name: &str) {
        self.cx.note("step", name);
    }

    /// A narrowed path may begin at an input; it is used all the same.
    fn note_input(&mut self) {
        if let [Segment { name: Name::Field(root), .. }, Segment { name: Name::Field(name), .. }, ..] =
            self.pipeline.path.as_slice()
            && root == "in"
        {
            self.cx.note("in", name);
        }
    }

    fn segments(&mut self, made: &mut Expr, segments: &[Segment]) -> Option<()> {
        let mut rest = segments.iter();
        while let Some(segment) = rest.next() {
            let (inner, absent) = peel(made.ty());
            let (inner, absent) = (inner.clone(), absent);
            let (kind, ty) = match &segment.name {
                Name::Field(name) => (OpKind::Field(name.clone()), self.field(&inner, name, segment)?),
                Name::Every => {
                    let Ty::List(item) = &inner else { return self.no_list(&inner, segment) };
                    let Some(Segment { name: Name::Field(name), range }) = rest.next() else {
                        let span = self.span(&segment.range);
                        let fields = match &**item {
                            Ty::Record(record) => {
                                self.scope.types.map(|types| types.fields(record)).unwrap_or_default()
                            }
                            _ => &[],
                        };
                        let fields: Vec<String> = fields.iter().map(|field| format!(".*.{}", field.name)).collect();
                        let help = if fields.is_empty() {
                            "remove `.*`".to_owned()
                        } else {
                            format!("one of: {}", fields.join(", "))
                        };
                        self.cx.error(Code::ExprSyntax, span, "`.*` is followed by a field").help(help);
                        return None;
                    };
                    let segment = Segment { name: Name::Field(name.clone()), range: range.clone() };
                    let ty = self.field(item, name, &segment)?;
                    (OpKind::EachField(name.clone()), Ty::List(Box::new(ty)))
                }
            };
            made.ops.push(Op { kind, ty: if absent { opt(ty) } else { ty } });
        }
        Some(())
    }

    fn no_list(&mut self, ty: &Ty, segment: &Segment) -> Option<()> {
        let span = self.span(&segment.range);
        let lists = match ty {
            Ty::Pages(_) => vec![".items".to_owned()],
            Ty::Record(record) => {
                let fields = self.scope.types.map(|types| types.fields(record)).unwrap_or_default();
                let lists = fields
                    .iter()
                    .filter(|field| matches!(&field.ty, Ty::List(item) if matches!(**item, Ty::Record(_))));
                lists.map(|field| format!(".{}", field.name)).collect()
            }
            _ => Vec::new(),
        };
        let help = match lists.as_slice() {
            [] => "remove `.*` and what follows it".to_owned(),
            [one] => format!("put `{one}` before it"),
            several => format!("put one of these before it: {}", several.join(", ")),
        };
        self.cx.error(Code::NoField, span, format!("`.*` is for lists, this is {}", show(ty))).help(help);
        None
    }

    /// The type of a field.
    fn field(&mut self, ty: &Ty, name: &str, segment: &Segment) -> Option<Ty> {
        let types = self.scope.types?;
        let known: Vec<String> = match ty {
            Ty::Record(record) => {
                if let Some(field) = types.fields(record).iter().find(|field| field.name == name) {
                    return Some(field.ty.clone());
                }
                if types.is_broken(record, name) {
                    return None;
                }
                types.fields(record).iter().map(|field| field.name.clone()).collect()
            }
            Ty::File => match name {
                "name" | "media_type" => return Some(Ty::String),
                "data" => return Some(Ty::Bytes(crate::model::BytesForm::Base64)),
                _ => ["name", "media_type", "data"].map(str::to_owned).to_vec(),
            },
            Ty::Pages(item) => match name {
                "items" => return Some(Ty::List(item.clone())),
                "next" => return Some(Ty::Opt(Box::new(Ty::String))),
                _ => ["items", "next"].map(str::to_owned).to_vec(),
            },
            Ty::Entry(value) => match name {
                "key" => return Some(Ty::String),
                "value" => return Some((**value).clone()),
                _ => ["key", "value"].map(str::to_owned).to_vec(),
            },
            _ => return self.no_fields(ty, name, segment),
        };
        let span = self.span(&segment.range);
        self.cx
            .error(Code::NoField, span, format!("{} has no field `{name}`", show(ty)))
            .help(format!("fields: {}", known.join(", ")))
            .suggest(name, known.iter().map(String::as_str));
        None
    }

    fn no_fields(&mut self, ty: &Ty, name: &str, segment: &Segment) -> Option<Ty> {
        // What stands before the field, so that the message names it.
        let before = self.node.text().unwrap_or_default();
        let before = before.get(self.pipeline.path.first()?.range.start..segment.range.start).unwrap_or_default();
        let before = before.trim_end_matches(['.', '|', ' ', '*']);
        let subject = if before.contains('|') || before.is_empty() { "this".to_owned() } else { format!("`{before}`") };
        let span = self.span(&segment.range);
        let found = self.cx.error(Code::NoField, span, format!("{subject} is {} and has no fields", show(ty)));
        match ty {
            Ty::List(item) if matches!(**item, Ty::Record(_)) => {
                found.help(format!("to take the field of every item write `.*.{name}`"));
            }
            Ty::Opt(_) => {
                found.help("the items may be absent; put `| compact` before it");
            }
            Ty::Json => {
                found.help("json passes through as it is; declare a type to look into it");
            }
            Ty::Map(_) => {
                found.help(format!(
                    "the keys of a map are data; look for one: | entries | find(key, '{name}') | .value"
                ));
            }
            _ => {
                found.help(format!("remove `.{name}`"));
            }
        }
        None
    }
}

fn dollars(names: &[String]) -> String {
    names.iter().map(|name| format!("${name}")).collect::<Vec<_>>().join(", ")
}
