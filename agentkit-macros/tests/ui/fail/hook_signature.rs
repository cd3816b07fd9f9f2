//! rustc points at the contributor's own function.
agentkit_macros::connector!("./../hooked.yaml", hooks = Hooks);

struct Hooks;

impl hooked::Hooks for Hooks {
    fn shorten(args: hooked::ShortenArgs<'_>) -> Result<&str, agentkit_runtime::HookError> {
        Ok(args.text)
    }
}

fn main() {}
