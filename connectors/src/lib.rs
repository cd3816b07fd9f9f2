//! The connectors that ship with AgentKit: a YAML file each, compiled to a module.

#[cfg_attr(not(test), expect(dead_code, reason = "called by the specs once they compile"))]
mod hooks;

/// The specs as text, by file name, with the files they build upon.
pub const SPECS: &[(&str, &str)] = &[
    ("google.yaml", include_str!("../google.yaml")),
    #[cfg(feature = "gmail")]
    ("gmail.yaml", include_str!("../gmail.yaml")),
    #[cfg(feature = "slack")]
    ("slack.yaml", include_str!("../slack.yaml")),
    #[cfg(feature = "openweather")]
    ("openweather.yaml", include_str!("../openweather.yaml")),
];

#[cfg(feature = "slack")]
agentkit_macros::connector!("slack.yaml");

#[cfg(feature = "openweather")]
agentkit_macros::connector!("openweather.yaml");

/// All connectors whose features are on, for `AgentKit::builder`.
pub fn all() -> Vec<&'static agentkit_runtime::ConnectorDef> {
    vec![
        #[cfg(feature = "slack")]
        slack::CONNECTOR,
        #[cfg(feature = "openweather")]
        openweather::CONNECTOR,
    ]
}
