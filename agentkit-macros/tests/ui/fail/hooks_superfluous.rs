agentkit_macros::connector!("./../plain.yaml", hooks = Hooks);

struct Hooks;

fn main() {}
