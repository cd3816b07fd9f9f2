//! The tables: what the runtime knows of a connector and its tools without running anything.
//!
//! Only what differs from `EMPTY` is written.

use agentkit_spec::model::{
    self, Access, AccountPart, AccountText, Apply, Auth, AuthKind, ClientAuth, Field, Lists, Per, Rotation, SecretPart,
    Token, TokenBody,
};
use proc_macro2::TokenStream;
use quote::quote;

use super::request::at;
use super::tool::{error_kind, usual_token};
use super::types;

/// The fields of the connector's `ConnectorDef`, but `check`, `errors.read` and `tools`.
pub(crate) fn connector(connector: &model::Connector) -> TokenStream {
    let model::Connector { name, title, version, about, file, .. } = connector;
    let docs = some("docs", connector.docs.as_ref());
    let auth = connector.auth.iter().map(auth);
    let fields = list("fields", connector.account.fields.iter().map(asked));
    let from_token = connector.account.from_token.iter().map(|derived| {
        let (name, at, always) = (&derived.name, &derived.at, !matches!(derived.ty, model::Ty::Opt(_)));
        quote!(DerivedDef { name: #name, at: &[#(#at),*], always: #always })
    });
    let from_token = list("from_token", from_token);
    let http = http(&connector.http);
    let rates = list("rates", connector.rates.iter().map(rate));
    quote! {
        name: #name,
        title: #title,
        version: #version,
        about: #about,
        #docs
        file: #file,
        auth: &[#(#auth),*],
        #fields
        #from_token
        http: #http,
        #rates
    }
}

/// What a person is asked before connecting.
fn asked(field: &Field) -> TokenStream {
    let (ty, optional) = match &field.ty {
        model::Ty::Opt(inner) => (&**inner, true),
        ty => (ty, false),
    };
    let name = &field.name;
    let about = some("about", field.about.as_ref());
    let pattern = some("pattern", field.pattern.as_ref());
    let default = some("default", field.default.as_ref().and_then(|value| value.as_str()).map(str::to_owned).as_ref());
    let values = match ty {
        model::Ty::Enum(one) => list(
            "values",
            one.values.iter().map(|(value, note)| {
                let note = option(note.as_ref());
                quote!((#value, #note))
            }),
        ),
        _ => None,
    };
    let optional = optional.then(|| quote!(optional: true,));
    quote!(FieldDef { name: #name, #about #pattern #values #default #optional ..FieldDef::EMPTY })
}

/// The entry of a tool; `run` is the function that runs it.
pub(crate) fn tool(connector: &model::Connector, tool: &model::Tool, run: &TokenStream) -> TokenStream {
    let name = format!("{}_{}", connector.name, tool.name);
    let title = some("title", tool.title.as_ref());
    let about = about(connector, tool);
    let about = (!about.is_empty()).then(|| quote!(about: #about,));
    let aka = list(
        "aka",
        tool.aka.iter().map(|old| {
            let old = format!("{}_{old}", connector.name);
            quote!(#old)
        }),
    );
    let deprecated = tool.deprecated.as_ref().map(|deprecated| {
        let since = &deprecated.since;
        let instead = option(deprecated.instead.as_ref().map(|tool| format!("{}_{tool}", connector.name)).as_ref());
        quote!(deprecated: Some(DeprecatedDef { since: #since, instead: #instead }),)
    });
    let (id, at) = (&connector.name, at(&tool.at));
    let access = match tool.access {
        Access::Read => None,
        Access::Write => Some(quote!(access: Access::Write,)),
        Access::Delete => Some(quote!(access: Access::Delete,)),
    };
    let repeatable = (!tool.repeatable).then(|| quote!(repeatable: false,));
    let private = tool.private.then(|| quote!(private: true,));
    let token = (tool.token != usual_token(connector)).then(|| {
        let token = &tool.token;
        quote!(token: #token,)
    });
    let scopes = list("scopes", tool.scopes.iter().map(|scope| quote!(#scope)));
    // What no agent is shown needs no schema.
    let schemas = (!tool.private).then(|| {
        let (input, portable) = (tool.input_schema.to_string(), tool.portable_schema.to_string());
        let output = tool.output_schema.to_string();
        quote!(input_schema: #input, portable_schema: #portable, output_schema: #output,)
    });
    let errors = list("errors", tool.errors.iter().map(code));
    let examples = list(
        "examples",
        tool.examples.iter().map(|example| {
            let (name, input) = (&example.name, example.input.to_string());
            quote!(ExampleDef { name: #name, input: #input })
        }),
    );
    quote! {
        ToolDef {
            name: #name,
            #title
            #about
            connector: #id,
            at: #at,
            #access
            #repeatable
            #private
            #token
            #scopes
            #schemas
            #errors
            #examples
            #aka
            #deprecated
            run: #run,
            ..ToolDef::EMPTY
        }
    }
}

/// What it does, and that it is on its way out.
pub(crate) fn about(connector: &model::Connector, tool: &model::Tool) -> String {
    let Some(deprecated) = &tool.deprecated else { return tool.about.clone() };
    let instead = deprecated.instead.as_ref().map(|tool| format!("; use `{}_{tool}`", connector.name));
    let note = deprecated.note.as_ref().map(|note| format!(" {note}"));
    let (instead, note) = (instead.unwrap_or_default(), note.unwrap_or_default());
    format!("{} Deprecated since {}{instead}.{note}", tool.about.trim_end(), deprecated.since)
}

/// One line of an error map.
pub(crate) fn code(code: &model::ErrorCode) -> TokenStream {
    let (kind, hint) = (error_kind(code.kind), option(code.hint.as_ref()));
    let code = &code.code;
    quote!(CodeDef { code: #code, kind: #kind, hint: #hint })
}

fn auth(auth: &Auth) -> TokenStream {
    let name = &auth.name;
    let kind = match &auth.kind {
        AuthKind::OAuth2(server) => {
            let server = oauth2(server);
            quote!(kind: AuthKindDef::OAuth2(#server),)
        }
        AuthKind::OAuth2Client(server) => {
            let server = oauth2(server);
            quote!(kind: AuthKindDef::OAuth2Client(#server),)
        }
        AuthKind::JwtBearer(bearer) => {
            let (server, secrets) = (oauth2(&bearer.server), bearer.secrets.iter().map(secret));
            let claims = bearer.claims.iter().map(parts);
            quote! {
                kind: AuthKindDef::JwtBearer(JwtBearerDef {
                    server: #server,
                    secrets: &[#(#secrets),*],
                    claims: &[#(#claims),*],
                }),
            }
        }
        AuthKind::Secrets { secrets } => {
            let secrets = secrets.iter().map(secret);
            quote!(kind: AuthKindDef::Secrets { secrets: &[#(#secrets),*] },)
        }
        AuthKind::None => quote!(),
    };
    let about = some("about", auth.about.as_ref());
    let scopes = list("scopes", auth.scopes.iter().map(scope));
    let tokens = auth.tokens.iter().map(token);
    let apply = match &auth.apply {
        Apply::Bearer => None,
        Apply::Basic { user, password } => {
            let (user, password) = (pieces(user), pieces(password));
            Some(quote!(apply: ApplyDef::Basic { user: #user, password: #password },))
        }
        Apply::AwsSigV4 { service, region } => {
            let region = pieces(region);
            Some(quote!(apply: ApplyDef::Signed(SigningDef::AwsSigV4 { service: #service, region: #region }),))
        }
        Apply::Signed { function, .. } => {
            let function = crate::names::ident(function);
            Some(quote!(apply: ApplyDef::Signed(SigningDef::Hook(<H as Hooks>::#function)),))
        }
        Apply::Parts { headers, query, path } => {
            let (headers, query, path) = (headers.iter().map(parts), query.iter().map(parts), pieces(path));
            Some(quote!(apply: ApplyDef::Parts { headers: &[#(#headers),*], query: &[#(#query),*], path: #path },))
        }
    };
    quote!(AuthDef { name: #name, #kind #about #scopes tokens: &[#(#tokens),*], #apply ..AuthDef::EMPTY })
}

fn oauth2(server: &model::OAuth2) -> TokenStream {
    let (authorize_url, token_url) = (text(&server.authorize_url), text(&server.token_url));
    let separator = &server.scope_separator;
    let revoke_url = server.revoke_url.as_ref().map(text).map(|url| quote!(revoke_url: Some(#url),));
    let issuer = server.issuer.as_ref().map(|issuer| quote!(issuer: Some(#issuer),));
    let authorize_params = list("authorize_params", server.authorize_params.iter().map(pair));
    let token_params = list("token_params", server.token_params.iter().map(pair));
    let token_body = match server.token_body {
        TokenBody::Form => None,
        TokenBody::Json => Some(quote!(token_body: TokenBodyDef::Json,)),
    };
    let client_auth = match server.client_auth {
        ClientAuth::Body => None,
        ClientAuth::Basic => Some(quote!(client_auth: ClientAuthDef::Basic,)),
    };
    let pkce = server.pkce;
    let granted =
        server.granted_scopes.as_ref().map(|(header, separator)| quote!(granted_scopes: Some((#header, #separator)),));
    let refresh = refresh(&server.refresh);
    quote! {
        OAuth2Def {
            authorize_url: #authorize_url,
            token_url: #token_url,
            #revoke_url
            #issuer
            #authorize_params
            #token_params
            #token_body
            #client_auth
            pkce: #pkce,
            scope_separator: #separator,
            #granted
            #refresh
            ..OAuth2Def::EMPTY
        }
    }
}

fn refresh(refresh: &model::Refresh) -> TokenStream {
    let rotation = match refresh.rotation {
        Rotation::None => quote!(None),
        Rotation::Grace => quote!(Grace),
        Rotation::Strict => quote!(Strict),
    };
    let seconds = |seconds: Option<u64>| option(seconds.map(types::number));
    let (grace, idle) = (seconds(refresh.grace), seconds(refresh.idle));
    let (lifetime, dies) = (seconds(refresh.default_lifetime), refresh.old_token_dies);
    quote! {
        refresh: RefreshDef {
            rotation: RotationDef::#rotation,
            grace: #grace,
            old_token_dies: #dies,
            default_lifetime: #lifetime,
            idle: #idle,
        },
    }
}

fn secret(secret: &Field) -> TokenStream {
    let (name, about, pattern) = (&secret.name, option(secret.about.as_ref()), option(secret.pattern.as_ref()));
    quote!(SecretDef { name: #name, about: #about, pattern: #pattern })
}

fn scope(scope: &model::Scope) -> TokenStream {
    let model::Scope { name, value, about, .. } = scope;
    let covers = list("covers", scope.covers.iter().map(|name| quote!(#name)));
    let always = scope.always.then(|| quote!(always: true,));
    quote!(ScopeDef { name: #name, value: #value, about: #about, #covers #always ..ScopeDef::EMPTY })
}

fn token(token: &Token) -> TokenStream {
    let (name, param) = (&token.name, &token.scope_param);
    let at = list("at", token.at.iter().map(|key| quote!(#key)));
    let scopes_at = token.scopes_at.as_ref().map(|path| quote!(scopes_at: Some(&[#(#path),*]),));
    quote!(TokenDef { name: #name, #at scope_param: #param, #scopes_at ..TokenDef::EMPTY })
}

fn parts((name, parts): &(String, Vec<SecretPart>)) -> TokenStream {
    let parts = pieces(parts);
    quote!((#name, #parts))
}

fn pieces(parts: &[SecretPart]) -> TokenStream {
    let parts = parts.iter().map(|part| match part {
        SecretPart::Text(text) => quote!(PartDef::Text(#text)),
        SecretPart::Secret(name) => quote!(PartDef::Secret(#name)),
        SecretPart::Account(name) => quote!(PartDef::Account(#name)),
        SecretPart::ClientId => quote!(PartDef::ClientId),
    });
    quote!(&[#(#parts),*])
}

fn http(http: &model::Http) -> TokenStream {
    let (base_url, hosts) = (text(&http.base_url), &http.hosts);
    let host_patterns = list("host_patterns", http.host_patterns.iter().map(|domain| quote!(#domain)));
    let headers = list("headers", http.headers.iter().map(pair));
    let query = list("query", http.query.iter().map(pair));
    let lists = match http.lists {
        Lists::Repeat => None,
        Lists::Comma => Some(quote!(lists: ListsDef::Comma,)),
        Lists::Brackets => Some(quote!(lists: ListsDef::Brackets,)),
    };
    let timeout = types::number(http.timeout_ms);
    let rate = list(
        "rate",
        http.rate.iter().map(|draw| {
            let (rate, cost) = (&draw.rate, types::number(draw.cost));
            quote!((#rate, #cost))
        }),
    );
    quote! {
        HttpDef {
            base_url: #base_url,
            hosts: &[#(#hosts),*],
            #host_patterns
            #headers
            #query
            #lists
            timeout_ms: #timeout,
            #rate
            ..HttpDef::EMPTY
        }
    }
}

fn rate(rate: &model::Rate) -> TokenStream {
    let (name, limit, period) = (&rate.name, types::number(rate.limit), types::number(rate.period));
    let per = match rate.per {
        Per::Account => quote!(Account),
        Per::Request => quote!(Request),
        Per::App => quote!(App),
    };
    quote!(RateDef { name: #name, limit: #limit, period: #period, per: PerDef::#per })
}

fn pair((name, value): &(String, AccountText)) -> TokenStream {
    let value = text(value);
    quote!((#name, #value))
}

/// `TextDef::Fixed("…")`, or its pieces where account values stand in it.
fn text(text: &AccountText) -> TokenStream {
    if let Some(text) = text.as_literal() {
        return quote!(TextDef::Fixed(#text));
    }
    let pieces = text.0.iter().map(|part| match part {
        AccountPart::Text(text) => quote!(PieceDef::Text(#text)),
        AccountPart::Value(name) => quote!(PieceDef::Account(#name)),
    });
    quote!(TextDef::Made(&[#(#pieces),*]))
}

/// `name: Some(value),` or nothing.
fn some(name: &str, value: Option<&String>) -> Option<TokenStream> {
    let name = crate::names::ident(name);
    value.map(|value| quote!(#name: Some(#value),))
}

/// `name: &[…],` or nothing.
fn list(name: &str, items: impl Iterator<Item = TokenStream>) -> Option<TokenStream> {
    let name = crate::names::ident(name);
    let items: Vec<TokenStream> = items.collect();
    (!items.is_empty()).then(|| quote!(#name: &[#(#items),*],))
}

fn option(value: Option<impl quote::ToTokens>) -> TokenStream {
    value.map_or_else(|| quote!(None), |value| quote!(Some(#value)))
}
