agentkit_macros::connector!("./../plain.yaml");

fn main() {
    let _ = plain::GetThing::new();
    let _ = plain::GetThing::new("t1").depth(2);
    let _ = plain::GetThing::new("t1").unit("cm");
    match plain::ThingKind::default() {
        plain::ThingKind::Big => {}
        plain::ThingKind::Small => {}
    }
}
