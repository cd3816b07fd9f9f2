//! `use`: reads the base file and merges it under the connector, which wins.

use crate::diagnostic::{Code, Diagnostics};
use crate::source::{SourceFile, Span};
use crate::yaml::{self, Entry, Node, Value};

/// Keys that say what a file is; they are not shared.
const OWN: &[&str] = &["agentkit", "base", "use"];

/// The file name under `use`, where it is usable.
pub(crate) fn base_name<'a>(cx: &mut Diagnostics, root: &'a Node) -> Option<(&'a str, Span)> {
    let node = root.get("use")?;
    let name = node.text().filter(|name| !name.is_empty())?;
    if name.contains(['/', '\\']) {
        cx.report(Code::Base, node.span, "a base lies beside its connector")
            .help(name.rsplit(['/', '\\']).next().unwrap_or(name));
        return None;
    }
    Some((name, node.span))
}

/// Reads a base file; its mistakes are reported at `at` where they have no place of their own.
pub(crate) fn base(cx: &mut Diagnostics, source: &SourceFile, at: Span) -> Option<Node> {
    let root = yaml::read(cx, source, 1)?;
    if root.get("base").is_none() {
        cx.report(Code::Base, at, format!("`{}` is no base", source.file_name()))
            .help("a base has `base: NAME` in place of `connector:`");
        return None;
    }
    if let Some(node) = root.get("use") {
        cx.report(Code::Base, node.span, "a base uses no base").help("write the shared parts here");
        return None;
    }
    Some(root)
}

/// Puts what the base has and the connector lacks behind what the connector has, mapping by mapping.
/// Types come first from the base, so that the order of a file does not depend on who declares them.
pub(crate) fn merge(own: &mut Node, base: Node) {
    let Value::Map(base) = base.value else { return };
    for entry in base.entries.into_iter().filter(|entry| !OWN.contains(&entry.key.text.as_str())) {
        merge_entry(own, entry, true);
    }
}

fn merge_entry(own: &mut Node, entry: Entry, top: bool) {
    let Value::Map(map) = &mut own.value else { return };
    let Some(mine) = map.entries.iter_mut().find(|mine| mine.key.text == entry.key.text) else {
        map.entries.push(entry);
        return;
    };
    if !matches!((&mine.value.value, &entry.value.value), (Value::Map(_), Value::Map(_))) {
        return;
    }
    let first = top && entry.key.text == "types";
    let Value::Map(shared) = entry.value.value else { return };
    if first {
        let Value::Map(map) = &mut mine.value.value else { return };
        let own = std::mem::take(&mut map.entries);
        let (again, new): (Vec<_>, Vec<_>) =
            shared.entries.into_iter().partition(|shared| own.iter().any(|own| own.key.text == shared.key.text));
        map.entries = new;
        map.entries.extend(own);
        for entry in again {
            merge_entry(&mut mine.value, entry, false);
        }
        return;
    }
    for entry in shared.entries {
        merge_entry(&mut mine.value, entry, false);
    }
}
