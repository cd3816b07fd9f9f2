//! What model providers take of an input schema: they refuse one that is too deep or too large, and some names.

use serde_json::Value;

use crate::check::cx::Cx;
use crate::check::world::{Signature, World};
use crate::diagnostic::Code;
use crate::schema;

/// Those of `OpenAI`'s strict mode, the narrowest that are published.
const DEPTH: usize = 10;
const PROPERTIES: usize = 5_000;
const VALUES: usize = 1_000;
const CHARACTERS: usize = 120_000;

/// The portable schema of a public tool, if all providers take it.
///
/// ```yaml
/// input: {tree: {type: list<list<list<list<Branch>>>>, about: ...}}
/// ```
pub(crate) fn check(cx: &mut Cx<'_>, world: &World<'_>, signature: &Signature<'_>) -> Option<Value> {
    if signature.private {
        return Some(Value::Null);
    }
    let made = schema::portable(&world.types, &signature.input);
    let found = [
        (made.depth, DEPTH, "levels of objects and lists"),
        (made.properties, PROPERTIES, "properties"),
        (made.values, VALUES, "values of enums"),
        (made.characters, CHARACTERS, "characters in names and values"),
    ];
    if let Some((has, most, what)) = found.into_iter().find(|(has, most, _)| has > most) {
        let message = format!("the inputs of `{}` have {has} {what}; models take at most {most}", signature.name);
        cx.error(Code::ModelLimits, signature.span, message).help("give the large part as one input of type json");
        return None;
    }
    if let Some(name) = made.misnamed {
        let message =
            format!("the inputs of `{}` hold a field `{name}`, a name that models do not take", signature.name);
        cx.error(Code::ModelLimits, signature.span, message)
            .label("letters, digits and `_`, a letter first, at most 64")
            .help("declare another type for the input, and write the provider's name in the body of the request");
        return None;
    }
    Some(made.schema)
}
