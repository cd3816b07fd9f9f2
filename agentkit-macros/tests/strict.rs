//! Nothing is taken from the prelude, and no lint has anything to say.
#![no_implicit_prelude]
#![deny(warnings, missing_docs, missing_debug_implementations, unreachable_pub, unused_qualifications)]
#![deny(elided_lifetimes_in_paths, unused_lifetimes, unsafe_code)]

::agentkit_macros::connector!("./ui/plain.yaml");
::agentkit_macros::connector!("./ui/hooked.yaml", hooks = Shorten);

struct Shorten;

impl hooked::Hooks for Shorten {
    fn shorten(
        args: hooked::ShortenArgs<'_>,
    ) -> ::core::result::Result<::std::string::String, ::agentkit_runtime::HookError> {
        let most = ::core::primitive::usize::try_from(args.most).unwrap_or(0);
        ::core::result::Result::Ok(::core::iter::Iterator::collect(::core::iter::Iterator::take(
            args.text.chars(),
            most,
        )))
    }
}

use ::core::convert::TryFrom;

/// The module is used as any other.
#[test]
fn strict() {
    let tool = plain::GetThing::new("t1").deep(true).unit(plain::GetThingUnit::Inch);
    ::core::assert!(tool.deep);
    ::core::assert_eq!(plain::CONNECTOR.name, "plain");
    ::core::assert_eq!(hooked::TOOLS[0].name, "hooked_get_text");
}
