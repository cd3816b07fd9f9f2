//! Names that would clash with the language or with generated Rust.

use std::collections::BTreeMap;

use super::cx::Cx;
use super::types::Owner;
use crate::diagnostic::Code;
use crate::source::Span;
use crate::table::is_snake;
use crate::yaml::Entry;

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

/// All types the generated module declares must differ.
pub(crate) struct Module {
    seen: BTreeMap<String, String>,
}

impl Module {
    pub(crate) fn new() -> Self {
        Self { seen: BTreeMap::new() }
    }

    /// Claims a Rust type for something of the file.
    pub(crate) fn claim(&mut self, cx: &mut Cx<'_>, rust: &str, (what, span): (String, Span)) {
        if let Some(first) = self.seen.get(rust) {
            cx.error(Code::SameName, span, format!("{what} and {first} are both `{rust}` in Rust"))
                .help("rename one of them");
            return;
        }
        self.seen.insert(rust.to_owned(), what);
    }
}

/// Tools become types too: `string` would be `String`.
pub(crate) fn refuse_tool(cx: &mut Cx<'_>, rust: &str, (name, span): (&str, Span)) {
    if NO_TYPE.contains(&rust) {
        cx.error(Code::RefusedName, span, format!("no tool can be called `{name}`"))
            .label("taken in the generated Rust")
            .help(format!("get_{name}"));
    }
}
