//! What agents send, and what they are told of it.

use jiff::civil::Date;
use serde_json::{Value, json};

use super::{Accept, accept_tool};
use crate::__private::prelude::*;

#[derive(Debug, Clone, Default)]
struct All {
    text: String,
    count: i64,
    share: Option<f64>,
    flag: bool,
    when: Option<Timestamp>,
    day: Option<Date>,
    units: Units,
    tags: Vec<String>,
    sizes: Vec<i64>,
    flags: Vec<bool>,
    kinds: Vec<Units>,
    to: Vec<String>,
    site: Option<String>,
    blocks: Option<Value>,
    file: Option<File>,
    labels: IndexMap<String, i64>,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, Default, PartialEq)]
enum Units {
    #[default]
    Metric,
    Imperial,
}

#[derive(Debug, Clone, Default)]
struct Part {
    name: String,
}

impl Described for Units {
    const SHAPE: Shape<Self> = Shape::Closed(&[(Self::Metric, "metric"), (Self::Imperial, "imperial")]);
}

impl Described for Part {
    const SHAPE: Shape<Self> = Shape::Record(&[field("name", |w: &mut Self| &mut w.name).pattern("^[a-z]+$")]);
}

impl Described for All {
    const SHAPE: Shape<Self> = Shape::Record(&[
        field("text", |w: &mut Self| &mut w.text).min(1).max(5),
        field("count", |w: &mut Self| &mut w.count).keeps().min(1).max(50),
        field("share", |w: &mut Self| &mut w.share).min(0).max(1),
        field("flag", |w: &mut Self| &mut w.flag).keeps(),
        field("when", |w: &mut Self| &mut w.when),
        field("day", |w: &mut Self| &mut w.day),
        field("units", |w: &mut Self| &mut w.units).keeps(),
        field("tags", |w: &mut Self| &mut w.tags).keeps().max(3),
        field("sizes", |w: &mut Self| &mut w.sizes).keeps(),
        field("flags", |w: &mut Self| &mut w.flags).keeps(),
        field("kinds", |w: &mut Self| &mut w.kinds).keeps(),
        field("to", |w: &mut Self| &mut w.to).keeps().check(Check::Email),
        field("site", |w: &mut Self| &mut w.site).check(Check::Url),
        field("blocks", |w: &mut Self| &mut w.blocks),
        field("file", |w: &mut Self| &mut w.file),
        field("labels", |w: &mut Self| &mut w.labels).keeps(),
        field("parts", |w: &mut Self| &mut w.parts).keeps(),
    ]);
}

impl Tool for All {
    type Output = Option<String>;
    const DEF: &'static ToolDef = &ToolDef::EMPTY;

    async fn run(self, _: &Cx) -> Result<Option<String>, ToolError> {
        Ok(None)
    }
}

fn accept(mut input: Value) -> Result<All, String> {
    if let Some(map) = input.as_object_mut() {
        map.entry("text").or_insert(json!("hi"));
    }
    let mut all = All { count: 10, ..All::default() };
    let now = "2026-11-22T09:00:00Z".parse().unwrap();
    accept_tool(&mut all, input, &Accept { now }).map_err(|error| error.to_string())?;
    Ok(all)
}

#[test]
fn right_arguments_are_taken() {
    let all = accept(json!({
        "count": 7.0, "share": 1, "flag": true, "when": "2026-01-02T03:04:05+01:00", "day": "2026-01-02",
        "units": "imperial", "tags": ["a"], "to": ["ana@example.com"], "site": "https://example.com/x",
        "blocks": [{"type": "section"}], "file": {"name": "a.txt", "media_type": "text/plain", "data": "SGVsbG8"},
        "labels": {"x": 1}, "parts": [{"name": "abc"}],
    }))
    .expect("right");
    assert_eq!((all.count, all.share, all.flag, all.units), (7, Some(1.0), true, Units::Imperial));
    assert_eq!(all.when.map(|when| when.to_string()).as_deref(), Some("2026-01-02T02:04:05Z"));
    assert_eq!(all.blocks, Some(json!([{"type": "section"}])));
    assert_eq!(&all.file.expect("a file").data[..], b"Hello");
    assert_eq!(all.parts[0].name, "abc");
}

#[test]
fn null_is_left_out_and_left_out_is_the_default() {
    let all = accept(json!({"count": null, "share": null, "tags": null, "units": null})).expect("right");
    assert_eq!((all.count, all.share, all.tags.len(), all.units), (10, None, 0, Units::Metric));
}

