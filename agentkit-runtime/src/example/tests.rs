//! The harness says yes to what is right and shows what is not.

use serde_json::{Value, json};

use super::check;
use crate::tests::openweather::{CONNECTOR, TOOLS};

fn lisbon() -> Value {
    json!({
        "name": "Lisbon",
        "at": "openweather.yaml:48",
        "input": {"place": "Lisbon,PT"},
        "exchange": [{
            "expect": {
                "method": "get",
                "address": "/weather",
                "query": {"q": ["Lisbon,PT"], "units": ["metric"], "appid": ["<secret>"]},
                "token": "default"
            },
            "reply": {"status": 200, "json": {
                "name": "Lisbon", "dt": 1_700_000_000, "main": {"temp": 17.5, "humidity": 60},
                "weather": [{"description": "clear sky", "unknown": [1, {"x": 2}]}]
            }}
        }],
        "output": {"place": "Lisbon", "at": "2023-11-14T22:13:20Z", "temperature": 17.5, "humidity": 60, "sky": "clear sky"}
    })
}

fn run(example: &Value) -> Result<(), String> {
    check(CONNECTOR, &TOOLS[0], &example.to_string())
}

#[test]
fn a_right_example_passes() {
    assert_eq!(run(&lisbon()), Ok(()));
}

#[test]
fn an_expected_error_passes() {
    let mut example = lisbon();
    example["exchange"][0]["reply"] = json!({"status": 404, "json": {"message": "city not found"}});
    example.as_object_mut().expect("an object").remove("output");
    example["error"] = json!({"kind": "not_found", "message": "city not found"});
    assert_eq!(run(&example), Ok(()));
    example["error"] = json!({"kind": "conflict"});
    assert!(run(&example).is_err_and(|text| text.contains("the error differs in `kind`")));
}

#[test]
fn a_wrong_request_is_shown_beside_the_nearest_expected_one() {
    let mut example = lisbon();
    example["exchange"][0]["expect"]["query"]["units"] = json!(["imperial"]);
    let text = run(&example).expect_err("it differs");
    let wanted = "\
example `Lisbon` of `openweather_current` (openweather.yaml:48): a request was sent that differs from the nearest expected one (- expected, + sent):
    GET https://api.openweathermap.org/data/2.5/weather
    query appid = <secret>
    query q = Lisbon,PT
  - query units = imperial
  + query units = metric
    token default
";
    assert_eq!(text, wanted);
}

#[test]
fn exchanges_that_are_not_used_and_outputs_that_differ_are_errors() {
    let mut example = lisbon();
    let again = example["exchange"][0].clone();
    example["exchange"].as_array_mut().expect("a list").push(again);
    assert!(run(&example).is_err_and(|text| text.contains("an expected request was not sent")));
    let mut example = lisbon();
    example["output"]["humidity"] = json!(61);
    example["output"]["temperature"] = json!(17);
    example["exchange"][0]["reply"]["json"]["main"]["temp"] = json!(17.0);
    let text = run(&example).expect_err("it differs");
    let (_, text) = text.split_once('\n').expect("lines follow");
    assert_eq!(text.lines().collect::<Vec<_>>(), LINES_THAT_DIFFER);
}

/// Neither the order of keys nor 17.0 for 17 is a difference.
const LINES_THAT_DIFFER: [&str; 8] = [
    "    {",
    "      \"at\": \"2023-11-14T22:13:20Z\",",
    "  -   \"humidity\": 61,",
    "  +   \"humidity\": 60,",
    "      \"place\": \"Lisbon\",",
    "      \"sky\": \"clear sky\",",
    "      \"temperature\": 17",
    "    ...",
];
