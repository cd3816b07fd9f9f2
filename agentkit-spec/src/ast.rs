//! The table of the language, and for each object of it a view with one field per key.
//!
//! Written once: a row gives the key, its form, its meaning, and the field by which `check` reads it.
//! A view is taken of a node that `parse` has freed of what does not fit, so a field is `None` where
//! nothing, or nothing usable, is written.

use crate::table::{Form, Key, Names, Object};
use crate::yaml::Node;

macro_rules! objects {
    ($($(#[doc = $doc:literal])+ $view:ident $table:ident $title:literal {
        $($field:ident $name:literal $($must:ident)?: $form:expr => $meaning:literal;)*
    })*) => { $(
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy)]
        #[allow(dead_code, reason = "a view has all keys of its object, whether a check reads them or not")]
        #[allow(clippy::struct_field_names, reason = "fields are named after the keys of the language")]
        pub(crate) struct $view<'a> { $(pub(crate) $field: Option<&'a Node>,)* }

        impl<'a> $view<'a> {
            pub(crate) fn of(node: &'a Node) -> Self {
                Self { $($field: node.get($name),)* }
            }
        }

        pub(crate) static $table: Object = Object {
            title: $title,
            keys: &[$(Key { name: $name, form: $form, must: objects!(@must $($must)?), meaning: $meaning }),*],
        };
    )* };
    (@must) => { false };
    (@must must) => { true };
}

/// Words for what an error of a provider means.
pub(crate) const ERROR_KINDS: &[&str] = &[
    "auth_expired",
    "reconnect",
    "missing_scope",
    "forbidden",
    "not_found",
    "conflict",
    "invalid_input",
    "rate_limited",
    "quota",
    "unavailable",
    "too_large",
    "unsupported",
    "internal",
];

/// Ways to the next page that need no expression.
const PAGE_WORDS: &[&str] = &["link", "offset", "number"];

