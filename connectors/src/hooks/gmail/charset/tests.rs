use super::*;

#[test]
fn utf8_wins_over_a_wrong_header() {
    assert_eq!(decode("Grüße •".as_bytes(), Some("windows-1252")), "Grüße •");
    assert_eq!(decode("日本語".as_bytes(), Some("iso-2022-jp")), "日本語");
}

#[test]
fn original_charsets_are_read() {
    assert_eq!(decode(b"Gr\xfc\xdfe", Some("ISO-8859-1")), "Grüße");
    assert_eq!(decode(b"\x1b$B%O%m!<\x1b(B", Some("iso-2022-jp")), "ハロー");
    assert_eq!(decode(b"\xc4\xe3\xba\xc3\xa3\xac", Some("gb18030")), "你好，");
    assert_eq!(decode(b"h\0i\0", Some("utf-16le")), "hi");
    assert_eq!(decode(b"\xe3\xd1\xcd\xc8\xc7", Some(" windows-1256 ")), "مرحبا");
}

#[test]
fn unknown_charsets_lose_only_what_cannot_be_read() {
    assert_eq!(decode(b"caf\xe9!", Some("x-klingon")), "caf\u{fffd}!");
    assert_eq!(decode(b"caf\xe9!", None), "caf\u{fffd}!");
    assert_eq!(decode(b"", Some("")), "");
}

#[test]
fn encoded_words_are_decoded() {
    assert_eq!(header_text("plain"), "plain");
    assert_eq!(header_text("=?utf-8?Q?Gr=C3=BC=C3=9Fe?= an alle"), "Grüße an alle");
    assert_eq!(header_text("=?iso-8859-1?B?R3L832U=?="), "Grüße");
    assert_eq!(header_text("a =?"), "a =?");
}

#[test]
fn parameters_are_read() {
    let parsed = content_type("text/plain; charset=\"ISO-8859-1\"; format=flowed").unwrap();
    assert_eq!(parsed.attribute("charset"), Some("ISO-8859-1"));
    let parsed = content_type("attachment; filename*=UTF-8''na%C3%AFve.txt").unwrap();
    assert!(parsed.is_attachment());
    assert_eq!(parsed.attribute("filename"), Some("naïve.txt"));
    assert_eq!(content_type("").map(|parsed| parsed.ctype().to_owned()), None);
}

proptest::proptest! {
    #[test]
    fn never_panics(bytes: Vec<u8>, charset: Option<String>, header: String) {
        decode(&bytes, charset.as_deref());
        header_text(&header);
        header_text(&format!("=?{header}?="));
        content_type(&header);
    }
}
