agentkit_macros::connector!("./../hooked.yaml");

use hooked::GetText;

fn main() {
    let _ = size_of::<GetText>();
}
