//! What the table of the language is made of: objects, their keys, and the form of each key.
//!
//! The table itself is `ast`. It drives reading; the reference page and the editor schema come from it too.

/// A mapping of the language.
#[derive(Debug)]
pub(crate) struct Object {
    /// Where it stands, such as `tools.NAME`.
    pub(crate) title: &'static str,
    /// Its keys, in the order of the reference.
    pub(crate) keys: &'static [Key],
}

/// A key of an object.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) form: Form,
    /// It must be written.
    pub(crate) must: bool,
    /// One sentence for the reference.
    pub(crate) meaning: &'static str,
}

/// What stands under a key.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Form {
    /// A text that is not empty.
    Text,
    /// `true` or `false`.
    Bool,
    /// A number without a fraction.
    Int,
    /// `x.y.z`.
    Version,
    /// `30s`, `5m`, `12h`, `7d`.
    TimeSpan,
    /// `40MB`.
    Size,
    /// `50/min`.
    Limit,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A type.
    Type,
    /// An expression: begins with `$`.
    Expression,
    /// An expression, or one of these words.
    ExpressionOr(&'static [&'static str]),
    /// A value tree with expressions in it.
    Template,
    /// A mapping of templates.
    Templates,
    /// Values without expressions.
    Data,
    /// A mapping of data.
    DataMap,
    /// A list of texts.
    Texts,
    /// A list of error kinds.
    ErrorKinds,
    /// Code to error kind, or to an object.
    ErrorMap(&'static Object),
    /// Name or mapping of name to cost.
    Rate,
    /// A list of values, or a mapping of value to note.
    Values,
    /// Name to field: a type, or the object in its long form.
    Fields(Names, &'static Object),
    /// A type, or fields.
    TypeOrFields(&'static Object),
    /// Type name to fields.
    Types(&'static Object),
    /// One object.
    One(&'static Object),
    /// Name to object.
    Map(Names, &'static Object),
    /// A list of objects.
    List(&'static Object),
}

impl Form {
    /// The object that stands under the key, or may.
    pub(crate) fn object(self) -> Option<&'static Object> {
        match self {
            Self::ErrorMap(object)
            | Self::Fields(_, object)
            | Self::TypeOrFields(object)
            | Self::Types(object)
            | Self::One(object)
            | Self::Map(_, object)
            | Self::List(object) => Some(object),
            _ => None,
        }
    }
}

/// How names are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Names {
    /// `max_results`, with the word for messages.
    Snake(&'static str),
    /// As the provider writes them.
    Free,
}

impl Names {
    /// Whether the name is in this style.
    pub(crate) fn fit(self, name: &str) -> bool {
        match self {
            Self::Free => !name.is_empty(),
            Self::Snake(_) => is_snake(name),
        }
    }
}

/// `[a-z][a-z0-9_]*`.
pub(crate) fn is_snake(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// `[A-Z][A-Za-z0-9]*`.
pub(crate) fn is_pascal(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_uppercase()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// The words of a name: split at `_` and other marks, and where a capital begins.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut joined = false;
    let mut lower = false;
    for character in name.chars() {
        if !character.is_alphanumeric() {
            joined = false;
            continue;
        }
        let starts = !joined || (character.is_uppercase() && lower);
        match words.last_mut() {
            Some(word) if !starts => word.extend(character.to_lowercase()),
            _ => words.push(character.to_lowercase().collect()),
        }
        joined = true;
        lower = !character.is_uppercase();
    }
    words
}

/// `max_results` of `maxResults`.
pub(crate) fn snake(name: &str) -> String {
    words(name).join("_")
}

/// `MaxResults` of `max_results`.
pub(crate) fn pascal(name: &str) -> String {
    let mut pascal = String::new();
    for word in words(name) {
        let mut characters = word.chars();
        pascal.extend(characters.next().into_iter().flat_map(char::to_uppercase));
        pascal.push_str(characters.as_str());
    }
    pascal
}
