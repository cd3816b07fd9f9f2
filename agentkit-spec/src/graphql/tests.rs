//! What is seen of a query, and what is not mistaken for it.

use proptest::prelude::proptest;

use super::read;

fn shown(text: &str) -> String {
    let query = read(text).unwrap_or_else(|mistake| panic!("{text}: {mistake:?}"));
    let declared =
        query.declared.iter().map(|one| format!("{}:{}{}", one.name, one.ty, if one.required { "!" } else { "" }));
    let used = query.used.iter().map(|(name, _)| name.as_str());
    format!(
        "{} [{}] [{}]",
        query.operations.len(),
        declared.collect::<Vec<_>>().join(" "),
        used.collect::<Vec<_>>().join(" ")
    )
}

#[test]
fn declarations_and_uses() {
    let cases = [
        ("{ me { id } }", "1 [] []"),
        ("query($o: String!, $n: Int = 10) { a(o: $o) { b(first: $n) } }", "1 [o:String! n:Int] [o n]"),
        (
            "query Q($ids: [ID!]!, $f: Filter! = {a: [1]}) @x(y: 1) { n(i: $ids, f: $f) }",
            "1 [ids:[ID!]! f:Filter] [ids f]",
        ),
        ("mutation M($i: In! @deprecated) { m(input: $i) { id } }", "1 [i:In!] [i]"),
        ("query { a(t: \"$no } \\\" {\") # $no }\n { b } }", "1 [] []"),
        ("query { a(t: \"\"\"$no } \\\"\"\" { \"\"\") }", "1 [] []"),
        ("{ a { ...F } } fragment F on T { b(x: $x) }", "1 [] [x]"),
        ("query A { a } query B { b }", "2 [] []"),
        ("{ query mutation { fragment } }", "1 [] []"),
    ];
    for (text, wanted) in cases {
        assert_eq!(shown(text), wanted, "{text}");
    }
}

#[test]
fn what_is_no_query_is_said_where() {
    let cases = [
        ("", "this is no GraphQL query", 0..0),
        ("hello", "this is no GraphQL query", 0..5),
        ("{ a { b }", "this is not closed", 0..1),
        ("{ a(x: 1 }", "this closes what is not open", 9..10),
        ("{ a(t: \"x) }", "this text is not closed", 7..12),
    ];
    for (text, message, range) in cases {
        let found = read(text).expect_err(text);
        assert_eq!((found.message, found.range), (message, range), "{text}");
    }
}

proptest! {
    #[test]
    fn nothing_panics(text in "[{}()\\[\\]$!\"#a-z \\\\é\n=:@,]{0,40}") {
        drop(read(&text));
    }
}
