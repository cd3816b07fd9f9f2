//! Names that would clash with the language or with generated Rust.

use std::collections::BTreeMap;

use super::cx::Cx;
use super::tool::handler;
use super::types::{Owner, Types};
use super::world::Signature;
use crate::diagnostic::Code;
use crate::model::{Field, Ty};
use crate::source::Span;
use crate::table::{is_snake, pascal};
use crate::yaml::{Entry, Node};

/// Words no field of Rust can have, raw or not.
const NO_FIELD: &[&str] = &["self", "super", "crate"];
/// Functions each tool has beside the setters of its inputs.
const NO_INPUT: &[&str] = &["new", "run"];
/// Roots of expressions.
pub(crate) const NO_STEP: &[&str] = &["in", "account", "response", "body", "secret", "choice", "status", "header"];
/// What a generated module has in reach by name.
pub(crate) const NO_TYPE: &[&str] = &[
    "Access",
    "Account",
    "ApplyDef",
    "ArgError",
    "ArgPath",
    "AuthDef",
    "AuthKindDef",
    "TokenBodyDef",
    "Box",
    "BoxFuture",
    "Bytes",
    "Check",
    "CheckDef",
    "CheckedAccount",
    "ClientAuthDef",
    "Clone",
    "CodeDef",
    "ConnectorDef",
    "Copy",
    "Cx",
    "Date",
    "Debug",
    "Default",
    "DeprecatedDef",
    "DerivedDef",
    "Described",
    "Err",
    "ErrorKind",
    "ErrorParts",
    "ErrorsDef",
    "ExampleDef",
    "Field",
    "FieldDef",
    "Fields",
    "File",
    "Fn",
    "Form",
    "From",
    "Future",
    "H",
    "HookError",
    "Hooks",
    "HttpDef",
    "Identity",
    "IndexMap",
    "Into",
    "Iterator",
    "JwtBearerDef",
    "ListsDef",
    "Method",
    "None",
    "OAuth2Def",
    "Object",
    "Ok",
    "Option",
    "Pages",
    "Paging",
    "PartDef",
    "Parts",
    "PerDef",
    "PieceDef",
    "Place",
    "RateDef",
    "RawReply",
    "ReadError",
    "Reader",
    "RefreshDef",
    "Result",
    "RotationDef",
    "ScopeDef",
    "SecretDef",
    "Signature",
    "SigningDef",
    "Unsigned",
    "Self",
    "Send",
    "Shape",
    "Size",
    "Some",
    "String",
    "Sync",
    "TextDef",
    "Timestamp",
    "ToJson",
    "ToOwned",
    "ToString",
    "TokenDef",
    "Tool",
    "ToolDef",
    "ToolError",
    "Until",
    "Value",
    "Vec",
    "Wire",
];

/// What our side names is named as Rust does. What a provider named is read under its name, whatever Rust calls it.
pub(crate) fn refuse_field(cx: &mut Cx<'_>, entry: &Entry, owner: Owner) {
    let name = entry.key.text.as_str();
    let (what, refused) = match owner {
        Owner::Type => return,
        Owner::Input => ("input", NO_FIELD.contains(&name) || NO_INPUT.contains(&name)),
        _ => ("field", NO_FIELD.contains(&name)),
    };
    // A name in another style was reported by `parse`.
    if refused && is_snake(name) {
        cx.error(Code::RefusedName, entry.key.span, format!("no {what} can be called `{name}`"))
            .label("taken in the generated Rust")
            .help(format!("{name}_value"));
    }
}

pub(crate) fn refuse_step(cx: &mut Cx<'_>, entry: &Entry) {
    let name = entry.key.text.as_str();
    if NO_STEP.contains(&name) {
        cx.error(Code::RefusedName, entry.key.span, format!("no step can be called `{name}`"))
            .label("expressions know this name already")
            .help(format!("{name}_step"));
    }
}

pub(crate) fn refuse_type(cx: &mut Cx<'_>, name: &str, span: Span) {
    if NO_TYPE.contains(&name) {
        cx.error(Code::RefusedName, span, format!("no type can be called `{name}`"))
            .label("taken in the generated Rust")
            .help(format!("Wire{name}"));
    }
}

/// Types, enums, tools, outputs and arguments share one Rust module.
pub(crate) fn claim_names(
    cx: &mut Cx<'_>,
    types: &Types,
    (tools, hooks): (&[Signature<'_>], Option<&Node>),
    node: Option<&Node>,
) {
    let mut module = Module::new();
    for entry in node.map(Node::entries).unwrap_or_default() {
        let name = entry.key.text.as_str();
        module.claim(cx, name, (format!("type `{name}`"), entry.key.span));
        claim_enums(cx, &mut module, types.fields(name), (name, entry.key.span));
    }
    handler::claim(cx, hooks, tools);
    for tool in tools {
        let rust = pascal(tool.name);
        refuse_tool(cx, &rust, (tool.name, tool.span));
        module.claim(cx, &rust, (format!("tool `{}`", tool.name), tool.span));
        claim_enums(cx, &mut module, &tool.input, (tool.name, tool.span));
        if let Some(record) = &tool.output_record {
            module.claim(cx, &record.name, (format!("the output of `{}`", tool.name), tool.span));
            claim_enums(cx, &mut module, &record.fields, (&record.name, tool.span));
        }
    }
}

fn claim_enums(cx: &mut Cx<'_>, module: &mut Module, fields: &[Field], (owner, span): (&str, Span)) {
    for field in fields {
        let mut ty = &field.ty;
        while let Ty::List(inner) | Ty::Map(inner) | Ty::Opt(inner) = ty {
            ty = inner;
        }
        if let Ty::Enum(one) = ty {
            module.claim(cx, &one.name, (format!("the enum of `{owner}.{}`", field.name), span));
        }
    }
}

/// All types the generated module declares must differ.
struct Module {
    seen: BTreeMap<String, String>,
}

impl Module {
    fn new() -> Self {
        Self { seen: BTreeMap::new() }
    }

    /// Claims a Rust type for something of the file.
    fn claim(&mut self, cx: &mut Cx<'_>, rust: &str, (what, span): (String, Span)) {
        if let Some(first) = self.seen.get(rust) {
            cx.error(Code::SameName, span, format!("{what} and {first} are both `{rust}` in Rust"))
                .help("rename one of them");
            return;
        }
        self.seen.insert(rust.to_owned(), what);
    }
}

/// Tools become types too: `string` would be `String`.
fn refuse_tool(cx: &mut Cx<'_>, rust: &str, (name, span): (&str, Span)) {
    if NO_TYPE.contains(&rust) {
        cx.error(Code::RefusedName, span, format!("no tool can be called `{name}`"))
            .label("taken in the generated Rust")
            .help(format!("get_{name}"));
    }
}
