fn main() {
    let path = std::env::args().nth(1).unwrap();
    let dir = std::path::Path::new(&path).parent().unwrap().to_owned();
    let file = agentkit_spec::SourceFile::new(path.clone(), &std::fs::read(&path).unwrap());
    let c =
        agentkit_spec::compile(&file, |b| Ok(agentkit_spec::SourceFile::new(b, &std::fs::read(dir.join(b)).unwrap())));
    for d in &c.diagnostics {
        eprintln!("{}", c.render(d, agentkit_spec::Style::Plain, agentkit_spec::Leading::Word));
    }
    let options = agentkit_codegen::Options { hooks: Some(quote::quote!(super::Hooks)), ..Default::default() };
    let tokens = agentkit_codegen::expand(&c.connector.unwrap(), &options);
    print!("{}", prettyplease::unparse(&syn::parse2(tokens).unwrap()));
}
