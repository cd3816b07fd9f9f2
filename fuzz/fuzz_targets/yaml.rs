//! Any bytes as a YAML file: a tree or a report, and every place of it lies in the file.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| agentkit_spec::fuzz::yaml(bytes));
