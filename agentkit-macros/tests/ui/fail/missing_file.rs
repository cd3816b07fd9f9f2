agentkit_macros::connector!("./nowhere.yaml");

fn main() {}
