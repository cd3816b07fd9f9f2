//! Whose account it is, where the credentials are good for several: a person chooses one, and it stays the one.
//!
//! Nothing is kept while the person chooses. A new link says what there is to choose from; on its way through the
//! provider the choice travels with the flow.

use std::sync::Arc;

use super::credentials::Credentials;
use super::{Accounts, Values};
use crate::connection::ConnectionSettings;
use crate::def::{CheckedAccount, Identity};
use crate::tool_error::{ErrorKind, ToolError};

/// Name under which a choice is said: the id of one of them.
pub(super) const CHOICE: &str = "choice";
/// Name under which a flow keeps what there is to choose from, as JSON.
pub(super) const CHOICES: &str = "choices";
/// More than anybody reads.
const MOST: usize = 200;

/// One of several accounts that credentials are good for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChoiceLine {
    /// Its id at the provider.
    pub id: String,
    /// Name for people.
    pub label: String,
}

/// Whose account it is, and what else its check said.
pub(super) struct Whose {
    pub(super) identity: Option<Identity>,
    pub(super) values: Vec<(&'static str, String)>,
    /// Scopes that a reply said the token has.
    pub(super) scopes: Option<Vec<String>>,
}

/// Why nobody knows whose account it is.
pub(super) enum Unknown {
    /// The check failed.
    Failed(ToolError),
    /// It may be any of these.
    Several(Vec<ChoiceLine>),
    /// It is none of these: another one was connected before.
    Other,
}

impl Accounts {
    /// Whose account it is, asked with credentials that are not kept yet. One that was connected before stays the one.
    pub(super) async fn whose(
        &self,
        connection: &Arc<ConnectionSettings>,
        credentials: Vec<Arc<Credentials>>,
        (pinned, said): (Option<&str>, &Values),
    ) -> Result<Whose, Unknown> {
        let Some(check) = &connection.connector().check else {
            return Ok(Whose { identity: None, values: Vec::new(), scopes: None });
        };
        let (found, scopes) =
            crate::execute::check(self, connection, credentials, check).await.map_err(Unknown::Failed)?;
        let said = said.get(CHOICE).map(String::as_str);
        let one = pick(found, if check.choose { (pinned, said) } else { (None, None) })?;
        let values = one.values.into_iter().filter_map(|(name, text)| Some((name, text?))).collect();
        Ok(Whose { identity: Some(Identity { id: one.id, label: one.label }), values, scopes })
    }
}

fn pick(
    mut found: Vec<CheckedAccount>,
    (pinned, said): (Option<&str>, Option<&str>),
) -> Result<CheckedAccount, Unknown> {
    if found.is_empty() {
        let error = ToolError::new(ErrorKind::Forbidden, "the provider gives access to nothing that can be chosen");
        return Err(Unknown::Failed(error));
    }
    if pinned.is_some() && said.is_some() && pinned != said {
        return Err(Unknown::Other);
    }
    if let Some(at) = pinned.or(said).and_then(|id| found.iter().position(|one| one.id == id)) {
        return Ok(found.swap_remove(at));
    }
    match (pinned, said, found.len()) {
        // Pinned to another one, it is refused later on, where the grant can be given back. What was said is no less
        // said where there is only one.
        (_, None, 1) => return Ok(found.swap_remove(0)),
        (Some(_), ..) => return Err(Unknown::Other),
        (None, ..) => {}
    }
    found.truncate(MOST);
    Err(Unknown::Several(found.into_iter().map(|one| ChoiceLine { id: one.id, label: one.label }).collect()))
}

/// For those who called a function and not a page.
pub(super) fn several(choices: &[ChoiceLine]) -> ToolError {
    let names: Vec<String> = choices.iter().map(|one| format!("{} ({})", one.id, one.label)).collect();
    ToolError::invalid(format!("`{CHOICE}` must say which one is meant"))
        .with_hint(format!("one of: {}", names.join(", ")))
}

/// What a flow has to choose from.
pub(super) fn choices(said: &Values) -> Vec<ChoiceLine> {
    let pairs: Vec<(String, String)> =
        said.get(CHOICES).and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    pairs.into_iter().map(|(id, label)| ChoiceLine { id, label }).collect()
}

/// The same as text for a flow.
pub(super) fn kept(choices: &[ChoiceLine]) -> String {
    let pairs: Vec<(&str, &str)> = choices.iter().map(|one| (one.id.as_str(), one.label.as_str())).collect();
    super::json(&pairs)
}
