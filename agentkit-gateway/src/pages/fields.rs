//! Inputs for what a person says of an account before it is connected.

use std::fmt::Write as _;

use agentkit_runtime::FieldLine;

use crate::html::Text;

/// One labeled input, or list to choose from, for each field.
pub(super) fn inputs(body: &mut String, fields: &[FieldLine]) {
    for field in fields {
        let name = Text(field.name);
        let _ = writeln!(body, "<p><label for=\"field-{name}\"><code>{name}</code></label>");
        if field.values.is_empty() {
            text(body, field);
        } else {
            choice(body, field);
        }
        let _ = writeln!(body, "\n<small id=\"about-{name}\">{}</small></p>", Text(field.about.unwrap_or_default()));
    }
}

fn text(body: &mut String, field: &FieldLine) {
    let name = Text(field.name);
    let _ = write!(
        body,
        "<input type=\"text\" id=\"field-{name}\" name=\"{name}\" aria-describedby=\"about-{name}\" \
         autocomplete=\"off\" autocapitalize=\"none\" spellcheck=\"false\" value=\"{}\"{}>",
        Text(field.default.unwrap_or_default()),
        required(field),
    );
}

fn choice(body: &mut String, field: &FieldLine) {
    let name = Text(field.name);
    let _ = writeln!(
        body,
        "<select id=\"field-{name}\" name=\"{name}\" aria-describedby=\"about-{name}\"{}>",
        required(field)
    );
    if field.default.is_none() {
        body.push_str("<option value=\"\"></option>\n");
    }
    for (value, note) in field.values {
        let selected = if field.default == Some(value) { " selected" } else { "" };
        let shown = note.unwrap_or(value);
        let _ = writeln!(body, "<option value=\"{}\"{selected}>{}</option>", Text(value), Text(shown));
    }
    body.push_str("</select>");
}

fn required(field: &FieldLine) -> &'static str {
    if field.optional { "" } else { " required" }
}
