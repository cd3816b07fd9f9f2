//! The `Link` header, RFC 8288, as far as it names the next page.

use crate::reply::RawReply;

impl RawReply<'_> {
    /// The address that a `Link` header gives for `rel="next"`.
    pub fn next_link(&self) -> Option<String> {
        let headers = self.headers.get_all(http::header::LINK);
        headers.iter().filter_map(|value| value.to_str().ok()).find_map(next).map(str::to_owned)
    }
}

/// `<https://a.example/2>; rel="next", <https://a.example/9>; rel="last"`
fn next(mut header: &str) -> Option<&str> {
    loop {
        let (_, rest) = header.split_once('<')?;
        let (address, rest) = rest.split_once('>')?;
        let end = unquoted(rest, ',').unwrap_or(rest.len());
        let (parameters, rest) = rest.split_at(end);
        if is_next(parameters) {
            return Some(address.trim());
        }
        header = rest;
    }
}

fn is_next(mut parameters: &str) -> bool {
    loop {
        let end = unquoted(parameters, ';').unwrap_or(parameters.len());
        let (parameter, rest) = parameters.split_at(end);
        if let Some((name, value)) = parameter.split_once('=')
            && name.trim().eq_ignore_ascii_case("rel")
        {
            // Only the first `rel` counts; it may hold several words.
            let words = value.trim().trim_matches('"');
            return words.split_ascii_whitespace().any(|word| word.eq_ignore_ascii_case("next"));
        }
        let Some(rest) = rest.get(1..) else { return false };
        parameters = rest;
    }
}

/// Where a character stands outside of quotes.
fn unquoted(text: &str, wanted: char) -> Option<usize> {
    let mut quoted = false;
    let mut escaped = false;
    for (at, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if character == wanted && !quoted => return Some(at),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::next;

    #[test]
    fn the_next_page_is_found_among_others() {
        let cases = [
            (r#"<https://a.test/2>; rel="next", <https://a.test/9>; rel="last""#, Some("https://a.test/2")),
            (
                r#"<https://a.test/0>; rel="prev", <https://a.test/2?a=1,2;b>; rel="next""#,
                Some("https://a.test/2?a=1,2;b"),
            ),
            ("</2>;rel=next", Some("/2")),
            (r#"</2>; title="a, b; rel=\"next\""; REL="NEXT last""#, Some("/2")),
            (r#"</1>; title="x; rel=next", </2>; rel=next"#, Some("/2")),
            (r#"</1>; rel="prev"; rel="next""#, None),
            (r#"</1>; rel="nextish""#, None),
            ("", None),
            ("<", None),
            ("</1>;", None),
            ("</1>;;;rel=next", Some("/1")),
        ];
        for (header, wanted) in cases {
            assert_eq!(next(header), wanted, "{header}");
        }
    }
}
