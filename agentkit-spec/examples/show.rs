//! Prints what is wrong with a spec.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a tool for trying things out")]
use agentkit_spec::{Leading, SourceFile, Style, compile};
fn main() {
    let path = std::env::args().nth(1).unwrap();
    let dir = std::path::Path::new(&path).parent().unwrap().to_owned();
    let read = |path: &std::path::Path| SourceFile::new(path.file_name().unwrap().to_str().unwrap(), &std::fs::read(path).unwrap());
    let start = std::time::Instant::now();
    let compiled = compile(&read(path.as_ref()), |name| Ok(read(&dir.join(name))));
    let took = start.elapsed();
    for found in &compiled.diagnostics {
        println!("{}\n", compiled.render(found, Style::Plain, Leading::Word));
    }
    println!("{} connector={} stubs={:?} {took:?}", path, compiled.connector.is_some(), compiled.stubs);
    if std::env::args().nth(2).is_some() { println!("{:#?}", compiled.connector); }
}