#[test]
fn other_spellings_are_understood() {
    let all = accept(json!({
        "tags": " a, b ,,", "sizes": "1, 2", "flags": "true, false", "kinds": "Imperial,METRIC", "when": "7d", "blocks": "{\"a\": 1}",
        "labels": [{"key": "x", "value": 2}],
    }))
    .expect("right");
    assert_eq!((all.tags, all.sizes), (vec!["a".to_owned(), "b".to_owned()], vec![1, 2]));
    assert_eq!((all.flags, all.kinds), (vec![true, false], vec![Units::Imperial, Units::Metric]));
    assert_eq!((all.blocks, all.labels["x"]), (Some(json!({"a": 1})), 2));
    let when = |text: &str| accept(json!({"when": text})).expect("a time").when.expect("a time").to_string();
    assert_eq!(when("7d"), "2026-11-15T09:00:00Z");
    assert_eq!(when("12h"), "2026-11-21T21:00:00Z");
    assert_eq!(when("30m"), "2026-11-22T08:30:00Z");
    assert_eq!(when("2026-11-01"), "2026-11-01T00:00:00Z");
}

#[test]
fn mistakes_are_named_with_what_is_allowed() {
    let cases = [
        (json!({"txet": "x"}), "`txet` is unknown; did you mean `text`?"),
        (json!({"text": null}), "`text` is required"),
        (json!({"text": 5}), "`text` must be text, not 5"),
        (json!({"text": ""}), "`text` must have from 1 to 5 characters, not 0"),
        (json!({"text": "ürlaub"}), "`text` must have from 1 to 5 characters, not 6"),
        (json!({"count": 51}), "`count` must be from 1 to 50, not 51"),
        (json!({"count": 1.5}), "`count` must be a whole number, not 1.5"),
        (json!({"count": "7"}), "`count` must be a whole number, not text"),
        (json!({"count": 1e300}), "`count` must be a whole number, not 1e+300"),
        (json!({"share": 1.5}), "`share` must be from 0 to 1, not 1.5"),
        (json!({"flag": "yes"}), "`flag` must be true or false, not text"),
        (json!({"day": "22.11.2026"}), "`day` must be a date such as 2026-11-22, not text"),
        (json!({"units": "kelvin"}), "`units` must be one of `metric`, `imperial`, not `kelvin`"),
        (json!({"tags": ["a", 2]}), "`tags[1]` must be text, not 2"),
        (json!({"tags": {"a": 1}}), "`tags` must be a list, not an object"),
        (json!({"tags": ["a", "b", "c", "d"]}), "`tags` must have at most 3 items, not 4"),
        (json!({"sizes": "1,x"}), "`sizes` must be whole numbers, not `x`"),
        (json!({"parts": "a"}), "`parts` must be a list, not text"),
        (json!({"parts": [{"name": "A"}]}), "`parts[0].name` must match `^[a-z]+$`, not `A`"),
        (json!({"parts": [{}]}), "`parts[0].name` is required"),
        (json!({"parts": [{"name": "a", "x": 1}]}), "`parts[0].x` is unknown; known are `name`"),
        (json!({"to": ["ana"]}), "`to[0]` must be a mail address such as ana@example.com, not `ana`"),
        (
            json!({"to": ["a@b.c\r\nBcc: x@y.z"]}),
            "`to[0]` must be a mail address such as ana@example.com, not `a@b.c\r\nBcc: x@y.z`",
        ),
        (json!({"site": "javascript:alert(1)"}), "`site` must be an http or https address, not `javascript:alert(1)`"),
        (json!({"file": {"name": "a", "media_type": "b", "data": "***"}}), "`file.data` must be base64"),
        (json!({"file": "x"}), "`file` must be an object, not text"),
        (json!({"labels": {"x": "1"}}), "`labels.x` must be a whole number, not text"),
        (json!({"labels": [["x", 1]]}), "`labels[0]` must be an object with `key` and `value` alone"),
        (
            json!({"labels": [{"key": "x", "value": 1, "unit": "s"}]}),
            "`labels[0]` must be an object with `key` and `value` alone",
        ),
        (
            json!({"labels": [{"key": "x", "value": 1}, {"key": "x", "value": 2}]}),
            "`labels[1].key` has this key for the second time",
        ),
        (json!({"flags": "true,maybe"}), "`flags` must be true or false, not `maybe`"),
        (json!({"units": 5}), "`units` must be one of `metric`, `imperial`, not 5"),
        (json!([]), "the input must be an object, not a list"),
    ];
    for (input, message) in cases {
        assert_eq!(accept(input.clone()).map(|_| ()), Err(message.to_owned()), "{input}");
    }
    let when = accept(json!({"when": "yesterday"})).expect_err("no time");
    assert!(when.contains("span back from now such as 7d or 12h, not `yesterday`"), "{when}");
    assert!(accept(json!({"when": "ü"})).is_err() && accept(json!({"when": ""})).is_err());
    let blocks = accept(json!({"blocks": "{"})).expect_err("no JSON");
    assert!(blocks.starts_with("`blocks` must be text that holds JSON: "), "{blocks}");
}
