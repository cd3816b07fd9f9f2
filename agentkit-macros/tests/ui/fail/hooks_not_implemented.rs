agentkit_macros::connector!("./../hooked.yaml", hooks = Hooks);

struct Hooks;

fn main() {}
