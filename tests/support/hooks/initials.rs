//! What the connector `parts` needs: hooks that take what may be absent, and what was made for them.

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

    fn list_signers(args: parts::ListSignersArgs<'_>) -> Result<String, HookError> {
        let line = |who: &parts::Who| match &who.mail {
            Some(mail) => format!("{} at {}\n", who.name, mail.domain),
            None => format!("{}\n", who.name),
        };
        let all: String = args.all.iter().map(line).collect();
        let marks = args.marks.map_or("-".to_owned(), |marks| marks.join(","));
        let day = args.day.map_or("-".to_owned(), |day| day.to_string());
        Ok(format!("{all}{marks} {} {day}", args.title.unwrap_or("-")))
    }
}
