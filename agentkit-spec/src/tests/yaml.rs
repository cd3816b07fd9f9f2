//! The tree: places inside scalars, values of plain ones.

use serde_json::json;

use crate::diagnostic::Diagnostics;
use crate::source::SourceFile;
use crate::yaml::{self, Node, offset_in_source, to_json};

fn tree(text: &str) -> (SourceFile, Node) {
    let source = SourceFile::new("demo.yaml", text.as_bytes());
    let mut diagnostics = Diagnostics::default();
    let node = yaml::read(&mut diagnostics, &source, 0).unwrap();
    assert!(diagnostics.take().is_empty());
    (source, node)
}

/// The source at the place of `$x` in the text under `a`.
fn place(text: &str) -> String {
    let (source, node) = tree(text);
    let scalar = node.get("a").unwrap();
    let at = scalar.text().unwrap().find("$x").expect("the text has $x");
    let start = offset_in_source(&source.text, scalar, at);
    source.text[start..].chars().take(2).collect()
}

#[test]
fn places_inside_scalars_are_exact() {
    for text in [
        "a: one $x\n",
        "a: one\n  two $x\n",
        "a: one\n\n\n  two $x\n",
        "a: one\r  two\r\n  three $x\n",
        "a: 'it''s $x'\n",
        "a: 'it''s\n\n  a $x'\n",
        "a: \"tab\\t \\u00e9 \\x41 \\\" $x\"\n",
        "a: \"one \\\n  two $x\"\n",
        "a: \"one\n  two $x\"\n",
        "a: |\n  one\n    two $x\n",
        "a: >-\n  one\n  two\n\n  three $x\n",
        "a: é ü $x\n",
        "{b: [1, 2], a: ü $x }\n",
    ] {
        assert_eq!(place(text), "$x", "{text:?}");
    }
}

/// Found by fuzzing: line breaks of old Macs, and a place that fell into the middle of a character.
#[test]
fn places_are_never_inside_a_character() {
    let (source, node) = tree("ag\n\u{16}\u{f}\r\r\rautF-bk\u{5c4}]li\r\r\rFa\n");
    for (at, _) in node.text().unwrap().char_indices() {
        assert!(source.text.is_char_boundary(offset_in_source(&source.text, &node, at)));
    }
}

#[test]
fn plain_scalars_have_their_core_meaning() {
    let (_, node) =
        tree("[true, no, on, null, ~, 7, -1, 0x1F, 0o17, 1.5, 1e3, .5, \"7\", 'true', 1.0.0, 2024-01-31, +, 1_000]\n");
    let expected = json!([
        true,
        "no",
        "on",
        null,
        null,
        7,
        -1,
        31,
        15,
        1.5,
        1000.0,
        0.5,
        "7",
        "true",
        "1.0.0",
        "2024-01-31",
        "+",
        "1_000"
    ]);
    assert_eq!(to_json(&node), expected);
}

#[test]
fn spans_end_where_the_text_ends() {
    let (source, node) = tree("a: one   # comment\nb: |\n  two\n\nc: [x, {y: z}]\n");
    let text = |key: &str| {
        let span = node.get(key).unwrap().span;
        &source.text[span.start..span.end]
    };
    assert_eq!((text("a"), text("c")), ("one", "[x, {y: z}]"));
    assert!(text("b").ends_with("two"));
}
