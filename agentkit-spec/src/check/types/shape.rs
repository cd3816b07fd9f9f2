//! How types hold each other: what would be endless, what inputs reach.

use std::collections::BTreeSet;

use super::Types;
use crate::check::cx::Cx;
use crate::diagnostic::Code;
use crate::model::Ty;
use crate::yaml::Node;

/// A type that holds itself would have no size:
///
/// ```yaml
/// Part: {inner: Part}
/// ```
///
/// `opt`, `list` and `map` may be empty and so end it.
pub(crate) fn check_endless(cx: &mut Cx<'_>, types: &Types, node: &Node) {
    for entry in node.entries() {
        for field in entry.value.entries() {
            let place = field.value.get("type").unwrap_or(&field.value);
            let held = types.fields(&entry.key.text).iter().find(|known| known.name == field.key.text);
            let Some(Ty::Record(held)) = held.map(|held| &held.ty) else { continue };
            if holds(types, held, &entry.key.text, &mut BTreeSet::new()) {
                let name = &entry.key.text;
                cx.error(Code::EndlessType, place.span, format!("`{name}` would hold itself without end"))
                    .help(format!("use opt<{held}> or list<{held}>"));
            }
        }
    }
}

/// Whether a type holds another directly.
fn holds(types: &Types, ty: &str, wanted: &str, seen: &mut BTreeSet<String>) -> bool {
    if ty == wanted {
        return true;
    }
    if !seen.insert(ty.to_owned()) {
        return false;
    }
    types.fields(ty).iter().any(|field| match &field.ty {
        Ty::Record(name) => holds(types, name, wanted, seen),
        _ => false,
    })
}

/// Adds all records that a type reaches.
pub(crate) fn reach(types: &Types, ty: &Ty, found: &mut BTreeSet<String>) {
    match ty {
        Ty::List(inner) | Ty::Map(inner) | Ty::Opt(inner) | Ty::Pages(inner) | Ty::Entry(inner) => {
            reach(types, inner, found);
        }
        Ty::Record(name) if found.insert(name.clone()) => {
            for field in types.fields(name) {
                reach(types, &field.ty, found);
            }
        }
        _ => {}
    }
}

/// Enums of types that inputs reach are closed; a type that reaches itself cannot be an input.
pub(crate) fn mark_closed(cx: &mut Cx<'_>, types: &mut Types, input: &Ty, node: &Node) {
    let mut found = BTreeSet::new();
    reach(types, input, &mut found);
    for name in &found {
        let mut below = BTreeSet::new();
        for field in types.fields(name) {
            reach(types, &field.ty, &mut below);
        }
        if below.contains(name) {
            cx.error(Code::RecursiveInput, node.span, format!("`{name}` holds itself, and inputs must not"))
                .help("models take no recursive schemas; use json, or a fixed number of levels");
            return;
        }
    }
    for name in found {
        let Some(record) = types.record_mut(&name) else { continue };
        for field in &mut record.fields {
            close(&mut field.ty);
        }
    }
}

fn close(ty: &mut Ty) {
    match ty {
        Ty::Enum(one) => one.open = false,
        Ty::List(inner) | Ty::Map(inner) | Ty::Opt(inner) | Ty::Pages(inner) | Ty::Entry(inner) => close(inner),
        _ => {}
    }
}
