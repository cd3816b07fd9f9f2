//! Temporary: a connector by hand.
use agentkit_spec::model::*;
use serde_json::json;

fn field(name: &str, ty: Ty) -> Field {
    Field { name: name.into(), ty, about: None, default: None, min: None, max: None, pattern: None, example: None }
}
fn pos(line: usize) -> Position {
    Position { file: "openweather.yaml".into(), line }
}
fn record(name: &str, fields: Vec<Field>) -> Record {
    Record {
        name: name.into(),
        about: None,
        at: pos(1),
        fields,
        used: Used { input: false, reply: true, output: false },
    }
}
fn opt(ty: Ty) -> Ty {
    Ty::Opt(Box::new(ty))
}
fn list(ty: Ty) -> Ty {
    Ty::List(Box::new(ty))
}
fn e(root: Root, root_ty: Ty, ops: Vec<(OpKind, Ty)>) -> Expr {
    Expr { root, root_ty, ops: ops.into_iter().map(|(kind, ty)| Op { kind, ty }).collect(), source: "x".into() }
}
fn f(name: &str) -> OpKind {
    OpKind::Field(name.into())
}

pub(crate) fn openweather() -> Connector {
    let units = Ty::Enum(Enum {
        name: "CurrentUnits".into(),
        values: vec![("metric".into(), Some("Celsius".into())), ("imperial".into(), Some("Fahrenheit".into()))],
        open: false,
    });
    let weather = Ty::Record("Weather".into());
    let response = |ops| e(Root::Step("response".into()), weather.clone(), ops);
    let main = Ty::Record("Main".into());
    let at = Ty::Datetime(DatetimeForm::Rfc3339);
    let int = Ty::Int(IntForm::Number);
    let output = vec![
        field("place", Ty::String),
        field("at", at.clone()),
        field("temperature", Ty::Float),
        field("humidity", int.clone()),
        field("sky", opt(Ty::String)),
    ];
    Connector {
        name: "openweather".into(),
        title: "OpenWeather".into(),
        version: "1.0.0".into(),
        about: "Current weather by place name.".into(),
        docs: Some("https://openweathermap.org/current".into()),
        file: "openweather.yaml".into(),
        base: None,
        auth: vec![Auth {
            name: "key".into(),
            kind: AuthKind::ApiKey { secrets: vec![field("key", Ty::String)] },
            about: Some("An API key.".into()),
            scopes: vec![],
            tokens: vec![Token { name: "default".into(), at: vec![], scope_param: "scope".into(), scopes_at: None }],
            apply: Apply::Parts {
                headers: vec![],
                query: vec![("appid".into(), vec![SecretPart::Secret("key".into())])],
            },
        }],
        account: Account::default(),
        http: Http {
            base_url: "https://api.openweathermap.org/data/2.5".into(),
            hosts: vec!["api.openweathermap.org".into()],
            headers: vec![],
            query: vec![],
            timeout_ms: 30000,
            rate: vec![],
        },
        rates: vec![],
        errors: Errors {
            body: Some(Ty::Record("ApiError".into())),
            message: Some(e(Root::Body, Ty::Record("ApiError".into()), vec![(f("message"), opt(Ty::String))])),
            ..Errors::default()
        },
        hooks: vec![],
        types: vec![
            record("ApiError", vec![field("message", opt(Ty::String))]),
            record("Main", vec![field("temp", Ty::Float), field("humidity", int.clone())]),
            record("Sky", vec![field("description", Ty::String)]),
            record(
                "Weather",
                vec![
                    field("name", Ty::String),
                    field("dt", Ty::Datetime(DatetimeForm::EpochS)),
                    field("main", main.clone()),
                    field("weather", list(Ty::Record("Sky".into()))),
                ],
            ),
        ],
        tools: vec![Tool {
            name: "current".into(),
            title: None,
            about: "Weather at a place right now.".into(),
            at: pos(30),
            access: Access::Read,
            repeatable: true,
            private: false,
            token: "default".into(),
            scopes: vec![],
            input: vec![
                Field { about: Some("City, or city and country code.".into()), ..field("place", Ty::String) },
                Field {
                    about: Some("Unit of the temperature.".into()),
                    default: Some(json!("metric")),
                    ..field("units", units.clone())
                },
            ],
            steps: vec![Step {
                name: "response".into(),
                at: pos(40),
                each: None,
                when: None,
                action: Action::Request(Box::new(Request {
                    at: pos(40),
                    method: Method::Get,
                    address: Address::Path(vec![PathPart::Text("/weather".into())]),
                    token: Some("default".into()),
                    query: vec![
                        ("q".into(), Template::Expr(e(Root::Input("place".into()), Ty::String, vec![]))),
                        ("units".into(), Template::Expr(e(Root::Input("units".into()), units, vec![]))),
                    ],
                    headers: vec![],
                    body: Body::None,
                    returns: Returns::Json(weather.clone()),
                    page: None,
                    rate: vec![],
                    repeatable: true,
                    timeout_ms: None,
                    max_body: None,
                    max_reply: None,
                })),
                ty: Some(weather.clone()),
            }],
            output: Ty::Record("CurrentOutput".into()),
            output_record: Some(Record {
                used: Used { output: true, ..Used::default() },
                ..record("CurrentOutput", output)
            }),
            result: Template::Record(vec![
                ("place".into(), Template::Expr(response(vec![(f("name"), Ty::String)]))),
                ("at".into(), Template::Expr(response(vec![(f("dt"), Ty::Datetime(DatetimeForm::EpochS))]))),
                (
                    "temperature".into(),
                    Template::Expr(response(vec![(f("main"), main.clone()), (f("temp"), Ty::Float)])),
                ),
                ("humidity".into(), Template::Expr(response(vec![(f("main"), main), (f("humidity"), int)]))),
                (
                    "sky".into(),
                    Template::Expr(response(vec![
                        (f("weather"), list(Ty::Record("Sky".into()))),
                        (OpKind::Filter(Filter::First), opt(Ty::Record("Sky".into()))),
                        (f("description"), opt(Ty::String)),
                    ])),
                ),
            ]),
            errors: vec![],
            examples: vec![],
            input_schema: json!({"type": "object"}),
            output_schema: json!({"type": "object"}),
        }],
    }
}

#[test]
fn print() {
    let tokens = crate::expand(&openweather(), &crate::Options::default());
    let file = syn::parse2(tokens).expect("parses");
    let text = prettyplease::unparse(&file);
    std::fs::write("/tmp/c_openweather.rs", text).unwrap();
}
