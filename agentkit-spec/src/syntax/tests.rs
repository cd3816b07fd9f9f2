use super::{Name, Part, Stage, Text, each, text};

fn message(source: &str) -> String {
    text(source).unwrap_err().message
}

#[test]
fn text_kinds() {
    assert_eq!(text("plain").unwrap(), Text::Literal("plain".into()));
    assert_eq!(text("$$5").unwrap(), Text::Literal("$5".into()));
    assert!(matches!(text("$in.a").unwrap(), Text::Pipeline(_)));
    let Text::Parts(parts) = text("/a/${in.id | lower}/b").unwrap() else { panic!("parts") };
    assert_eq!(parts.len(), 3);
    let Part::Pipeline(pipeline) = &parts[1] else { panic!("pipeline") };
    assert_eq!((pipeline.source.as_str(), pipeline.range.clone()), ("in.id | lower", 3..19));
}

#[test]
fn pipeline_stages() {
    let Text::Pipeline(pipeline) = text("$r.'x-y'.*.z | find_ci(name, 'It''s') | .value").unwrap() else {
        panic!("pipeline")
    };
    assert_eq!(pipeline.path[1].name, Name::Field("x-y".into()));
    assert_eq!(pipeline.path[2].name, Name::Every);
    assert!(matches!(&pipeline.stages[1], Stage::Path(path) if path.len() == 1));
}

#[test]
fn each_splits() {
    let (variable, list) = each("ref in $list.messages | compact").unwrap();
    assert_eq!((variable.range, list.range.start), (0..3, 7));
    assert!(each("ref of $list").is_err());
}

#[test]
fn mistakes() {
    assert_eq!(message("${in.id"), "`${` without `}`");
    assert_eq!(message("$a.0"), "a field name must follow `.`");
    assert_eq!(message("$a[0]"), "there is no index into a list");
    assert_eq!(message("$a | default("), "`default(` without `)`");
    assert_eq!(message("$a |"), "a filter or `.field` must follow `|`");
    assert_eq!(message("$"), "a name must follow `$`");
    assert_eq!(message("$a | eq('x"), "`'` without a second `'`");
}
