//! What the reference says beside its tables.

pub(super) const BEGINNING: &str = "\
# Reference

<!-- Written by `UPDATE=1 cargo test -p agentkit-spec reference`, from the tables of agentkit-spec. -->

Everything that may stand in a connector spec.
[writing-a-connector.md](writing-a-connector.md) shows how to begin.
An editor knows all of it with the schema that `agentkit schema` prints.

A spec is one YAML 1.2 document of at most 1 MiB, without anchors, aliases, tags, merge keys and repeated keys.
The order of `steps` counts.
Plain `true`, `false`, `null` and numbers mean what they do in YAML 1.2; `yes`, `no`, `on` and `off` are texts, and whatever is in quotes is a text.
Inside `{ }` and `[ ]` quote a value with `${`, a comma, `[`, `]`, `{` or `}` in it.
` #` begins a comment: a text with it is quoted.

";

pub(super) const TYPES: &str = "\
## Types

A type is a scalar, a name declared under `types`, or built from `list<T>`, `map<T>` and `opt<T>`.
`@` after a scalar says how the provider writes it.
The same types describe what the provider sends and what tools take and give; inputs are closed, and replies may hold more than is declared.

";

/// Name; Rust, JSON, notes.
pub(super) const SCALARS: &[(&str, [&str; 3])] = &[
    ("string", ["`String`", "string", ""]),
    ("int", ["`i64`", "integer", "`int@string`: the provider writes it as text."]),
    ("float", ["`f64`", "number", "An int may stand here."]),
    ("bool", ["`bool`", "boolean", ""]),
    ("bytes", ["`Bytes`", "string, base64", "`bytes@base64url`: the provider writes it in base64 for addresses."]),
    (
        "datetime",
        [
            "`Timestamp`",
            "string, RFC 3339",
            "`datetime@epoch_s`, `@epoch_ms`, `@rfc2822`: how the provider writes it. Inputs also read a date and a span back from now, such as `7d`.",
        ],
    ),
    ("date", ["`Date`", "string, `2026-01-31`", ""]),
    ("email", ["`String`", "string", "Inputs are checked; may stand where a string may."]),
    ("url", ["`String`", "string", "Inputs are checked; may stand where a string may."]),
    ("json", ["`Value`", "string that holds JSON", "Passes through; no expression can look into it."]),
    ("file", ["`File`", "object: `name`, `media_type`, `data` in base64", "The command reads `@path`."]),
];

pub(super) const CONSTRUCTORS: &[(&str, [&str; 3])] = &[
    ("list<T>", ["`Vec<T>`", "array", "In replies an absent or null list is empty."]),
    ("map<T>", ["`IndexMap<String, T>`", "object", "Keys are texts."]),
    ("opt<T>", ["`Option<T>`", "not required", "Absent and null are the same."]),
    ("Name", ["a struct", "object", "Declared under `types`, in PascalCase."]),
];

pub(super) const EXPRESSIONS: &str = "\
## Expressions

```text
value    := \"$$\" text                        a text that begins with $
          | \"$\" pipeline                      a typed value
          | text with \"${\" pipeline \"}\" in it   a text
          | anything else                     itself
pipeline := path { \"|\" ( filter | \".\" path ) }
path     := name { \".\" ( name | \"'\" any \"'\" | \"*\" ) }      * is every item of a list
filter   := name [ \"(\" argument { \",\" argument } \")\" ]
argument := 'text' | number | true | false | [] | field | \"$\" path
```

There are no operators, conditions or functions of your own; what they cannot say is a hook in Rust.
A path through an `opt` gives an `opt`, and a filter works inside it; only `default`, `is_set` and `eq` see the `opt` itself.

A **template** is a tree of values, checked against a declared type: a mapping is a record, a list is a list.
A mapping that begins with `$each: item in $list` gives one record per item.
One that begins with `$when: $path | is_set` is left out where the path is absent, and inside of it the path is there; any other bool may stand for the condition too.
In bodies, queries and headers a value that is absent is left out.

";

/// Names in reach, and where.
pub(super) const REACH: &[(&str, &str)] = &[
    ("`$in.NAME`", "tools: the inputs"),
    ("`$account.NAME`", "what is declared under `account`, never a secret"),
    ("`$STEP`, `$response`", "later steps and `result`: the value of a step, or of the one `request`"),
    ("the name in `each` and `$each`", "that step, that mapping"),
    (
        "`$body`, `$status`, `$header.'Name'`",
        "`errors`, `page` and `poll`; `$body` also in `account`, `$header` in `granted_scopes`",
    ),
    ("`$secret.NAME`", "`auth.NAME.apply` only"),
    ("`$client.id`", "`headers` and `query` of `auth.NAME.apply` only: the client id of the connection"),
];

pub(super) const FILTERS: &str = "### Filters\n\n";

pub(super) const ERROR_KINDS: &str = "\
## Error kinds

A reply is an error if its status is 400 or more, or where `fail_when` holds.
Its kind is what `map` says of its code; without that the status decides: 400 and 422 `invalid_input`, 401 `auth_expired`, 403 `forbidden`, 404 `not_found`, 409 `conflict`, 413 `too_large`, 429 `rate_limited`, 5xx `unavailable`.
An example may also expect `outcome_unknown`: no reply came to a write, and the provider may have done it. `errors` cannot name that.

";

pub(super) const KINDS: &[(&str, &str)] = &[
    ("auth_expired", "The token is refused; it is refreshed, and the request sent once more."),
    ("reconnect", "The person has to connect the account again."),
    ("missing_scope", "The person has to allow more."),
    ("forbidden", "This account may not do it."),
    ("not_found", "There is no such thing."),
    ("conflict", "The state of the thing does not allow it, or it is there already."),
    ("invalid_input", "The agent has to send something else."),
    ("rate_limited", "Too many requests; waited for where the call has the time."),
    ("quota", "Used up for long; waiting within a call does not help."),
    ("unavailable", "The provider has a problem; tried again where that is safe."),
    ("too_large", "More than the provider takes."),
    ("unsupported", "The provider, or the plan of the account, does not offer it."),
    ("internal", "A mistake of the connector."),
];

pub(super) const RULES: &str = "\
## Rules

What `agentkit check` and the compiler report.
Errors stop the build; warnings show what is likely not meant.

";
