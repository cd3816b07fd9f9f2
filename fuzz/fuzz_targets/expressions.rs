//! Any text as a value with expressions in it: parts or a report, and every range lies in the text.

#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| agentkit_spec::fuzz::expression(text));
