//! Addresses: https, hosts, header names.

use super::cx::Cx;
use crate::diagnostic::Code;
use crate::source::Span;
use crate::yaml::Node;

/// The host of an https address.
pub(crate) fn host_of(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("https://")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    rest.get(..end)
}

/// A host name of at least two labels, without a port or user.
pub(crate) fn is_host(host: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    host.contains('.') && host.split('.').all(label)
}

/// A header that a spec may set.
pub(crate) fn header_name(cx: &mut Cx<'_>, name: &str, span: Span) -> bool {
    if name.eq_ignore_ascii_case("authorization") {
        cx.error(Code::AuthorizationHeader, span, "the Authorization header belongs to `auth`")
            .help("remove it, and say under `auth` how a request is signed");
        return false;
    }
    let token =
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte));
    if !token {
        cx.error(Code::HeaderName, span, format!("`{name}` is no header name")).help("letters, digits and `-`");
        return false;
    }
    // The method says whether a request reads; another one in a header would make a write of a read.
    let method = ["x-http-method-override", "x-http-method", "x-method-override"];
    if method.iter().any(|known| name.eq_ignore_ascii_case(known)) {
        cx.error(Code::HeaderName, span, format!("`{name}` would make another method of the one that is written"))
            .help("write the method itself: `patch: /path`");
        return false;
    }
    let transport = [
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
        "keep-alive",
        "cookie",
        "te",
        "trailer",
        "upgrade",
        "expect",
        "accept-encoding",
        "proxy-authorization",
        "proxy-connection",
    ];
    if transport.iter().any(|known| name.eq_ignore_ascii_case(known)) {
        cx.error(Code::HeaderName, span, format!("`{name}` is set by the transport")).help("remove it");
        return false;
    }
    true
}

/// A body comes with its media type, and a multipart body is unreadable under another:
///
/// ```yaml
/// headers: {Content-Type: multipart/form-data}
/// multipart: {file: $in.file}
/// ```
pub(crate) fn content_type(cx: &mut Cx<'_>, headers: Option<&Node>, fits: impl Fn(&str) -> bool) -> bool {
    let entries = headers.map(Node::entries).unwrap_or_default();
    let wrong = entries.iter().find(|entry| {
        entry.key.text.eq_ignore_ascii_case("content-type") && !fits(entry.value.text().unwrap_or_default())
    });
    if let Some(entry) = wrong {
        let name = &entry.key.text;
        cx.error(Code::HeaderName, entry.key.span, format!("`{name}` is set by the body")).help("remove it");
    }
    wrong.is_none()
}

/// HTTP does not tell headers apart by their letters' case, so `X-Team` and `x-team` are one.
pub(crate) fn same_headers(cx: &mut Cx<'_>, node: &Node) {
    let entries = node.entries();
    for (index, entry) in entries.iter().enumerate() {
        let name = &entry.key.text;
        if let Some(first) = entries.iter().take(index).find(|first| first.key.text.eq_ignore_ascii_case(name)) {
            let first = &first.key.text;
            cx.error(Code::RepeatedKey, entry.key.span, format!("`{name}` and `{first}` are one header"))
                .help("remove one of them");
        }
    }
}

/// A header that is written out: what HTTP carries without doubt.
pub(crate) fn header_value(cx: &mut Cx<'_>, path: &str, node: &Node) {
    let plain = |text: &str| text.bytes().all(|byte| byte == b'\t' || (b' '..=b'~').contains(&byte));
    if node.text().is_some_and(|text| !plain(text)) {
        let span = cx.first_line(node.span);
        cx.error(Code::HeaderName, span, format!("`{path}` holds what headers cannot carry"))
            .help("letters, digits and signs of ASCII, on one line");
    }
}
