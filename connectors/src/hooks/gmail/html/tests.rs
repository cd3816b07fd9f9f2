use super::*;

#[test]
fn text_of_html() {
    let html = "<p>Hello <b>Bo</b>,</p><table><tr><td>see <a href=\"https://example.com/a\">this</a></td></tr></table>";
    assert_eq!(to_text(html, 72), "Hello **Bo**,\n\nsee [this][1]\n\n[1]: https://example.com/a");
    assert_eq!(to_text("", 72), "");
    assert_eq!(to_text("<style>p {}</style>", 72), "");
}

#[test]
fn deep_and_broken_html_is_read() {
    to_text(&"<div>".repeat(20_000), 72);
    to_text(&"<table><tr><td>".repeat(2_000), 72);
    to_text(&"<ul><li>".repeat(2_000), 72);
    to_text(&"<blockquote>".repeat(2_000), 72);
    to_text("<p", 72);
}

#[test]
fn snippets_lose_their_entities() {
    assert_eq!(snippet_text("I&#39;m in &amp; so is Zo&euml; &lt;3"), "I'm in & so is Zoë <3");
    assert_eq!(snippet_text("Fish & chips; AT&T &nosuch; &"), "Fish & chips; AT&T &nosuch; &");
}

#[test]
fn snippets_lose_their_padding() {
    assert_eq!(snippet_text("Spring sale \u{34f} \u{200c} \u{feff} &zwnj; \u{ad} "), "Spring sale");
    assert_eq!(snippet_text("👩\u{200d}🔬 at work"), "👩\u{200d}🔬 at work");
}

proptest::proptest! {
    #[test]
    fn never_panics(text: String) {
        snippet_text(&text);
        to_text(&text, 72);
    }
}
