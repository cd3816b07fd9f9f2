//! HTML → plain text: for mails that have no other text, and for the plain version of mails sent as HTML.

use mail_parser::decoders::html::{add_html_token, html_to_text};

/// Longest HTML that is turned into text; what comes after it is left out.
const MAX_HTML: usize = 1 << 20;

/// Deepest nesting that is laid out. The time to parse grows with the square of it, and mails reach forty.
const MAX_DEPTH: usize = 200;

/// The text of an HTML document, wrapped at `width`; links become footnotes.
pub(super) fn to_text(html: &str, width: usize) -> String {
    let html = &html[..html.floor_char_boundary(MAX_HTML)];
    if is_deep(html) {
        // Made to cost time rather than to be read: only the tags are taken out.
        return html_to_text(html).trim().to_owned();
    }
    // Newsletters are tables inside tables: `raw_mode` reads them as running text.
    let text = html2text::config::plain()
        .raw_mode(true)
        .no_table_borders()
        .allow_width_overflow()
        .string_from_read(html.as_bytes(), width);
    text.map(|text| text.trim().to_owned()).unwrap_or_default()
}

/// Whether elements may nest deeper than `MAX_DEPTH`. Counts too many rather than too few: an end tag
/// only ends the element right before it.
fn is_deep(html: &str) -> bool {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        if let Some(comment) = rest.strip_prefix("!--") {
            rest = comment.split_once("-->").map_or("", |(_, after)| after);
            continue;
        }
        let (ends, tag) = match rest.strip_prefix('/') {
            Some(tag) => (true, tag),
            None => (false, rest),
        };
        let name = tag.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        let is = |other: &&str| other.eq_ignore_ascii_case(name);
        if ends {
            open.pop_if(|top| is(&&**top));
        } else if !name.is_empty() && !FLAT.iter().any(is) {
            open.push(name);
        }
        if open.len() > MAX_DEPTH {
            return true;
        }
    }
    false
}

/// Elements that hold nothing, or that the next one of their kind ends.
const FLAT: [&str; 19] = [
    "area", "base", "br", "col", "dd", "dt", "embed", "hr", "img", "input", "li", "link", "meta", "option", "p", "td",
    "th", "tr", "wbr",
];

/// The text of a snippet: its entities as characters, without the padding newsletters put at its end.
pub(super) fn snippet_text(snippet: &str) -> String {
    let mut text = String::with_capacity(snippet.len());
    let mut rest = snippet;
    while let Some(start) = rest.find('&') {
        text.push_str(&rest[..start]);
        rest = &rest[start..];
        if let Some(end) = rest.find(';').filter(|&end| end < LONGEST_ENTITY) {
            add_html_token(&mut text, &rest.as_bytes()[..=end], false);
            rest = &rest[end + 1..];
        } else {
            text.push('&');
            rest = &rest[1..];
        }
    }
    text.push_str(rest);
    text.truncate(text.trim_end_matches(is_padding).len());
    text
}

/// `&CounterClockwiseContourIntegral;`
const LONGEST_ENTITY: usize = 33;

/// White space and characters without width.
fn is_padding(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{ad}' | '\u{34f}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
}

#[cfg(test)]
mod tests;
