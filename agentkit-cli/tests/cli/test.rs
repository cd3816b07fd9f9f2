//! `agentkit test` in a crate whose tests have the names that `connector!` gives them; no dependency, so it is quick.

use crate::sandbox::Sandbox;

const CRATE: &str = "\
#[cfg(test)]
mod weather {
    mod examples {
        #[test]
        fn current_lisbon() {}
        #[test]
        fn current_porto() {
            panic!(\"example `Porto` of `weather_current` (weather.yaml:9): it differs\\n  - query q = Porto\");
        }
    }
}
#[test]
fn another() {
    panic!(\"not an example\");
}
";

fn sandbox(test: &str) -> Sandbox {
    let sandbox = Sandbox::new(test);
    sandbox.write(
        "Cargo.toml",
        "[package]\nname = \"stranger\"\nedition = \"2024\"\n\n[lib]\npath = \"lib.rs\"\n\n[workspace]\n",
    );
    sandbox.write("lib.rs", CRATE);
    sandbox
}

#[test]
fn shows_what_differs() {
    let sandbox = sandbox("test");
    let ran = sandbox.run(["test"]);
    let expected = "\
example `Porto` of `weather_current` (weather.yaml:9): it differs
  - query q = Porto

weather: 1 passed, 1 failed
";
    assert_eq!((ran.code, ran.stdout.as_str()), (1, expected), "{ran:?}");
    let found = sandbox.run(["test", "weather", "--json"]).json();
    assert_eq!(found.as_array().map(Vec::len), Some(2), "{found:#}");
    assert_eq!((&found[0]["test"], &found[0]["ok"]), (&"current_lisbon".into(), &true.into()), "{found:#}");
    assert_eq!((&found[1]["test"], &found[1]["ok"]), (&"current_porto".into(), &false.into()), "{found:#}");
}

#[test]
fn of_another_crate_or_none() {
    let sandbox = sandbox("test_none");
    sandbox.edit(
        "lib.rs",
        "        fn current_porto() {\n            panic!",
        "        fn current_porto() {\n            let _ = format!",
    );
    let ran = sandbox.run(["test", "--manifest-path", "Cargo.toml"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "weather: 2 passed\n"), "{ran:?}");
    let none = sandbox.run(["test", "ether"]);
    assert_eq!((none.code, none.stderr.contains("has no examples of a connector `ether`")), (2, true), "{none:?}");
    sandbox.edit("lib.rs", "mod weather", "mad weather");
    let broken = sandbox.run(["test"]);
    assert_eq!((broken.code, broken.stderr.contains("does not compile")), (1, true), "{broken:?}");
}
