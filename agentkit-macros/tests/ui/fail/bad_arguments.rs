agentkit_macros::connector!();
agentkit_macros::connector!(gmail);
agentkit_macros::connector!("./../plain.yaml", hook = Hooks);
agentkit_macros::connector!("./../plain.yaml" hooks = Hooks);

fn main() {}
