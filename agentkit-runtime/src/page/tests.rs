//! Walks over pages of a provider that means no good, or is confused.

use serde_json::json;

use crate::__private::prelude::*;
use crate::ErrorKind;
use crate::tests::openweather;
use crate::tests::probe::{CONNECTOR, List, Thing};
use crate::tests::script::{Act, KEY, Script, kit, ok};

fn page(ids: &[&str], next: &str) -> Act {
    let things: Vec<_> = ids.iter().map(|id| json!({"id": id})).collect();
    ok(&json!({"things": things, "next": next}).to_string())
}

#[tokio::test]
async fn a_token_that_comes_back_later_ends_the_walk_too() {
    let script = Script::new([page(&["a"], "one"), page(&[], "two"), page(&[], "one")]);
    let (kit, account) = kit(CONNECTOR, &script).await;
    let error = kit.execute(&account, List { max: 9, from: None }).await.expect_err("endless");
    assert_eq!((error.kind(), script.asked().len()), (ErrorKind::Unavailable, 3));
    assert_eq!(error.at(), Some("probe.yaml:32"));
}

#[tokio::test]
async fn calls_that_go_on_give_each_item_once() {
    // Pages of three, whatever is asked for.
    let pages = || [page(&["a", "b", "c"], "2"), page(&["d", "e", "f"], "3"), page(&["g"], "")];
    for most in 1..=8 {
        let mut found = Vec::new();
        let mut from = None;
        loop {
            let at = from.as_deref().map_or(0, |from: &str| match from.rsplit(':').next() {
                Some("2") => 1,
                Some("3") => 2,
                _ => 0,
            });
            let script = Script::new(pages().into_iter().skip(at));
            let (kit, account) = kit(CONNECTOR, &script).await;
            let part = kit.execute(&account, List { max: most, from }).await.expect("pages");
            assert!(part.items.len() <= usize::try_from(most).expect("small"));
            found.extend(part.items.into_iter().map(|thing| thing.id));
            from = part.next;
            if from.is_none() {
                break;
            }
        }
        assert_eq!(found, ["a", "b", "c", "d", "e", "f", "g"], "{most} at a time");
    }
}

/// Lists things by address.
#[derive(Debug, Clone, Default)]
struct Walked {
    max: i64,
}

impl Described for Walked {
    const SHAPE: Shape<Self> = Shape::Record(&[field("max", |w: &mut Self| &mut w.max)]);
}

impl Tool for Walked {
    type Output = Pages<Thing>;
    const DEF: &'static ToolDef =
        &ToolDef { name: "openweather_walk", connector: "openweather", private: true, ..ToolDef::EMPTY };

    async fn run(self, cx: &Cx) -> Result<Pages<Thing>, ToolError> {
        let paging = Paging { send: Place::Url, size: None, limit: self.max, from: None };
        cx.get("x:1", "/things")
            .query("sort", &"id")
            .pages(paging, |body: Vec<Thing>, reply| (body, reply.next_link()))
            .await
    }
}

fn linked(link: &'static str) -> Act {
    Act::Reply(200, Box::leak(Box::new([("link", link)])), r#"[{"id":"a"}]"#.to_owned())
}

#[tokio::test]
async fn an_address_gets_the_key_once_and_nothing_of_the_old_query() {
    let script = Script::new([
        linked("</data/2.5/things?page=2#top>; rel=next"),
        linked("<https://api.openweathermap.org/data/2.5/things?appid=theirs&page=3>; rel=next"),
        ok("[]"),
    ]);
    let (kit, account) = kit(openweather::CONNECTOR, &script).await;
    let pages = kit.execute(&account, Walked { max: 9 }).await.expect("pages");
    assert_eq!((pages.items.len(), pages.next), (2, None));
    let asked: Vec<String> = script.asked().iter().map(|request| request.url.to_string()).collect();
    let base = "https://api.openweathermap.org/data/2.5/things";
    assert_eq!(
        asked,
        [
            format!("{base}?sort=id&appid={KEY}"),
            format!("{base}?page=2&appid={KEY}"),
            format!("{base}?appid=theirs&page=3"),
        ]
    );
}

#[tokio::test]
async fn an_address_elsewhere_gets_nothing() {
    let elsewhere = [
        "<https://evil.test/things>; rel=next",
        "<//evil.test/things>; rel=next",
        "<http://api.openweathermap.org/data/2.5/things>; rel=next",
        "<https://api.openweathermap.org:8443/data/2.5/things>; rel=next",
        "<https://api.openweathermap.org.evil.test/>; rel=next",
        "<https://evil.test\\@api.openweathermap.org/>; rel=next",
        "<https://ana:x@api.openweathermap.org/things>; rel=next",
        "<\\\\evil.test/things>; rel=next",
        "<javascript:alert(1)>; rel=next",
        "<https://[>; rel=next",
    ];
    for link in elsewhere {
        let script = Script::new([linked(link)]);
        let (kit, account) = kit(openweather::CONNECTOR, &script).await;
        let error = kit.execute(&account, Walked { max: 9 }).await.expect_err(link);
        assert_eq!((error.kind(), script.asked().len()), (ErrorKind::Internal, 1), "{link}");
        assert!(!error.message().contains(KEY), "{error}");
    }
}

#[tokio::test]
async fn what_is_left_of_an_address_is_not_given_away() {
    // It may hold the key.
    let script = Script::new([linked("<https://api.openweathermap.org/data/2.5/things?appid=k&page=2>; rel=next")]);
    let (kit, account) = kit(openweather::CONNECTOR, &script).await;
    let pages = kit.execute(&account, Walked { max: 1 }).await.expect("a page");
    assert_eq!(pages.next.as_deref(), Some(""));
}
