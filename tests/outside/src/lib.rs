//! Todoist for agents.

use agentkit_runtime::HookError;

agentkit_macros::connector!("todoist.yaml", hooks = Hooks);

/// What `todoist.yaml` calls.
struct Hooks;

impl todoist::Hooks for Hooks {
    fn priority_on_the_wire(args: todoist::PriorityOnTheWireArgs<'_>) -> Result<i64, HookError> {
        // The app shows p1 as the most urgent, the API writes 4 for it.
        match args.shown.strip_prefix('p').and_then(|digit| digit.parse::<i64>().ok()) {
            Some(shown @ 1..=4) => Ok(5 - shown),
            _ => Err(HookError::invalid_input("a priority is p1, p2, p3 or p4")),
        }
    }
}
