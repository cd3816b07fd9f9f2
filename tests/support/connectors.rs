//! Connectors that do not ship: `language/` shows single keys of the language, `reach/` excerpts of real APIs.
//!
//! One line per file; whatever examples it has are run by `it/examples.rs`.

use agentkit_runtime::ConnectorDef;

/// A connector of this folder.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// Its spec, from the folder `tests`.
    pub file: &'static str,
    /// What it was compiled to.
    pub connector: &'static ConnectorDef,
}

macro_rules! connectors {
    ($($file:tt => $module:ident $(, hooks = $hooks:path)?;)*) => {
        $(agentkit_macros::connector!($file $(, hooks = $hooks)?);)*

        /// All of them.
        pub const ALL: &[Case] = &[$(Case { file: $file, connector: $module::CONNECTOR }),*];
    };
}

connectors! {
    "language/bucket.yaml" => bucket;
    "language/client.yaml" => client;
    "language/commas.yaml" => commas;
    "language/egress.yaml" => egress;
    "language/forms.yaml" => forms;
    "language/graphql.yaml" => graphql;
    "language/handlers.yaml" => handlers, hooks = crate::hooks::Handlers;
    "language/hosts.yaml" => hosts;
    "language/inputs.yaml" => inputs;
    "language/keys.yaml" => keys;
    "language/limits.yaml" => limits;
    "language/oidc.yaml" => oidc;
    "language/outputs.yaml" => outputs;
    "language/pages.yaml" => pages;
    "language/parts.yaml" => parts, hooks = crate::hooks::Initials;
    "language/payments.yaml" => payments;
    "language/polls.yaml" => polls;
    "language/renamed.yaml" => renamed;
    "language/sign_in.yaml" => sign_in;
    "language/service.yaml" => service;
    "language/signed.yaml" => signed, hooks = crate::hooks::Signer;
    "language/sites.yaml" => sites;
    "language/uploads.yaml" => uploads;
    "reach/linear.yaml" => linear;
    "reach/s3.yaml" => s3, hooks = crate::hooks::Listing;
    "reach/shopify.yaml" => shopify;
    "reach/telegram.yaml" => telegram;
    "reach/trello.yaml" => trello;
    "reach/twilio.yaml" => twilio;
    "reach/twitch.yaml" => twitch;
    "reach/zoom.yaml" => zoom;
}