objects! {
    /// The whole file.
    Spec SPEC "the file" {
        agentkit "agentkit" must: Form::OneOf(&["1"]) => "Version of this language; always 1.";
        connector "connector": Form::Text => "Id of the connector; prefix of all tool names.";
        base "base": Form::Text => "Instead of `connector`: this file only holds shared parts for `use`.";
        title "title": Form::Text => "Name shown to people.";
        version "version": Form::Version => "Version of the connector.";
        about "about": Form::Text => "What the connector can do, in one sentence.";
        docs "docs": Form::Text => "Address of the documentation of the provider.";
        base_file "use": Form::Text => "Base file to merge in; this file wins.";
        auth "auth": Form::Map(Names::Snake("auth"), &AUTH) => "Ways to connect, by name.";
        scopes "scopes": Form::Map(Names::Free, &SCOPE) => "Scopes that each way to connect with a token endpoint has, by short name.";
        account "account": Form::One(&ACCOUNT) => "What is known about a connected account besides its secrets.";
        http "http": Form::One(&HTTP) => "Defaults of all requests.";
        rates "rates": Form::Map(Names::Snake("rate"), &RATE) => "Rate limits by name.";
        errors "errors": Form::One(&ERRORS) => "How to read errors.";
        hooks "hooks": Form::Map(Names::Snake("hook"), &HOOK) => "Pure Rust functions, by name.";
        types "types": Form::Types(&FIELD) => "Named types.";
        tools "tools": Form::Map(Names::Snake("tool"), &TOOL) => "The tools.";
        allow "allow": Form::DataMap => "Warnings that are meant to be: code to reason.";
    }

    /// A way to connect.
    Auth AUTH "auth.NAME" {
        kind "kind" must: Form::OneOf(&["oauth2", "oauth2_client", "jwt_bearer", "api_key", "basic", "aws_sigv4", "custom", "none"]) => "Scheme.";
        about "about": Form::Text => "What the person has to bring.";
        authorize_url "authorize_url": Form::Text => "Where the person says yes (oauth2).";
        token_url "token_url": Form::Text => "Token endpoint (oauth2, oauth2_client, jwt_bearer).";
        revoke_url "revoke_url": Form::Text => "Revocation endpoint (oauth2).";
        issuer "issuer": Form::Text => "Issuer that the provider names in each callback, RFC 9207 (oauth2); a callback without it is refused.";
        authorize_params "authorize_params": Form::DataMap => "Extra parameters of the authorize url.";
        token_params "token_params": Form::DataMap => "Extra parameters of token requests; `grant_type` where a client's own has another name.";
        token_body "token_body": Form::OneOf(&["form", "json"]) => "Encoding of token requests; default form.";
        client_auth "client_auth": Form::OneOf(&["body", "basic"]) => "Where client id and secret go; default body.";
        pkce "pkce": Form::Bool => "Default true.";
        scope_separator "scope_separator": Form::Data => "Default one space.";
        scopes "scopes": Form::Map(Names::Free, &SCOPE) => "Scopes of this way alone, by short name.";
        tokens "tokens": Form::Map(Names::Snake("token"), &TOKEN) => "Tokens in the reply; default one named `default`.";
        granted_scopes "granted_scopes": Form::Expression => "Scopes a reply says the token has.";
        refresh "refresh": Form::One(&REFRESH) => "How refresh tokens of the provider behave.";
        secrets "secrets": Form::Fields(Names::Snake("secret"), &FIELD) => "Secrets the person types in; default one named `key`, for basic `username` and `password`, for aws_sigv4 `access_key_id` and `secret_access_key`, for jwt_bearer `client_email` and `private_key`, with `private_key_id` beside them where the server wants it.";
        claims "claims": Form::DataMap => "Claims of the assertion that `private_key` signs (jwt_bearer): texts of secrets and account values, left out where a value is absent. Default `iss: $secret.client_email`, and as `aud` the token url.";
        token "token": Form::Text => "Name of the token that this scheme gives.";
        region "region": Form::Text => "Region of an AWS signature (aws_sigv4), such as `$account.region`.";
        service "service": Form::Text => "Service of an AWS signature (aws_sigv4), such as `s3`.";
        sign "sign": Form::Text => "Rust function that signs each request (custom).";
        apply "apply": Form::One(&APPLY) => "How a request is authenticated; default Authorization: Bearer.";
    }

    /// A scope.
    Scope SCOPE "scopes.NAME" {
        value "value": Form::Text => "Scope on the wire; default the name.";
        about "about" must: Form::Text => "What it allows, for the consent page.";
        covers "covers": Form::Texts => "Scopes it includes.";
        always "always": Form::Bool => "Ask for it always.";
    }

    /// A token of a token reply.
    Token TOKEN "auth.NAME.tokens.NAME" {
        at "at" must: Form::Expression => "Where in the token reply.";
        scope_param "scope_param": Form::Text => "Name of the scope parameter in the authorize url; default scope.";
        scopes "scopes": Form::Expression => "Where in the token reply its granted scopes are; default `scope` beside it.";
    }

    /// Behavior of refresh tokens.
    Refresh REFRESH "auth.NAME.refresh" {
        rotation "rotation": Form::OneOf(&["none", "grace", "strict"]) => "Whether a refresh replaces the refresh token; default strict.";
        grace "grace": Form::TimeSpan => "For how long a replaced one still works; a lost answer is asked for again until then.";
        old_token_dies "old_token_dies": Form::Bool => "Whether a refresh kills the old access token.";
        default_lifetime "default_lifetime": Form::TimeSpan => "Life of an access token where the reply does not say.";
        idle "idle": Form::TimeSpan => "After which an unused refresh token dies.";
    }

    /// How a request is authenticated.
    Apply APPLY "auth.NAME.apply" {
        headers "headers": Form::DataMap => "Headers made of secrets, and of the connection's `$client.id` where the provider wants that beside them.";
        query "query": Form::DataMap => "Query parameters made of the same.";
        path "path": Form::Text => "One segment made of secrets, between `base_url` and the path of every request (api_key).";
        user "user": Form::Text => "User of HTTP Basic (basic); default `$secret.username`.";
        password "password": Form::Text => "Password of HTTP Basic (basic); empty where only `user` is written.";
    }

    /// What is known about an account.
    Account ACCOUNT "account" {
        fields "fields": Form::Fields(Names::Snake("account field"), &FIELD) => "Asked of the person before connecting.";
        from_token "from_token": Form::Map(Names::Snake("account value"), &DERIVED) => "Read from the token reply.";
        check "check": Form::One(&CHECK) => "Request that proves the account works and says whose it is.";
    }

    /// A value of the token reply.
    Derived DERIVED "account value" {
        ty "type" must: Form::Type => "Its type; a text.";
        value "value" must: Form::Expression => "Where in the token reply, or in that of the check.";
    }

    /// The request that proves an account works.
    Check CHECK "account.check" {
        request "request" must: Form::One(&REQUEST) => "The request.";
        scopes "scopes": Form::Texts => "Scopes it needs.";
        choose "choose": Form::Expression => "List to choose one of; the item is `$choice` below.";
        id "id" must: Form::Template => "Stable id of the account.";
        label "label" must: Form::Template => "Name for people.";
        set "set": Form::Map(Names::Snake("account value"), &DERIVED) => "More account values.";
    }

    /// Defaults of requests.
    Http HTTP "http" {
        base_url "base_url" must: Form::Text => "Start of every relative path.";
        hosts "hosts": Form::Texts => "Further hosts that requests may go to; the host of `base_url` always may.";
        headers "headers": Form::DataMap => "Headers of every request.";
        query "query": Form::DataMap => "Query of every request.";
        lists "lists": Form::OneOf(&["repeat", "comma", "brackets"]) => "Lists in queries and forms: a=1&a=2, a=1,2 or a[]=1&a[]=2; default repeat.";
        timeout "timeout": Form::TimeSpan => "Default 30s.";
        rate "rate": Form::Rate => "Bucket each request draws on.";
    }

    /// A rate limit.
    Rate RATE "rates.NAME" {
        limit "limit" must: Form::Limit => "e.g. 50/min.";
        per "per": Form::OneOf(&["account", "request", "app"]) => "What is counted together: all an account sends (`account`), what it sends from one place of the file (`request`), or what all accounts send (`app`). Default account.";
    }

    /// How errors are read.
    Errors ERRORS "errors" {
        body "body": Form::Type => "Type of error bodies.";
        fail_when "fail_when": Form::Expression => "A 2xx reply is an error when this holds.";
        code "code": Form::Expression => "Code of the provider.";
        message "message": Form::Expression => "Message of the provider.";
        scopes "scopes": Form::Expression => "Scopes that were missing.";
        retry_at "retry_at": Form::Expression => "When to try again.";
        map "map": Form::ErrorMap(&ERROR_CODE) => "Code to kind.";
    }

    /// An error kind with a hint.
    ErrorCode ERROR_CODE "error kind with a hint" {
        kind "kind" must: Form::OneOf(ERROR_KINDS) => "What the code means.";
        hint "hint": Form::Text => "What the agent should do.";
    }

    /// A hook.
    Hook HOOK "hooks.NAME" {
        about "about" must: Form::Text => "What it does.";
        args "args" must: Form::Fields(Names::Snake("argument"), &FIELD) => "Its arguments.";
        returns "returns" must: Form::Type => "What it gives.";
    }

    /// A tool.
    Tool TOOL "tools.NAME" {
        title "title": Form::Text => "Name for people.";
        about "about": Form::Text => "What it does and when to use it; the model reads this.";
        access "access" must: Form::OneOf(&["read", "write", "delete"]) => "Effect on the account.";
        repeatable "repeatable": Form::Bool => "Doing it twice is the same as once; default true for read.";
        private "private": Form::Bool => "Only for other tools of this file.";
        token "token": Form::Text => "Token of its requests; default the first.";
        scopes "scopes": Form::Texts => "Scopes it needs.";
        input "input" must: Form::Fields(Names::Snake("input"), &FIELD) => "Inputs.";
        request "request": Form::One(&REQUEST) => "Its one request; the reply is `response`.";
        steps "steps": Form::Map(Names::Snake("step"), &STEP) => "Or several steps, in order.";
        handler "handler": Form::Text => "Or a function of the trait Hooks that does it all, in async Rust.";
        output "output": Form::TypeOrFields(&FIELD) => "Type of the result; default that of the last step.";
        result "result": Form::Template => "Value of the result; default the last step.";
        errors "errors": Form::ErrorMap(&ERROR_CODE) => "More codes for this tool.";
        examples "examples": Form::List(&EXAMPLE) => "Examples; each is a test.";
        allow "allow": Form::DataMap => "Warnings of this tool that are meant to be: code to reason.";
        aka "aka": Form::Texts => "Old names that still work.";
        deprecated "deprecated": Form::One(&DEPRECATED) => "It still works, and is not offered any more.";
    }

    /// Why a tool is not offered any more.
    Deprecated DEPRECATED "tools.NAME.deprecated" {
        since "since" must: Form::Version => "Version of the connector from which on it is not offered.";
        instead "use": Form::Text => "The tool to use in its place.";
        note "note": Form::Text => "What else there is to say.";
    }

    /// A step.
    Step STEP "steps.NAME" {
        each "each": Form::Text => "`x in $list`: once for every x; gives a list.";
        parallel "parallel": Form::Int => "At most so many at a time; default 4.";
        skip "skip": Form::ErrorKinds => "Error kinds that leave this one out.";
        when "when": Form::Expression => "Only if this holds; gives an option.";
        request "request": Form::One(&REQUEST) => "Sends a request.";
        call "call": Form::Text => "A tool of this file.";
        hook "hook": Form::Text => "A hook.";
        with "with": Form::Templates => "Arguments of call or hook.";
    }

    /// A request.
    Request REQUEST "request" {
        get "get": Form::Text => "Path after base_url.";
        post "post": Form::Text => "Path after base_url.";
        put "put": Form::Text => "Path after base_url.";
        patch "patch": Form::Text => "Path after base_url.";
        delete "delete": Form::Text => "Path after base_url.";
        token "token": Form::Text => "Name of a token, or none.";
        query "query": Form::Templates => "Query parameters; absent ones are left out.";
        headers "headers": Form::Templates => "Headers.";
        json "json": Form::Template => "JSON body.";
        form "form": Form::Templates => "Form body.";
        multipart "multipart": Form::Templates => "Multipart body: texts, and bytes or files as parts with a media type.";
        raw "raw": Form::Text => "Bytes, a text or a file as they are; a file brings its media type.";
        graphql "graphql": Form::One(&GRAPHQL) => "GraphQL query as the body.";
        returns "returns" must: Form::Type => "Type of the JSON reply; or text, bytes, none.";
        errors "errors": Form::One(&ERRORS) => "How its errors are read, in place of `errors` of the file.";
        page "page": Form::One(&PAGE) => "Follow pages.";
        poll "poll": Form::One(&POLL) => "Send it again and again until something is done.";
        rate "rate": Form::Rate => "Bucket it draws on; default that of `http`.";
        idempotency "idempotency": Form::Text => "Header with a key that is new for each request and the same when it is sent again.";
        timeout "timeout": Form::TimeSpan => "Of one attempt; default that of `http`.";
        max_body "max_body": Form::Size => "Largest body; default 1MiB.";
        max_reply "max_reply": Form::Size => "Largest reply; default 10MiB.";
    }

    /// Asking until something is done.
    Poll POLL "request.poll" {
        until "until" must: Form::Expression => "Holds once it is done; from `body`, `status` and `header`.";
        every "every": Form::TimeSpan => "Between two requests; default 2s.";
        at_most "for": Form::TimeSpan => "What it waits in all; default 30s. A call as a whole may take 60s.";
    }

    /// A GraphQL query.
    Graphql GRAPHQL "request.graphql" {
        query "query" must: Form::Text => "The query as GraphQL; `$name` in it is a variable of GraphQL.";
        variables "variables": Form::Templates => "Values of its variables; absent ones are left out.";
    }

    /// Following pages.
    Page PAGE "request.page" {
        items "items" must: Form::Expression => "The items of one page.";
        next "next" must: Form::ExpressionOr(PAGE_WORDS) => "Token or address of the next page in the reply; or link: the Link header has its address; or offset, number: items or pages are counted.";
        more "more": Form::Expression => "Goes on only while this holds. Without it, counting (`offset`, `number`) ends at a page that is shorter than asked for, or empty.";
        send "send": Form::Text => "Where the token or count goes: query.x, body.x or body.x.y; or url where `next` is an address.";
        start "start": Form::Int => "What counting starts from; default 0 for offset, 1 for number.";
        size "size": Form::Text => "Where the page size goes: query.x or body.x.";
        max_size "max_size": Form::Int => "Largest page size.";
        limit "limit" must: Form::Expression => "How many items to get at most.";
        from "from": Form::Expression => "What the call before gave as `next`.";
    }

    /// A field in its long form.
    Field FIELD "field" {
        ty "type": Form::Type => "Its type; default string where `enum` is written.";
        about "about": Form::Text => "What it means.";
        values "enum": Form::Values => "Allowed values, with or without a note each.";
        default "default": Form::Data => "Value where an input is left out.";
        min "min": Form::Int => "Of the value, or of the length.";
        max "max": Form::Int => "Of the value, or of the length.";
        pattern "pattern": Form::Text => "Regular expression that a text must match.";
        example "example": Form::Data => "A value to show.";
    }

    /// An example.
    Example EXAMPLE "examples[]" {
        name "name" must: Form::Text => "What it shows.";
        account "account": Form::DataMap => "Account values.";
        input "input" must: Form::DataMap => "Arguments.";
        hooks "hooks": Form::DataMap => "Values the hooks give in this example.";
        exchange "exchange" must: Form::List(&EXCHANGE) => "Requests and canned replies.";
        output "output": Form::Data => "The output.";
        error "error": Form::DataMap => "Or the error: at least these keys.";
    }

    /// A request and its reply.
    Exchange EXCHANGE "examples[].exchange[]" {
        expect "expect" must: Form::One(&EXPECT) => "What must be sent.";
        reply "reply" must: Form::One(&REPLY) => "What comes back.";
    }

    /// An expected request.
    Expect EXPECT "expect" {
        get "get": Form::Text => "Path after base_url, or a full url.";
        post "post": Form::Text => "Path after base_url, or a full url.";
        put "put": Form::Text => "Path after base_url, or a full url.";
        patch "patch": Form::Text => "Path after base_url, or a full url.";
        delete "delete": Form::Text => "Path after base_url, or a full url.";
        query "query": Form::DataMap => "All query parameters.";
        headers "headers": Form::DataMap => "Headers that must be there.";
        token "token": Form::Text => "Name of the token, or none.";
        json "json": Form::Data => "Body, equal as JSON.";
        form "form": Form::DataMap => "Body, equal as pairs.";
        multipart "multipart": Form::DataMap => "Body, equal part by part; a file is {name, media_type, data}.";
        raw "raw": Form::Data => "Body, equal as text.";
    }

    /// A canned reply.
    Reply REPLY "reply" {
        status "status": Form::Int => "Default 200.";
        headers "headers": Form::DataMap => "Headers.";
        json "json": Form::Data => "JSON body.";
        text "text": Form::Data => "Text body.";
        bytes "bytes": Form::Data => "Body in base64.";
    }
}
