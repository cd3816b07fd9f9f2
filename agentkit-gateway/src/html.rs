//! HTML with every value escaped.

use std::fmt::{self, Display};

/// A value inside a page: text that can be nothing but text.
pub(crate) struct Text<'a>(pub(crate) &'a str);

impl Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                // Characters that reverse or hide what stands around them: a name must not rewrite the sentence.
                '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => f.write_str("\u{fffd}")?,
                character if character.is_control() => f.write_str("\u{fffd}")?,
                character => fmt::Write::write_char(f, character)?,
            }
        }
        Ok(())
    }
}

/// A whole page. `root` is the path of the base url: where the style sheet is.
pub(crate) fn page(root: &str, title: &str, body: &impl Display) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{}</title>\n<link rel=\"stylesheet\" href=\"{}/assets/agentkit.css\">\n</head>\n\
         <body>\n<main>\n{body}</main>\n</body>\n</html>\n",
        Text(title),
        Text(root),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_values() {
        let evil = "<script>alert('x')</script>\"&\u{202e}\n";
        assert_eq!(
            Text(evil).to_string(),
            "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;&amp;\u{fffd}\u{fffd}"
        );
    }
}
