//! What the connector `parts` needs: a hook that takes a person who may be absent.

use agentkit_runtime::HookError;

use crate::connectors::parts;

/// Hooks of the connector `parts`.
#[derive(Debug)]
pub struct Initials;

impl parts::Hooks for Initials {
    fn initials(args: parts::InitialsArgs<'_>) -> Result<String, HookError> {
        let name = args.who.map_or("?", |who| who.name.as_str());
        Ok(name.split_whitespace().filter_map(|part| part.chars().next()).collect())
    }
}
