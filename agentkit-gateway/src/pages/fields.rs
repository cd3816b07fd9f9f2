//! Inputs for what a person says of an account before it is connected.

use std::fmt::Write as _;

use agentkit_runtime::{ChoiceLine, FieldLine};

use crate::html::Text;

/// One labeled input, or list to choose from, for each field.
pub(super) fn inputs(body: &mut String, fields: &[FieldLine]) {
    for field in fields {
        let name = Text(field.name);
        let _ = writeln!(body, "<p><label for=\"field-{name}\"><code>{name}</code></label>");
        if field.values.is_empty() {
            text(body, field);
        } else {
            select(body, field);
        }
        let _ = writeln!(body, "\n<small id=\"about-{name}\">{}</small></p>", Text(field.about.unwrap_or_default()));
    }
}

/// What the access is good for, one to be chosen.
pub(super) fn choices(body: &mut String, choices: &[ChoiceLine]) {
    if choices.is_empty() {
        return;
    }
    body.push_str("<fieldset><legend>The access is good for several. Which one is meant?</legend>\n");
    for choice in choices {
        let _ = writeln!(
            body,
            "<label><input type=\"radio\" name=\"choice\" value=\"{}\" required> {}</label><br>",
            Text(&choice.id),
            Text(&choice.label),
        );
    }
    body.push_str("</fieldset>\n");
}

/// The same said by hand, beside secrets.
pub(super) fn choice(body: &mut String) {
    body.push_str(
        "<p><label for=\"field-choice\"><code>choice</code></label>\n\
         <input type=\"text\" id=\"field-choice\" name=\"choice\" aria-describedby=\"about-choice\" \
         autocomplete=\"off\" autocapitalize=\"none\" spellcheck=\"false\">\n\
         <small id=\"about-choice\">Id of what is meant, where there are several; leave it empty to see them.</small>\
         </p>\n",
    );
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

fn select(body: &mut String, field: &FieldLine) {
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
