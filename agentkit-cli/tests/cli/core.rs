//! What is left behind when the command crashes: no image of its memory, which holds keys and tokens.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Stdio};

use crate::sandbox::Sandbox;

#[test]
fn a_crash_leaves_no_core_file() {
    let sandbox = Sandbox::with_specs("core");
    let mut command = sandbox.command(["mock", "openweather.yaml", "--port", "0"]);
    let mut process = command.stdout(Stdio::piped()).spawn().expect("the command was built");
    // It is past its start when it has said something.
    let mut output = BufReader::new(process.stdout.take().expect("it is piped"));
    output.read_line(&mut String::new()).expect("it prints text");
    let id = process.id().to_string();
    let limits = fs::read_to_string(format!("/proc/{id}/limits")).expect("this test needs /proc, which Linux has");
    let core: Vec<&str> = limits.lines().find_map(|line| line.strip_prefix("Max core file size")).into_iter().collect();
    let figures: Vec<&str> = core.iter().flat_map(|line| line.split_whitespace()).take(2).collect();
    assert_eq!(figures, ["1", "1"], "{limits}");

    let killed = Command::new("kill").args(["-ABRT", &id]).status().expect("`kill` is part of every system");
    assert!(killed.success());
    // Until here it has somebody to print for.
    drop(output);
    let status = process.wait().expect("it is ours");
    assert_eq!((status.signal(), status.core_dumped()), (Some(6), false), "{status:?}");
    let left: Vec<String> = sandbox.files().into_iter().filter(|name| name.contains("core")).collect();
    assert_eq!(left, Vec::<String>::new());
}
