//! Any text as a type: a type or a report at a place of the text.

#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| agentkit_spec::fuzz::ty(text));
