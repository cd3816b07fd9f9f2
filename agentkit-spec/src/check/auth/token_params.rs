//! `token_params`: what a spec may add to token requests, and what the runtime says there itself.

use crate::check::cx::Cx;
use crate::diagnostic::Code;
use crate::yaml::Node;

/// What a token request has anyway.
const OWN: &[&str] = &["client_id", "client_secret", "code", "code_verifier", "redirect_uri", "refresh_token", "scope"];

/// The parameters of the protocol are not the spec's, but a client may ask for its own token under another name:
///
/// ```yaml
/// token_params: {grant_type: account_credentials}
/// ```
pub(super) fn check(cx: &mut Cx<'_>, kind: &str, node: Option<&Node>) {
    for entry in node.map(Node::entries).unwrap_or_default() {
        let name = entry.key.text.as_str();
        let named = name == "grant_type" && kind == "oauth2_client";
        if (OWN.contains(&name) || name == "grant_type") && !named {
            cx.error(Code::AuthKeys, entry.key.span, format!("`{name}` is set by the protocol")).help("remove it");
        }
    }
}
