//! A connector with what OpenWeather lacks: writes, pages, rates, scopes, errors in good replies, hooks.

use crate::__private::prelude::*;

pub(crate) const CONNECTOR: &ConnectorDef = &ConnectorDef {
    name: "probe",
    title: "Probe",
    version: "1.0.0",
    file: "probe.yaml",
    auth: &[AuthDef {
        name: "key",
        kind: AuthKindDef::Secrets { secrets: &[SecretDef { name: "key", ..SecretDef::EMPTY }] },
        apply: ApplyDef::Parts {
            headers: &[("authorization", &[PartDef::Text("Key "), PartDef::Secret("key")])],
            query: &[],
            path: &[],
        },
        ..AuthDef::EMPTY
    }],
    http: HttpDef {
        base_url: TextDef::Fixed("https://api.probe.test/v1"),
        hosts: &["api.probe.test", "files.probe.test"],
        headers: &[("x-version", TextDef::Fixed("7"))],
        ..HttpDef::EMPTY
    },
    rates: &[RateDef { name: "posts", limit: 2, period: 60, per: PerDef::Account }],
    errors: &ErrorsDef {
        read: read_error,
        fails: Some(|reply| reply.until::<Problem>(&["ok"]).is_some_and(|body| body.ok == Some(false))),
        map: &[
            CodeDef { code: "slow_down", kind: ErrorKind::RateLimited, hint: None },
            CodeDef { code: "broken", kind: ErrorKind::Unavailable, hint: None },
            CodeDef { code: "dead_token", kind: ErrorKind::Reconnect, hint: None },
            CodeDef { code: "no_scope", kind: ErrorKind::MissingScope, hint: None },
            CodeDef { code: "gone", kind: ErrorKind::NotFound, hint: Some("call probe_list for ids") },
        ],
    },
    tools: TOOLS,
    ..ConnectorDef::EMPTY
};

/// The same app with a consent page, and tools that need scopes.
pub(crate) const CONSENT: &ConnectorDef = &ConnectorDef {
    auth: &[AuthDef {
        name: "oauth",
        kind: AuthKindDef::OAuth2(OAuth2Def {
            authorize_url: TextDef::Fixed("https://login.probe.test/authorize"),
            token_url: TextDef::Fixed("https://login.probe.test/token"),
            ..OAuth2Def::EMPTY
        }),
        scopes: &[
            ScopeDef { name: "read", value: "things.read", about: "Read things.", ..ScopeDef::EMPTY },
            ScopeDef {
                name: "write",
                value: "things.write",
                about: "Make things.",
                covers: &["read"],
                ..ScopeDef::EMPTY
            },
        ],
        ..AuthDef::EMPTY
    }],
    tools: &[ToolDef { scopes: &["read"], ..TOOLS[0] }, ToolDef { scopes: &["write"], ..TOOLS[1] }],
    ..*CONNECTOR
};

pub(crate) const TOOLS: &[ToolDef] = &[
    ToolDef { name: "probe_get", connector: "probe", at: "probe.yaml:10", run: erased::<Get>, ..ToolDef::EMPTY },
    ToolDef {
        name: "probe_post",
        connector: "probe",
        access: Access::Write,
        repeatable: false,
        at: "probe.yaml:20",
        errors: &[CodeDef { code: "gone", kind: ErrorKind::Conflict, hint: None }],
        run: erased::<Post>,
        ..ToolDef::EMPTY
    },
    ToolDef { name: "probe_list", connector: "probe", at: "probe.yaml:30", run: erased::<List>, ..ToolDef::EMPTY },
];

#[derive(Debug, Clone, Default)]
struct Problem {
    ok: Option<bool>,
    error: Option<String>,
    message: Option<String>,
    needed: Vec<String>,
}

impl Described for Problem {
    const SHAPE: Shape<Self> = Shape::Record(&[
        field("ok", |w: &mut Self| &mut w.ok),
        field("error", |w: &mut Self| &mut w.error),
        field("message", |w: &mut Self| &mut w.message),
        field("needed", |w: &mut Self| &mut w.needed),
    ]);
}

fn read_error(reply: &RawReply<'_>) -> ErrorParts {
    let Some(body) = reply.json::<Problem>() else { return ErrorParts::default() };
    ErrorParts { code: body.error, message: body.message, scopes: body.needed, ..ErrorParts::default() }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Thing {
    pub(crate) id: String,
    pub(crate) name: Option<String>,
}

impl Described for Thing {
    const SHAPE: Shape<Self> =
        Shape::Record(&[field("id", |w: &mut Self| &mut w.id), field("name", |w: &mut Self| &mut w.name)]);
}

/// Reads one thing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Get {
    pub(crate) id: String,
}

impl Described for Get {
    const SHAPE: Shape<Self> = Shape::Record(&[field("id", |w: &mut Self| &mut w.id)]);
}

impl Tool for Get {
    type Output = Thing;
    const DEF: &'static ToolDef = &TOOLS[0];

    async fn run(self, cx: &Cx) -> Result<Thing, ToolError> {
        cx.get("probe.yaml:12", "/things/").segment("id", &self.id).reply().await
    }
}

/// Makes a thing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Post {
    pub(crate) name: String,
    pub(crate) copies: i64,
}

impl Described for Post {
    const SHAPE: Shape<Self> = Shape::Record(&[
        field("name", |w: &mut Self| &mut w.name).min(1).max(10),
        field("copies", |w: &mut Self| &mut w.copies).keeps().min(0).max(9),
    ]);
}

impl Tool for Post {
    type Output = Thing;
    const DEF: &'static ToolDef = &TOOLS[1];

    async fn run(self, cx: &Cx) -> Result<Thing, ToolError> {
        let body = Object::new().put("name", &self.name).put("copies", &self.copies).value();
        cx.post("probe.yaml:22", "/things").json(body).rate(&[("posts", 1)]).reply().await
    }
}

#[derive(Debug, Clone, Default)]
struct Page {
    things: Vec<Thing>,
    next: Option<String>,
}

impl Described for Page {
    const SHAPE: Shape<Self> =
        Shape::Record(&[field("things", |w: &mut Self| &mut w.things), field("next", |w: &mut Self| &mut w.next)]);
}

/// Lists things.
#[derive(Debug, Clone, Default)]
pub(crate) struct List {
    pub(crate) max: i64,
    pub(crate) from: Option<String>,
}

impl Described for List {
    const SHAPE: Shape<Self> =
        Shape::Record(&[field("max", |w: &mut Self| &mut w.max), field("from", |w: &mut Self| &mut w.from)]);
}

impl Tool for List {
    type Output = Pages<Thing>;
    const DEF: &'static ToolDef = &TOOLS[2];

    async fn run(self, cx: &Cx) -> Result<Pages<Thing>, ToolError> {
        let paging = Paging {
            send: Place::Query("page"),
            size: Some((Place::Query("size"), 2)),
            limit: self.max,
            from: self.from,
        };
        cx.get("probe.yaml:32", "/things").pages(paging, |page: Page, _| (page.things, page.next)).await
    }
}
