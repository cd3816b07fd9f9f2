//! Two connectors in one module below the crate's root, and one with a whole path to its hooks.
mod apps {
    agentkit_macros::connector!("./ui/plain.yaml");
    agentkit_macros::connector!("./ui/hooked.yaml", hooks = crate::Upper);
}

struct Upper;

impl apps::hooked::Hooks for Upper {
    fn shorten(args: apps::hooked::ShortenArgs<'_>) -> Result<String, agentkit_runtime::HookError> {
        Ok(args.text.to_uppercase())
    }
}

#[test]
fn in_modules() {
    let names = [apps::plain::CONNECTOR.name, apps::hooked::CONNECTOR.name];
    assert_eq!(names, ["plain", "hooked"]);
    // What a provider adds later is kept.
    let kind = apps::plain::ThingKind::Other("huge".to_owned());
    assert_ne!(kind, apps::plain::ThingKind::default());
}
