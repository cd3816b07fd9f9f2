//! Which scopes a link asks for: those of the tools that a connection offers, and no others.

use super::*;
use crate::oauth::scopes::{more, wanted};

/// `all` covers `post`. Every tool but the first is left out by the connection `few`.
const TEAM: ConnectorDef = ConnectorDef {
    name: "team",
    auth: &[AuthDef {
        tokens: CHAT.auth[0].tokens,
        scopes: &[
            ScopeDef { name: "base", value: "v.base", always: true, ..ScopeDef::EMPTY },
            ScopeDef { name: "post", value: "v.post", ..ScopeDef::EMPTY },
            ScopeDef { name: "find", value: "v.find", ..ScopeDef::EMPTY },
            ScopeDef { name: "file", value: "v.file", ..ScopeDef::EMPTY },
            ScopeDef { name: "who", value: "v.who", ..ScopeDef::EMPTY },
            ScopeDef { name: "all", value: "v.all", covers: &["post"], ..ScopeDef::EMPTY },
            ScopeDef { name: "lone", value: "v.lone", ..ScopeDef::EMPTY },
        ],
        kind: AuthKindDef::OAuth2(SERVER),
        ..AuthDef::EMPTY
    }],
    tools: &[
        ToolDef { name: "team_post", scopes: &["post"], ..ToolDef::EMPTY },
        ToolDef { name: "team_find", scopes: &["find"], token: "user", ..ToolDef::EMPTY },
        ToolDef { name: "team_file", scopes: &["file"], token: "user", ..ToolDef::EMPTY },
        ToolDef { name: "team_share", scopes: &["file"], token: "bot", ..ToolDef::EMPTY },
    ],
    ..CHAT
};

async fn world() -> World {
    let all = Connection::new("all", &TEAM).client("client-1", "CANARY-secret");
    let few = Connection::new("few", &TEAM).client("client-1", "CANARY-secret").tools(["post"]);
    let extra = Connection::new("extra", &TEAM).client("client-1", "CANARY-secret").tools(["post"]).scopes(["lone"]);
    World::of(MemoryStore::new(), &[token(1)], [all, few, extra]).await.unwrap()
}

type Asked = Vec<(&'static str, Vec<&'static ScopeDef>)>;

/// The names for the bot's token, and for the user's.
fn names(asked: &Asked) -> [String; 2] {
    ["bot", "user"].map(|token| {
        let (_, scopes) = asked.iter().find(|(name, _)| *name == token).unwrap();
        scopes.iter().map(|scope| scope.name).collect::<Vec<_>>().join(" ")
    })
}

#[tokio::test]
async fn a_link_asks_for_what_the_offered_tools_need() {
    let world = world().await;
    let accounts = &world.kit.inner().accounts;
    for (connection, bot, user) in
        [("all", "base post file who", "find file"), ("few", "base post who", ""), ("extra", "base post who lone", "")]
    {
        assert_eq!(names(&wanted(accounts.connection(connection).unwrap())), [bot, user], "{connection}");
    }
}

/// The connection, what is missing, what was granted to the bot and to the user, what is asked for.
type Row<'a> = (&'a str, &'a [&'static str], Option<&'a str>, Option<&'a str>, [&'a str; 2]);

/// What was granted stays, what is missing comes to each token that needs it, and what nobody needs to the first.
#[tokio::test]
async fn a_link_that_adds_scopes_loses_none() {
    let world = world().await;
    let accounts = &world.kit.inner().accounts;
    let table: [Row<'_>; 9] = [
        ("all", &["find"], Some("v.post"), Some(""), ["base post who", "find"]),
        ("all", &["post"], Some(""), Some("v.find"), ["base post who", "find"]),
        ("all", &["file"], Some("v.post"), Some("v.find"), ["base post file who", "find file"]),
        ("all", &["lone"], Some(""), Some(""), ["base who lone", ""]),
        // A tool that is not offered needs nothing.
        ("few", &["file"], Some(""), Some(""), ["base file who", ""]),
        // More than was ever asked for stays too, and what is none of the connector's is not asked for.
        ("few", &["post"], Some("v.file v.lone of-the-provider"), Some("v.find"), ["base post file who lone", "find"]),
        ("all", &["post"], Some("v.all"), Some(""), ["base who all", ""]),
        // The provider's word is the value; a name of ours is none.
        ("all", &["find"], Some("post lone"), Some(""), ["base who", "find"]),
        // Nobody knows what was granted: all that is of use.
        ("all", &["lone"], None, Some(""), ["base post file who", ""]),
    ];
    for (connection, missing, bot, user, wanted) in table {
        let granted = |token: &str| {
            let text = if token == "bot" { bot } else { user };
            text.map(|text| text.split(' ').map(str::to_owned).collect::<Vec<_>>())
        };
        let asked = more(accounts.connection(connection).unwrap(), missing, granted);
        assert_eq!(names(&asked), wanted, "{connection} {missing:?} {bot:?} {user:?}");
    }
}
