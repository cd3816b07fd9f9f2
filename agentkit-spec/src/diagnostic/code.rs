//! The one table of codes. A code keeps its meaning for good; fixtures lie in `tests/spec/bad`.

use std::fmt;

/// Whether a mistake stops the build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing is generated for what it touches.
    Error,
    /// Allowed, but likely not meant.
    Warning,
}

macro_rules! codes {
    ($($name:ident = $number:literal, $doc:literal;)*) => {
        /// Stable name of a kind of mistake.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code {
            $(#[doc = $doc] $name,)*
        }

        impl Code {
            /// All codes, in order.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The number behind `AK`.
            pub const fn number(self) -> u16 {
                match self { $(Self::$name => $number),* }
            }

            /// The rule in one sentence, for the reference.
            pub const fn doc(self) -> &'static str {
                match self { $(Self::$name => $doc),* }
            }
        }
    };
}

codes! {
    Unreadable = 1, "The file must be UTF-8 text of at most 1 MiB, 64 levels, 50,000 values, 1,000 types and 500 tools.";
    Yaml = 2, "Anchors, aliases, tags, merge keys and further documents are not part of the language.";
    RepeatedKey = 3, "A key stands once in its mapping.";
    Syntax = 4, "The file must be YAML 1.2.";
    Base = 5, "`use` names a file with `base:` that can be read and uses no base itself.";
    AllowForm = 6, "Only warnings can be allowed, by their codes and with a reason.";

    Form = 10, "Each key takes one form: a text, a list or a mapping.";
    UnknownKey = 11, "Only keys of the language may be written.";
    MissingKey = 12, "Keys that the language demands must be written.";
    NameForm = 13, "Names are written in one style each: `snake_case`, or `PascalCase` for types.";
    NotAValue = 14, "Where the language lists the values, one of them must be written.";
    Literal = 15, "Versions, limits, time spans and sizes have one form each.";
    RefusedName = 16, "Some names would clash with the language or with generated Rust.";
    Choice = 17, "Some keys exclude each other, and some need another.";
    Misfit = 18, "A figure must fit what it is for: a cost its limit, a time span its unit.";
    OwnParam = 19, "Parameters that an OAuth flow sets itself cannot be written.";

    NotAnExpression = 20, "Where an expression is wanted it begins with `$`; where a literal is wanted none may stand.";
    ExprSyntax = 21, "Expressions are paths and filters, and nothing else.";
    NotInReach = 22, "An expression sees inputs, account values, earlier steps and what its place adds.";
    NoInput = 23, "An input must be declared by the tool that uses it.";
    NoField = 24, "A path goes only through fields that the type declares.";
    NoAccountValue = 25, "An account value must be declared under `account`.";
    NoFilter = 26, "Only filters of the language may be written.";
    FilterUse = 27, "A filter takes fixed arguments and works on fixed types.";
    NoValue = 28, "Only steps that give a value can be used.";
    InsideText = 29, "Inside text only texts, numbers and bools that are always there may stand.";

    NoType = 30, "A type must be one of the language or declared under `types`.";
    TypeForm = 31, "Types are built from names, `list<>`, `map<>`, `opt<>` and `@`.";
    FieldKeys = 32, "Bounds, patterns and enums must fit the type of the field.";
    TypeUse = 33, "Some types cannot be used in some places.";
    EndlessType = 34, "A type must not hold itself but through `opt`, `list` or `map`.";
    RecursiveInput = 35, "Inputs must not be recursive: no model takes such schemas.";
    SameName = 36, "Two generated names must not be equal.";
    ModelLimits = 37, "The inputs of a tool stay within what all models take.";
    Deprecation = 38, "`deprecated` names a version that is out and, under `use`, a tool that stays.";
    OldName = 39, "An old name under `aka` leads to one tool that is public.";

    BytesInText = 40, "JSON and forms carry text; bytes must be encoded first.";
    LiteralType = 41, "A literal must be of the type of its place.";
    TypeMismatch = 42, "A value must be of the type of its place.";
    UnknownField = 43, "A mapping has only fields that its type or the called function declares.";
    MissingField = 44, "A mapping has all fields that its type or the called function demands.";
    GraphqlQuery = 45, "A GraphQL query is one whole operation, and values come into it as variables.";
    TemplateForm = 46, "A mapping stands for a record or map, a list for a list.";
    EachList = 47, "`each` goes over a list: `name in $list`.";
    GraphqlVariable = 48, "A GraphQL query declares the variables it uses, and gets those it demands.";

    AuthKeys = 50, "Each kind of `auth` has its own keys.";
    Https = 51, "Addresses use https.";
    NoScope = 52, "A scope must be declared under `scopes`.";
    BadAddress = 53, "Addresses and hosts must be well-formed and literal.";
    HostNotListed = 54, "Requests go to the host of `base_url` and to those under `hosts`.";
    AuthorizationHeader = 55, "The Authorization header belongs to `auth`.";
    NoRate = 56, "A rate must be declared under `rates`.";
    HeaderName = 57, "A header has the name of a header, and no request sets what the transport or its body sets.";
    NoToken = 58, "A token must be one that an `auth` entry gives.";
    NoSecret = 59, "Secrets are in reach only in `auth.NAME.apply`, by the names of `secrets`.";

    NoHook = 60, "A hook must be declared under `hooks`.";
    MethodCount = 61, "A request has exactly one of get, post, put, patch, delete.";
    BodyUse = 62, "A request has at most one body, and a get has none.";
    TokenToUrl = 63, "A token must not go to an address that a reply names.";
    PathSegment = 64, "A part of a path is a text or int that is always there.";
    QueryInPath = 65, "The query belongs under `query`.";
    Paging = 66, "`page` must fit its request.";
    PathForm = 67, "A path begins with `/` and is followed as it stands.";

    IdempotencyUse = 68, "An idempotency key goes with a request that changes something, in a header of its own.";

    ToolForm = 70, "A tool has one `request`, or `steps`, or a `handler`.";
    StepForm = 71, "A step does one thing: `request`, `call` or `hook`.";
    NoTool = 72, "A called tool must be declared, and calls must not go in circles.";
    NoAbout = 73, "What models and people read must be written.";
    CalleeScope = 74, "A tool asks for the scopes of the tools it calls.";
    CalleeAccess = 75, "A tool may not call one that has more effect than it says.";

    EndlessPages = 76, "Pages must come to an end: what follows them depends on the reply.";
    CallersAddress = 77, "The address of a page comes from the provider, never from a caller.";
    Polling = 78, "`poll` must fit its request, and must be able to become done.";

    NoResult = 80, "The result must be said where it does not follow from the last step.";
    OutputForm = 81, "The output of a public tool is a record.";
    ExampleData = 82, "The data of an example must be of the declared types.";
    ExampleExchange = 83, "An exchange expects a request that the tool can send.";
    ExampleOutcome = 84, "An example ends in an output or in an error.";
    ExampleReply = 85, "A canned reply must be of the type that its request returns.";

    HostOpen = 94, "A host that an account value names lies in a domain of the provider: in the address itself, or under `hosts`.";
    HostPattern = 95, "A host pattern is `*.` and a domain that belongs to the provider.";
    AccountText = 96, "In addresses, headers and parameters of the whole file stand text and account values, as they are.";
    AccountKeys = 97, "An account value has one source and one name, and only accounts that are connected have any.";

    UnusedType = 101, "A type that nothing uses.";
    UnusedHook = 102, "A hook that nothing calls.";
    UnusedScope = 103, "A scope that nothing asks for.";
    UnusedRate = 104, "A rate that nothing draws on.";
    UnusedInput = 105, "An input that nothing uses.";
    UnusedStep = 106, "A reading step whose value nothing uses.";
    UnusedTool = 107, "A private tool that nothing calls.";
    NoExample = 108, "A public tool without an example, and so without a test.";
    UnneededAllow = 109, "An `allow` of a warning that would not be there.";
    EmptyPart = 110, "A mapping or list of a body that is sent empty where its only parts are absent.";
    UnusedSecret = 111, "A secret that `apply` puts nowhere.";
    BareDollar = 112, "A `$` in the midst of text, where it begins no expression.";
    ReadChanges = 113, "A reading tool that sends put, patch or delete.";
    NameTwice = 114, "A tool whose name begins with that of its connector, which goes before it anyway.";
    CutByComment = 115, "An unquoted text that ends at a `#`.";
    DeadCode = 116, "A status in `errors.map` where `code` is a text of the body.";
    WriteReads = 117, "A writing tool that sends nothing but get.";
}

impl Code {
    /// Codes from 100 are lints, and those are warnings.
    pub const fn severity(self) -> Severity {
        if self.number() < 100 { Severity::Error } else { Severity::Warning }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AK{:03}", self.number())
    }
}
