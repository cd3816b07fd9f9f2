//! What providers send, and what goes out.

use proptest::prelude::{any, prop_assert_eq, proptest};
use serde_json::{Value, json};

use super::{Give, Wire};
use crate::__private::prelude::*;
use crate::reply::read_json;

#[derive(Debug, Clone, Default, PartialEq)]
struct All {
    text: String,
    number: i64,
    as_text: i64,
    share: f64,
    flag: Option<bool>,
    s: Timestamp,
    ms: Timestamp,
    mail: Option<Timestamp>,
    plain: Bytes,
    url: Bytes,
    kind: Kind,
    list: Vec<All>,
    map: IndexMap<String, i64>,
    any: Option<Value>,
    inner: Option<Box<All>>,
}

#[derive(Debug, Clone, Default, PartialEq)]
enum Kind {
    #[default]
    System,
    Other(String),
}

impl Described for Kind {
    const SHAPE: Shape<Self> = Shape::Open {
        values: &[(Self::System, "system")],
        other: Self::Other,
        text: |kind: &Self| if let Self::Other(text) = kind { Some(text) } else { None },
    };
}

impl Described for All {
    const SHAPE: Shape<Self> = Shape::Record(&[
        field("text", |w: &mut Self| &mut w.text),
        field("number", |w: &mut Self| &mut w.number),
        field("as_text", |w: &mut Self| &mut w.as_text).form(Form::IntText),
        field("share", |w: &mut Self| &mut w.share),
        field("flag", |w: &mut Self| &mut w.flag),
        field("s", |w: &mut Self| &mut w.s).form(Form::EpochS),
        field("ms", |w: &mut Self| &mut w.ms).form(Form::EpochMs),
        field("mail", |w: &mut Self| &mut w.mail).form(Form::Rfc2822),
        field("plain", |w: &mut Self| &mut w.plain),
        field("url", |w: &mut Self| &mut w.url).form(Form::Base64url),
        field("kind", |w: &mut Self| &mut w.kind),
        field("list", |w: &mut Self| &mut w.list),
        field("map", |w: &mut Self| &mut w.map),
        field("any", |w: &mut Self| &mut w.any),
        field("inner", |w: &mut Self| &mut w.inner),
    ]);
}

fn whole() -> Value {
    json!({
        "text": "a \"b\" ü", "number": 3.0, "as_text": "1234567890123456789", "share": 2, "flag": null,
        "s": "1700000003.000100", "ms": 1_700_000_000_000_i64, "mail": "Tue, 14 Nov 2023 22:13:20 +0000",
        "plain": "_-8", "url": "SGVsbG8", "kind": "robot",
        "map": {"x": 1, "y": 2}, "any": {"deep": [1, 2.5, null, "x"]}, "unknown": {"a": [{}]},
    })
}

fn read(json: &Value) -> Result<All, String> {
    read_text(&json.to_string())
}

fn read_text(json: &str) -> Result<All, String> {
    let mut all = All::default();
    read_json(json.as_bytes(), &mut all).map_err(|error| error.to_string())?;
    Ok(all)
}

#[test]
fn replies_are_read_as_their_forms_say() {
    let mut json = whole();
    json["plain"] = json!("/+8=");
    let all = read(&json).expect("readable");
    assert_eq!((all.text.as_str(), all.number, all.as_text), ("a \"b\" ü", 3, 1_234_567_890_123_456_789));
    assert_eq!(all.s.to_string(), "2023-11-14T22:13:23.0001Z");
    assert_eq!((all.ms.as_second(), all.mail.map(Timestamp::as_second)), (1_700_000_000, Some(1_700_000_000)));
    assert_eq!((&all.plain[..], &all.url[..]), (&[0xff, 0xef][..], &b"Hello"[..]));
    assert_eq!((all.kind, all.list.len(), all.flag), (Kind::Other("robot".to_owned()), 0, None));
    assert_eq!(all.any, Some(json!({"deep": [1, 2.5, null, "x"]})));
}

#[test]
fn absent_and_null_lists_are_empty_and_the_last_of_two_keys_counts() {
    let mut json = whole();
    json["plain"] = json!("");
    json["list"] = Value::Null;
    json["map"] = Value::Null;
    let text = json.to_string();
    let twice = format!("{},\"list\":[{text}],\"list\":[]}}", &text[..text.len() - 1]);
    let all = read_text(&twice).expect("readable");
    assert!(all.list.is_empty() && all.map.is_empty());
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    let with = |key: &str, value: Value| {
        let mut json = whole();
        json["plain"] = json!("");
        json[key] = value;
        read(&json).map(|_| ()).expect_err("wrong")
    };
    assert_eq!(with("text", Value::Null), "text: expected text, found null");
    assert_eq!(with("number", json!("1")), "number: expected a number, found text");
    assert_eq!(with("number", json!(1.5)), "number: expected a whole number of 64 bits, found another number");
    assert_eq!(with("number", json!(1e30)), "number: expected a whole number of 64 bits, found another number");
    assert_eq!(with("as_text", json!("12x")), "as_text: expected a whole number as text, found another text");
    assert_eq!(with("s", json!("soon")), "s: expected a time, found something else");
    assert_eq!(with("s", json!("1e400")), "s: expected a time, found something else");
    assert_eq!(
        with("ms", json!("-99999999999999999999999999999999999999999")),
        "ms: expected a time, found something else"
    );
    assert_eq!(with("plain", json!("*")), "plain: expected base64, found another text");
    assert_eq!(with("url", json!("a b?")), "url: expected base64, found another text");
    assert_eq!(with("map", json!({"x": true})), "map.x: expected a number, found true or false");
    assert_eq!(with("list", json!([{"text": 1}])), "list[0].text: expected text, found a number");
    assert_eq!(with("inner", json!({"text": "x"})), "inner.number: the field is missing");
    let mut json = whole();
    json.as_object_mut().expect("an object").remove("share");
    json["plain"] = json!("");
    assert_eq!(read(&json).map(|_| ()), Err("share: the field is missing".to_owned()));
}

