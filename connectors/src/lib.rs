//! The connectors that ship with AgentKit: a YAML file each, compiled to a module.
//!
//! Each has a Cargo feature of its name; the default is all of them. [`all`] gives them to
//! `AgentKit::builder`, [`SPECS`] is their text for whoever reads the files themselves.

mod hooks;

use agentkit_runtime::ConnectorDef;

#[cfg(feature = "github")]
agentkit_macros::connector!("github.yaml");

#[cfg(feature = "gmail")]
agentkit_macros::connector!("gmail.yaml", hooks = crate::hooks::gmail::Hooks);

#[cfg(feature = "slack")]
agentkit_macros::connector!("slack.yaml", hooks = crate::hooks::slack::Hooks);

#[cfg(feature = "openweather")]
agentkit_macros::connector!("openweather.yaml");

#[cfg(feature = "salesforce")]
agentkit_macros::connector!("salesforce.yaml");

/// All connectors of this build.
pub fn all() -> Vec<&'static ConnectorDef> {
    let all: &[&'static ConnectorDef] = &[
        #[cfg(feature = "github")]
        github::CONNECTOR,
        #[cfg(feature = "gmail")]
        gmail::CONNECTOR,
        #[cfg(feature = "slack")]
        slack::CONNECTOR,
        #[cfg(feature = "openweather")]
        openweather::CONNECTOR,
        #[cfg(feature = "salesforce")]
        salesforce::CONNECTOR,
    ];
    all.to_vec()
}

/// The specs of these connectors as text, by file name, with the base files they use.
pub const SPECS: &[(&str, &str)] = &[
    #[cfg(feature = "github")]
    ("github.yaml", include_str!("../github.yaml")),
    #[cfg(feature = "gmail")]
    ("google.yaml", include_str!("../google.yaml")),
    #[cfg(feature = "gmail")]
    ("gmail.yaml", include_str!("../gmail.yaml")),
    #[cfg(feature = "slack")]
    ("slack.yaml", include_str!("../slack.yaml")),
    #[cfg(feature = "openweather")]
    ("openweather.yaml", include_str!("../openweather.yaml")),
    #[cfg(feature = "salesforce")]
    ("salesforce.yaml", include_str!("../salesforce.yaml")),
];
