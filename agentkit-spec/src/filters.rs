//! The filters of expressions, as a table: it drives the checker's messages and the reference.

/// A filter.
#[derive(Debug)]
pub(crate) struct FilterRow {
    pub(crate) name: &'static str,
    /// Names of its arguments.
    pub(crate) takes: &'static [&'static str],
    /// What it works on, in words.
    pub(crate) on: &'static str,
    /// What it gives.
    pub(crate) gives: &'static str,
    /// One sentence for the reference.
    pub(crate) meaning: &'static str,
}

/// The filter of this name.
pub(crate) fn find(name: &str) -> Option<&'static FilterRow> {
    FILTERS.iter().find(|row| row.name == name)
}

macro_rules! filters {
    ($($name:literal ($($argument:literal),*) $on:literal => $gives:literal: $meaning:literal;)*) => {
        /// All of them, in the order of the reference.
        pub(crate) static FILTERS: &[FilterRow] = &[$(FilterRow {
            name: $name,
            takes: &[$($argument),*],
            on: $on,
            gives: $gives,
            meaning: $meaning,
        }),*];
    };
}

filters! {
    "default" ("value") "values that may be absent" => "T": "The value, or `value` where it is absent; refused where it is always there.";
    "is_set" () "values that may be absent" => "bool": "Whether it is there; in `when` the step may then use it.";
    "eq" ("value") "values" => "bool": "Whether both are equal; false where the value is absent.";
    "not" () "bools" => "bool": "The opposite.";
    "contains" ("value") "lists and texts" => "bool": "Whether the list has the item, or the text that part.";
    "is_empty" () "lists, maps and texts" => "bool": "Whether nothing is in it.";
    "first" () "lists" => "opt<T>": "The first item.";
    "last" () "lists" => "opt<T>": "The last item.";
    "take" ("count") "lists" => "list<T>": "At most so many from the start.";
    "where" ("field", "value") "lists of records or pairs" => "list<T>": "The records whose field is equal to the value.";
    "unique" () "lists of texts or ints" => "list<T>": "Each once, in the order they came.";
    "compact" () "lists" => "list<T>": "A list of `opt<T>` without its gaps.";
    "flatten" () "lists of lists" => "list<T>": "One list of all items.";
    "entries" () "maps" => "list of pairs": "The pairs of the map in the order they came, each with a `key` and a `value`.";
    "find" ("field", "value") "lists of records or pairs" => "opt<T>": "The first record whose field is equal to the value.";
    "find_ci" ("field", "value") "lists of records or pairs" => "opt<T>": "The same, without regard to case.";
    "len" () "lists, maps, texts and bytes" => "int": "How many items, characters or bytes.";
    "join" ("separator") "lists of texts" => "string": "One text of all, with the separator between them.";
    "split" ("separator") "texts" => "list<string>": "The parts between the separators, trimmed; empty ones are dropped.";
    "trim" () "texts" => "string": "Without white space around it.";
    "lower" () "texts" => "string": "In lower case.";
    "upper" () "texts" => "string": "In upper case.";
    "truncate" ("count") "texts" => "string": "At most so many characters.";
    "string" () "ints, floats and bools" => "string": "As text.";
    "esc_backslash" () "texts" => "string": "With a backslash before each quote and backslash, for query languages such as SOQL.";
    "base64" () "bytes" => "string": "In base64.";
    "base64url" () "bytes" => "string": "In base64 for addresses, without padding.";
    "text" () "bytes" => "string": "Read as UTF-8; what is none becomes a replacement character.";
    "utf8" () "texts" => "bytes": "As UTF-8.";
    "json" () "values" => "string": "As JSON text.";
    "epoch_s" () "datetimes" => "int": "Seconds since 1970.";
    "epoch_ms" () "datetimes" => "int": "Milliseconds since 1970.";
    "rfc3339" () "datetimes" => "string": "As `2026-01-31T09:30:00Z`.";
    "from_epoch_s" () "ints, floats and texts" => "datetime": "The time so many seconds after 1970.";
    "then" ("text") "bools" => "opt<string>": "The text where it is true, else absent.";
    "starts_with" ("text") "texts" => "bool": "Whether it begins with that text.";
}