#[test]
fn hostile_replies_end_in_errors() {
    let deep = |open: &str, close: &str| format!("{}1{}", open.repeat(5_000), close.repeat(5_000));
    let mut any = None::<Value>;
    for text in [deep("[", "]"), deep("{\"a\":", "}")] {
        let error = read_json(text.as_bytes(), &mut any).expect_err("too deep").to_string();
        assert!(error.ends_with("nested deeper than 128 levels") && error.len() < 1_000, "{error}");
    }
    // The same in a field that is skipped, and in a recursive type.
    assert!(read_text(&format!("{{\"x\":{}", deep("[", "]"))).is_err_and(|error| error.starts_with("not JSON")));
    let nested = format!("{}{}", "{\"inner\":".repeat(5_000), "}".repeat(5_000));
    assert!(read_text(&nested).is_err_and(|error| error.ends_with("nested deeper than 128 levels")));
    // Cut anywhere, a reply is an error and never a panic.
    let mut json = whole();
    json["plain"] = json!("");
    let text = json.to_string();
    for end in 0..text.len() {
        let mut all = All::default();
        assert!(read_json(&text.as_bytes()[..end], &mut all).is_err(), "{end}");
    }
    // Numbers beyond 64 bits are no reason to fail where nobody asks for them.
    let mut json = whole();
    json["plain"] = json!("");
    let large = json.to_string().replacen("\"unknown\":", "\"large\":123456789012345678901234567890,\"unknown\":", 1);
    assert!(read_text(&large).is_ok());
    let mut value = Value::Null;
    read_json(b"123456789012345678901234567890", &mut value).expect("a number");
    assert_eq!(value.as_f64(), Some(123_456_789_012_345_678_901_234_567_890.0));
    assert!(read_json(b"123456789012345678901234567890", &mut 0_i64).is_err());
    // Not UTF-8.
    let mut text = String::new();
    assert!(read_json(b"\"\xff\xfe\"", &mut text).is_err());
    assert!(read_json(b"\"\\ud800\"", &mut text).is_err());
    assert!(read_json(b"NaN", &mut 0.0_f64).is_err());
}

#[test]
fn output_is_as_schemas_say_and_requests_are_as_forms_say() {
    let mut json = whole();
    json["plain"] = json!("/+8=");
    let all = read(&json).expect("readable");
    let output = all.clone().give(Give::Output);
    assert_eq!(output["s"], "2023-11-14T22:13:23.0001Z");
    assert_eq!((&output["as_text"], &output["url"]), (&json!(1_234_567_890_123_456_789_i64), &json!("SGVsbG8=")));
    assert_eq!((&output["kind"], &output["list"]), (&json!("robot"), &json!([])));
    assert_eq!(output["any"], r#"{"deep":[1,2.5,null,"x"]}"#);
    assert_eq!((output.get("flag"), output.get("inner")), (None, None));
    let out = all.to_json();
    assert_eq!((&out["s"], &out["ms"]), (&json!(1_700_000_003), &json!(1_700_000_000_000_i64)));
    assert_eq!((&out["as_text"], &out["url"]), (&json!("1234567890123456789"), &json!("SGVsbG8")));
    assert_eq!(out["any"], json!({"deep": [1, 2.5, null, "x"]}));
}

#[test]
fn objects_leave_out_what_is_absent() {
    let none: Option<String> = None;
    let value = Object::new().put("a", &none).put("b", &[1, 2][..].to_vec()).put_null("c").put("d", &"x").value();
    assert_eq!(value, json!({"b": [1, 2], "c": null, "d": "x"}));
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>) {
        let _ = read_json(&bytes, &mut All::default());
        let _ = read_json(&bytes, &mut None::<Value>);
    }

    #[test]
    fn epochs_are_exact(micros in 0..4_000_000_000_000_000_i64) {
        let text = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
        let json = format!("\"{text}\"");
        let mut time = Timestamp::default();
        let mut reader = crate::reader::Reader::new(json.as_bytes());
        time.read(&mut reader, Form::EpochS).expect("a time");
        prop_assert_eq!(time.as_microsecond(), micros);
        let mut reader = crate::reader::Reader::new(text.as_bytes());
        time.read(&mut reader, Form::EpochS).expect("a time");
        prop_assert_eq!(time.as_microsecond(), micros);
    }

    #[test]
    fn json_comes_back(text: String, number in any::<i64>(), flag: Option<bool>) {
        let value = json!({"t": text, "n": number, "f": flag, "l": [text, number]});
        let mut back = Value::Null;
        read_json(value.to_string().as_bytes(), &mut back).expect("JSON");
        prop_assert_eq!(back, value);
    }
}

#[test]
fn a_time_beyond_all_numbers_is_refused() {
    let mut time = Timestamp::UNIX_EPOCH;
    let mut reader = crate::reader::Reader::new(b"170141183460469231731687303715.999999999");
    assert!(time.read(&mut reader, Form::EpochS).is_err());
}

#[test]
fn a_float_has_one_spelling_however_it_goes_out() {
    for (number, wanted) in [(3.0, "3"), (0.1, "0.1"), (-2.5, "-2.5")] {
        let mut texts = Vec::new();
        number.texts(&mut |text| texts.push(text.to_owned()));
        number.to_json().texts(&mut |text| texts.push(text.to_owned()));
        assert_eq!(texts, [wanted, wanted]);
    }
}
