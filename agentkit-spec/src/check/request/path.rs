//! The address of a request: a path with values in it, or a whole url from a reply.

use crate::check::address::host_of;
use crate::check::cx::Cx;
use crate::check::expr::{Scope, expr};
use crate::check::lint;
use crate::check::query;
use crate::check::types::{is_text, peel, show};
use crate::diagnostic::Code;
use crate::model::{Address, PathPart, Ty};
use crate::syntax::{Part, Pipeline, Text};
use crate::yaml::Node;

pub(super) fn address(cx: &mut Cx<'_>, scope: &Scope<'_>, node: &Node, hosts: &[String]) -> Option<Address> {
    if node.text().is_some_and(|text| text.contains("://")) {
        known_host(cx, node, hosts)?;
    }
    match cx.syntax(node)? {
        Text::Literal(text) => {
            lint::bare_dollar(cx, scope, node);
            form(cx, node, &text, 0)?;
            Some(Address::Path(vec![PathPart::Text(text)]))
        }
        Text::Pipeline(pipeline) => {
            let made = expr(cx, scope, node, &pipeline)?;
            if *made.ty() != Ty::Url {
                let found = cx
                    .error(
                        Code::PathForm,
                        node.span,
                        format!("a whole address must be url, this is {}", show(made.ty())),
                    )
                    .label(show(made.ty()));
                match made.ty() {
                    Ty::String => found.help(format!(
                        "declare the field as url, or write a path such as `/items/${{{}}}`",
                        made.source
                    )),
                    _ => found.help("write a path such as `/items/${in.id}`"),
                };
                return None;
            }
            Some(Address::Url(made))
        }
        Text::Parts(parts) => path(cx, scope, node, &parts),
    }
}

fn path(cx: &mut Cx<'_>, scope: &Scope<'_>, node: &Node, parts: &[Part]) -> Option<Address> {
    let written = node.text().unwrap_or_default();
    let mut good = true;
    let mut made = Vec::new();
    lint::bare_dollar(cx, scope, node);
    for part in parts {
        let part = match part {
            Part::Literal { text, range } => {
                form(cx, node, if range.start == 0 { text } else { written.get(range.clone())? }, range.start)
                    .map(|()| PathPart::Text(text.clone()))
            }
            Part::Pipeline(pipeline) => segment(cx, scope, node, pipeline),
        };
        match part {
            Some(part) => made.push(part),
            None => good = false,
        }
    }
    if !matches!(parts.first(), Some(Part::Literal { .. })) {
        cx.error(Code::PathForm, node.span, "a path begins with `/`").help(format!("/{written}"));
        return None;
    }
    good.then_some(Address::Path(made))
}

/// A whole address that is written out goes to a host of `http.hosts` only:
///
/// ```yaml
/// get: https://openid.example.com/v1/userinfo
/// ```
fn known_host(cx: &mut Cx<'_>, node: &Node, hosts: &[String]) -> Option<()> {
    let text = node.text()?;
    if text.starts_with("http://") {
        cx.error(Code::Https, node.span, "an address must use https").help(text.replacen("http:", "https:", 1));
        return None;
    }
    let host = host_of(text).unwrap_or_default();
    if hosts.iter().any(|known| known == host) {
        return Some(());
    }
    let start = text.find("://").map_or(0, |mark| mark + 3);
    let span = cx.within(node, &(start..start + host.len()));
    cx.error(Code::HostNotListed, span, format!("`{host}` is not among the hosts of this connector"))
        .help(format!("http: {{hosts: [{host}]}}"));
    None
}

/// Checks a literal piece that stands at byte `at`.
fn form(cx: &mut Cx<'_>, node: &Node, text: &str, at: usize) -> Option<()> {
    // A whole address was looked at before; what follows its host is a path like any other.
    let skip = if at == 0 { text.find("://").map_or(0, |mark| mark + 3) } else { 0 };
    let (at, text) = (at + skip, text.get(skip..).unwrap_or_default());
    if at == 0 && !text.starts_with('/') {
        cx.error(Code::PathForm, node.span, "a path begins with `/`")
            .help(format!("/{}", node.text().unwrap_or_default()));
        return None;
    }
    if let Some(mark) = text.find(['?', '#']) {
        // Only up to the end of this piece: the caret stays in the literal text.
        let span = cx.within(node, &(at + mark..at + text.len()));
        cx.error(Code::QueryInPath, span, "the query belongs under `query`")
            .help(query::written_out(node.text().unwrap_or_default()).unwrap_or_else(|| "remove it".to_owned()));
        return None;
    }
    if let Some((_, segment)) = text.split('/').enumerate().find(is_other_value) {
        // As other descriptions of APIs write it: `/items/{id}`, `/items/:id`.
        let name = segment.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let name = name.strip_prefix("in.").unwrap_or(name);
        let start = at + text.find(segment).unwrap_or(0);
        let span = cx.within(node, &(start..start + segment.len()));
        cx.error(Code::PathForm, span, format!("`{segment}` would be sent as it stands"))
            .help(format!("a value in a path is written `${{in.{}}}`", if name.is_empty() { "id" } else { name }));
        return None;
    }
    let bad = text.split('/').any(|segment| segment == "." || segment == "..")
        || text.contains("//")
        || text.contains(char::is_whitespace);
    if bad {
        let span = cx.within(node, &(at..at + text.len()));
        cx.error(Code::PathForm, span, "a path has no empty, `.` or `..` parts and no spaces")
            .help(plain(node, text, at));
        return None;
    }
    Some(())
}

/// The whole path, without what is wrong in the piece at byte `at`.
fn plain(node: &Node, text: &str, at: usize) -> String {
    let written = node.text().unwrap_or_default();
    let (before, after) = (written.get(..at).unwrap_or_default(), written.get(at + text.len()..).unwrap_or_default());
    let parts = text.split('/').map(|part| part.replace(char::is_whitespace, ""));
    let parts: Vec<String> = parts.filter(|part| !matches!(part.as_str(), "" | "." | "..")).collect();
    let (lead, tail) = (text.starts_with('/'), text.ends_with('/') && !(parts.is_empty() && text.starts_with('/')));
    let slash = |there: bool| if there { "/" } else { "" };
    format!("{before}{}{}{}{after}", slash(lead), parts.join("/"), slash(tail))
}

/// `{id}` or `:id`; behind a value `:` begins a method of Google's.
fn is_other_value((index, segment): &(usize, &str)) -> bool {
    segment.contains(['{', '}']) || (*index > 0 && segment.starts_with(':'))
}

fn segment(cx: &mut Cx<'_>, scope: &Scope<'_>, node: &Node, pipeline: &Pipeline) -> Option<PathPart> {
    let made = expr(cx, scope, node, pipeline)?;
    let (inner, absent) = peel(made.ty());
    if !absent && (is_text(inner) || matches!(inner, Ty::Int(_))) {
        return Some(PathPart::Segment(made));
    }
    let span = cx.within(node, &pipeline.range);
    let found =
        cx.error(Code::PathSegment, span, format!("a part of a path must be text or int, this is {}", show(made.ty())));
    if absent {
        found.help("make it a required input, or run the step only `when` it is there");
    } else {
        found.help("take one text or int of it, such as an id");
    }
    None
}
