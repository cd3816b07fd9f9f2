//! Slack messages as a person sees them.

mod text;

use agentkit_runtime::HookError;

use crate::slack::{self, MessageText, PeopleArgs, ReadTextsArgs};

/// What `slack.yaml` calls.
pub(crate) struct Hooks;

impl slack::Hooks for Hooks {
    fn people(args: PeopleArgs<'_>) -> Result<Vec<String>, HookError> {
        Ok(text::people(args.messages))
    }

    fn read_texts(args: ReadTextsArgs<'_>) -> Result<Vec<MessageText>, HookError> {
        let names = args.people.iter().map(|person| (&*person.id, &*person.name)).collect();
        let read =
            |message: &slack::WireMessage| MessageText { ts: message.ts.clone(), text: text::read(message, &names) };
        Ok(args.messages.iter().map(read).collect())
    }
}
