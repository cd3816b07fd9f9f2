//! What `connector!("openweather.yaml")` expands to, by hand: it keeps the interface honest.
#![no_implicit_prelude]
#![deny(missing_docs, unused_qualifications)]

use ::agentkit_runtime::__private::prelude::*;

/// How to connect OpenWeather, and its tools.
pub(crate) const CONNECTOR: &ConnectorDef = &ConnectorDef {
    name: "openweather",
    title: "OpenWeather",
    version: "1.0.0",
    about: "Current weather by place name.",
    file: "openweather.yaml",
    auth: &[AuthDef {
        name: "key",
        kind: AuthKindDef::Secrets {
            secrets: &[SecretDef {
                name: "key",
                about: ::core::option::Option::Some("Your key."),
                pattern: ::core::option::Option::None,
            }],
        },
        apply: ApplyDef::Parts { headers: &[], query: &[("appid", &[PartDef::Secret("key")])], path: &[] },
        ..AuthDef::EMPTY
    }],
    http: HttpDef {
        base_url: TextDef::Fixed("https://api.openweathermap.org/data/2.5"),
        hosts: &["api.openweathermap.org"],
        ..HttpDef::EMPTY
    },
    errors: &ErrorsDef { read: read_error, ..ErrorsDef::EMPTY },
    tools: TOOLS,
    ..ConnectorDef::EMPTY
};

/// The tools of OpenWeather, for agents that call them by name.
pub(crate) const TOOLS: &[ToolDef] = &[ToolDef {
    name: "openweather_current",
    about: "Weather at a place right now.",
    connector: "openweather",
    at: "openweather.yaml:30",
    run: erased::<Current>,
    ..ToolDef::EMPTY
}];

fn read_error(reply: &RawReply<'_>) -> ErrorParts {
    let Some(body) = reply.json::<ApiError>() else { return ErrorParts::default() };
    ErrorParts { message: body.message, ..ErrorParts::default() }
}

/// `ApiError` as OpenWeather writes it.
#[derive(Debug, Clone, Default)]
pub(crate) struct ApiError {
    /// The message.
    pub(crate) message: Option<String>,
}

impl Described for ApiError {
    const SHAPE: Shape<Self> = Shape::Record(&[field("message", |w: &mut Self| &mut w.message)]);
}

/// `Main` as OpenWeather writes it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Main {
    /// Temperature.
    pub(crate) temp: f64,
    /// Percent.
    pub(crate) humidity: i64,
}

impl Described for Main {
    const SHAPE: Shape<Self> =
        Shape::Record(&[field("temp", |w: &mut Self| &mut w.temp), field("humidity", |w: &mut Self| &mut w.humidity)]);
}

/// `Sky` as OpenWeather writes it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sky {
    /// In words.
    pub(crate) description: String,
    /// Open enum, for the test.
    pub(crate) kind: Option<SkyKind>,
    /// Recursive through `opt`, for the test.
    pub(crate) above: Option<Box<Sky>>,
}

impl Described for Sky {
    const SHAPE: Shape<Self> = Shape::Record(&[
        field("description", |w: &mut Self| &mut w.description),
        field("kind", |w: &mut Self| &mut w.kind),
        field("above", |w: &mut Self| &mut w.above),
    ]);
}

/// An open enum.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) enum SkyKind {
    /// `clear`.
    #[default]
    Clear,
    /// Another one.
    Other(String),
}

impl Described for SkyKind {
    const SHAPE: Shape<Self> = Shape::Open {
        values: &[(Self::Clear, "clear")],
        other: Self::Other,
        text: |w: &Self| if let Self::Other(text) = w { Some(text) } else { None },
    };
}

/// `Weather` as OpenWeather writes it.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_field_names, reason = "the provider's names")]
pub(crate) struct Weather {
    /// Place.
    pub(crate) name: String,
    /// Time.
    pub(crate) dt: Timestamp,
    /// Numbers.
    pub(crate) main: Main,
    /// Sky.
    pub(crate) weather: Vec<Sky>,
}

impl Described for Weather {
    const SHAPE: Shape<Self> = Shape::Record(&[
        field("name", |w: &mut Self| &mut w.name),
        field("dt", |w: &mut Self| &mut w.dt).form(Form::EpochS),
        field("main", |w: &mut Self| &mut w.main),
        field("weather", |w: &mut Self| &mut w.weather),
    ]);
}

/// Unit of the temperature.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum CurrentUnits {
    /// Celsius.
    #[default]
    Metric,
    /// Fahrenheit.
    Imperial,
}

impl Described for CurrentUnits {
    const SHAPE: Shape<Self> = Shape::Closed(&[(Self::Metric, "metric"), (Self::Imperial, "imperial")]);
}

/// Weather at a place right now.
#[derive(Debug, Clone)]
#[must_use]
#[non_exhaustive]
pub(crate) struct Current {
    /// City, or city and country code.
    pub(crate) place: String,
    /// Unit of the temperature.
    pub(crate) units: CurrentUnits,
}

impl Current {
    /// The tool with its required inputs.
    pub(crate) fn new(place: impl Into<String>) -> Self {
        Self { place: place.into(), units: CurrentUnits::Metric }
    }

    /// Sets `units`.
    pub(crate) fn units(self, units: CurrentUnits) -> Self {
        Self { units, ..self }
    }
}

impl Default for Current {
    fn default() -> Self {
        Self::new(String::new())
    }
}

impl Described for Current {
    const SHAPE: Shape<Self> = Shape::Record(&[
        field("place", |w: &mut Self| &mut w.place).min(1).max(80),
        field("units", |w: &mut Self| &mut w.units).keeps(),
    ]);
}

/// What [`Current`] gives.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub(crate) struct CurrentOutput {
    /// Place.
    pub(crate) place: String,
    /// Time.
    pub(crate) at: Timestamp,
    /// Temperature.
    pub(crate) temperature: f64,
    /// Humidity.
    pub(crate) humidity: i64,
    /// Sky.
    pub(crate) sky: Option<String>,
}

impl Described for CurrentOutput {
    const SHAPE: Shape<Self> = Shape::Record(&[
        field("place", |w: &mut Self| &mut w.place),
        field("at", |w: &mut Self| &mut w.at),
        field("temperature", |w: &mut Self| &mut w.temperature),
        field("humidity", |w: &mut Self| &mut w.humidity),
        field("sky", |w: &mut Self| &mut w.sky),
    ]);
}

impl Tool for Current {
    type Output = CurrentOutput;
    const DEF: &'static ToolDef = &TOOLS[0];

    async fn run(self, cx: &Cx) -> Result<CurrentOutput, ToolError> {
        let response: Weather = cx
            .get("openweather.yaml:40", "/weather")
            .query("q", &self.place)
            .query("units", &self.units)
            .reply()
            .await?;
        Ok(CurrentOutput {
            place: response.name,
            at: response.dt,
            temperature: response.main.temp,
            humidity: response.main.humidity,
            sky: response.weather.into_iter().next().map(|sky| sky.description),
        })
    }
}
