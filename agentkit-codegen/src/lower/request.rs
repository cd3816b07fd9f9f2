//! Requests: the chain of calls that builds and sends one.

use agentkit_spec::model::{
    Action, Address, Body, Draw, Expr, IntForm, Method, Next, Page, Part, PathPart, Place, Poll, Position, Raw,
    Request, Returns, Root, Template, Ty,
};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::expr::{Want, chain, condition};
use super::scope::{Scope, meet};
use super::template::{as_json, object, owned, sent};
use super::types::{self, rust};
use super::value::Form;
use super::{coerce, expr};

/// What a request need not say, since the tool or the connector says it.
#[derive(Debug)]
pub(crate) struct Usual<'a> {
    /// Name of the token.
    pub(crate) token: &'a str,
    /// Draws of the connector's `http.rate`.
    pub(crate) rate: &'a [Draw],
    /// Whether the tool may be done twice.
    pub(crate) repeatable: bool,
}

/// Rust of a future of the reply: `cx.get(…)…reply()`, without its `.await`.
pub(crate) fn lower(scope: &mut Scope<'_>, request: &Request, usual: &Usual<'_>) -> TokenStream {
    let end = end(scope, request);
    let body = body(scope, &request.body);
    let headers = pairs(scope, "header", &request.headers);
    let query = pairs(scope, "query", &request.query);
    let start = start(scope, request);
    let options = options(request, usual);
    let errors = request.errors.as_ref().map(|errors| {
        let errors = super::errors::of_request(scope.types, errors);
        quote!(.errors(#errors))
    });
    quote!(#start #(#query)* #(#headers)* #body #(#options)* #errors #end)
}

/// `gmail.yaml:123`.
pub(crate) fn at(position: &Position) -> String {
    format!("{}:{}", position.file, position.line)
}

fn start(scope: &mut Scope<'_>, request: &Request) -> TokenStream {
    let at = at(&request.at);
    match &request.address {
        Address::Path(parts) => {
            let verb = verb(request.method);
            let (first, rest) = match parts.split_first() {
                Some((PathPart::Text(text), rest)) => (text.as_str(), rest),
                _ => ("", parts.as_slice()),
            };
            let mut rest: Vec<TokenStream> = rest
                .iter()
                .rev()
                .map(|part| match part {
                    PathPart::Text(text) => quote!(.path(#text)),
                    PathPart::Segment(expr) => {
                        let name = segment_name(expr);
                        let value = sent(scope, expr);
                        quote!(.segment(#name, #value))
                    }
                })
                .collect();
            rest.reverse();
            quote!(cx.#verb(#at, #first) #(#rest)*)
        }
        Address::Url(url) => {
            let verb = format_ident!("{}_url", verb(request.method));
            let url = chain(scope, url, Want::See).val.text();
            quote!(cx.#verb(#at, #url))
        }
    }
}

fn segment_name(expr: &Expr) -> String {
    match &expr.root {
        Root::Input(name) => name.clone(),
        _ => expr.source.clone(),
    }
}

fn pairs(scope: &mut Scope<'_>, call: &str, pairs: &[(String, Template)]) -> Vec<TokenStream> {
    let call = format_ident!("{call}");
    let mut calls: Vec<TokenStream> = pairs
        .iter()
        .rev()
        .map(|(name, value)| {
            let value = as_json(scope, value);
            quote!(.#call(#name, #value))
        })
        .collect();
    calls.reverse();
    calls
}

fn body(scope: &mut Scope<'_>, body: &Body) -> TokenStream {
    match body {
        Body::None => TokenStream::new(),
        Body::Json(template) => {
            let value = super::template::json(scope, template);
            quote!(.json(#value))
        }
        Body::Form(fields) => {
            let fields = object(scope, fields);
            quote!(.form(#fields))
        }
        Body::Multipart(parts) => {
            let mut puts: Vec<TokenStream> = parts
                .iter()
                .rev()
                .map(|(name, part)| match part {
                    Part::Text(template) => {
                        let value = as_json(scope, template);
                        quote!(.put(#name, #value))
                    }
                    Part::File(expr) => {
                        let value = chain(scope, expr, Want::See).into_json();
                        quote!(.file(#name, #value))
                    }
                })
                .collect();
            puts.reverse();
            quote!(.multipart(Parts::new() #(#puts)*))
        }
        Body::Raw(Raw::Bytes(bytes)) => {
            let bytes = seen(scope, bytes);
            quote!(.raw(#bytes))
        }
        Body::Raw(Raw::File(file)) => {
            let file = seen(scope, file);
            quote!(.raw_file(#file))
        }
        Body::Raw(Raw::Text(text)) => {
            let text = owned(scope, text, &Ty::String);
            quote!(.raw_text(#text))
        }
    }
}

/// Rust of a reference to a value that is always there.
fn seen(scope: &mut Scope<'_>, expr: &Expr) -> TokenStream {
    let val = chain(scope, expr, Want::See).val;
    let code = &val.code;
    if val.form == Form::Ref { code.clone() } else { quote!(&#code) }
}

fn options(request: &Request, usual: &Usual<'_>) -> Vec<TokenStream> {
    let mut calls = Vec::new();
    match &request.token {
        // A whole address never carries a token; there is nothing to say.
        None if matches!(request.address, Address::Url(_)) => {}
        None => calls.push(quote!(.no_token())),
        Some(token) if token != usual.token => calls.push(quote!(.token(#token))),
        Some(_) => {}
    }
    if request.rate != usual.rate {
        let draws = request.rate.iter().map(|draw| {
            let (rate, cost) = (&draw.rate, types::number(draw.cost));
            quote!((#rate, #cost))
        });
        calls.push(quote!(.rate(&[#(#draws),*])));
    }
    if let Some(header) = &request.idempotency {
        calls.push(quote!(.idempotency(#header)));
    }
    if request.repeatable && !usual.repeatable {
        calls.push(quote!(.repeatable()));
    }
    let numbers =
        [("timeout_ms", request.timeout_ms), ("max_body", request.max_body), ("max_reply", request.max_reply)];
    for (name, number) in numbers {
        if let Some(number) = number {
            let (name, number) = (format_ident!("{name}"), types::number(number));
            calls.push(quote!(.#name(#number)));
        }
    }
    calls
}

fn end(scope: &mut Scope<'_>, request: &Request) -> TokenStream {
    let ty = match &request.returns {
        Returns::Json(ty) => ty,
        Returns::None => return quote!(.nothing()),
        Returns::Text => return quote!(.text()),
        Returns::Bytes => return quote!(.bytes()),
    };
    if let Some(poll) = &request.poll {
        return polled(scope, poll, &rust(ty));
    }
    let Some(page) = &request.page else { return quote!(.reply()) };
    let paging = paging(scope, page, &request.body);
    let split = split(scope, page, &rust(ty));
    match &page.next {
        Next::Token { .. } | Next::Address(_) | Next::Link => quote!(.pages(#paging, #split)),
        Next::Offset { start, .. } => {
            let start = types::number(*start);
            quote!(.pages_by_offset(#start, #paging, #split))
        }
        Next::Number { start, .. } => {
            let start = types::number(*start);
            quote!(.pages_by_number(#start, #paging, #split))
        }
    }
}

/// `.poll(2000, 30000, Until::Body(|body: &Job, _| body.state == "done"))`.
fn polled(scope: &Scope<'_>, poll: &Poll, of: &TokenStream) -> TokenStream {
    let mut scope = Scope::new(scope.types);
    scope.lenient = true;
    scope.bind(Root::Body, quote!(body), Form::Ref);
    let done = condition(&mut scope, &poll.until);
    let (every, most) = (types::number(poll.every_ms), types::number(poll.for_ms));
    if !scope.is_used_later(&Root::Body) {
        // It is told before the body is read: many answer something else until they are done.
        return quote!(.poll(#every, #most, Until::Reply(|reply| #done)));
    }
    let reply = if scope.sees_reply() { quote!(reply) } else { quote!(_) };
    quote!(.poll(#every, #most, Until::Body(|body: &#of, #reply| #done)))
}

fn paging(scope: &mut Scope<'_>, page: &Page, body: &Body) -> TokenStream {
    let from = page.from.as_ref().map(|from| {
        let opt = Ty::Opt(Box::new(Ty::String));
        expr::owned(scope, from, &opt)
    });
    let from = from.unwrap_or_else(|| quote!(None));
    let limit = chain(scope, &page.limit, Want::Own);
    let limit = coerce::owned(limit, &Ty::Int(IntForm::Number));
    let send = match &page.next {
        Next::Token { send, .. } | Next::Offset { send, .. } | Next::Number { send, .. } => place(send, body),
        Next::Address(_) | Next::Link => quote!(Place::Url),
    };
    let size = page.size.as_ref().map(|size| {
        let (size, most) = (place(size, body), types::number(page.max_size.unwrap_or(u32::MAX)));
        quote!(Some((#size, #most)))
    });
    let size = size.unwrap_or_else(|| quote!(None));
    quote!(Paging { send: #send, size: #size, limit: #limit, from: #from })
}

fn place(place: &Place, body: &Body) -> TokenStream {
    match (place, body) {
        (Place::Query(name), _) => quote!(Place::Query(#name)),
        // The keys of a form are flat: `filter[after]`.
        (Place::Body(path), Body::Form(_)) => {
            let (first, rest) = path.split_first().map_or(("", &[][..]), |(first, rest)| (first.as_str(), rest));
            let name = rest.iter().fold(first.to_owned(), |name, key| format!("{name}[{key}]"));
            quote!(Place::Body(&[#name]))
        }
        (Place::Body(path), _) => quote!(Place::Body(&[#(#path),*])),
    }
}

/// The items of one page and what it says of the next:
/// `|body: DraftList, _| (body.drafts, body.next_page_token)`.
fn split(scope: &Scope<'_>, page: &Page, of: &TokenStream) -> TokenStream {
    let mut scope = Scope::new(scope.types);
    scope.lenient = true;
    scope.bind(Root::Body, quote!(body), Form::Own);
    // What is looked at inside the items is read before they are moved.
    let leading = match &page.next {
        Next::Token { token, .. } => Some(token),
        Next::Address(address) => Some(address),
        Next::Link | Next::Offset { .. } | Next::Number { .. } => None,
    };
    let first = leading.into_iter().chain(&page.more).any(|expr| meet(expr, &page.items));
    let mut items = first.then(|| items(&mut scope, page));
    let next = onward(&mut scope, page);
    let items = items.get_or_insert_with(|| self::items(&mut scope, page));
    let reply = if scope.sees_reply() || page.next == Next::Link { quote!(reply) } else { quote!(_) };
    if first {
        quote!(|body: #of, #reply| {
            let next = #next;
            (#items, next)
        })
    } else {
        quote!(|body: #of, #reply| (#items, #next))
    }
}

fn items(scope: &mut Scope<'_>, page: &Page) -> TokenStream {
    let items = chain(scope, &page.items, Want::Own);
    if items.is_opt() {
        let items = items.owned();
        quote!(#items.unwrap_or_default())
    } else {
        items.owned()
    }
}

/// The token or address of the next page; where pages are counted, whether there is one.
fn onward(scope: &mut Scope<'_>, page: &Page) -> TokenStream {
    let text = Ty::Opt(Box::new(Ty::String));
    let next = match &page.next {
        Next::Token { token, .. } => expr::owned(scope, token, &text),
        Next::Address(address) => expr::owned(scope, address, &text),
        Next::Link => quote!(reply.next_link()),
        Next::Offset { .. } | Next::Number { .. } => {
            let more = page.more.as_ref().map(|more| condition(scope, more));
            return more.map_or_else(|| quote!(None), |more| quote!(Some(#more)));
        }
    };
    match &page.more {
        Some(more) => {
            let more = condition(scope, more);
            quote!(if #more { #next } else { None })
        }
        None => next,
    }
}

fn verb(method: Method) -> Ident {
    let name = match method {
        Method::Get => "get",
        Method::Post => "post",
        Method::Put => "put",
        Method::Patch => "patch",
        Method::Delete => "delete",
    };
    format_ident!("{name}")
}

/// Type of what an action gives for one item: the type in `Vec<BoxFuture<…>>`.
pub(crate) fn gives(action: &Action, of: &super::tool::Known<'_>) -> TokenStream {
    match action {
        Action::Request(request) => match (&request.page, request.returns.ty()) {
            (Some(page), _) => {
                let item = rust(&page.item);
                quote!(Pages<#item>)
            }
            (None, Some(ty)) => rust(&ty),
            (None, None) => quote!(()),
        },
        Action::Call { tool, .. } => of.tool(tool).map_or_else(|| quote!(()), |tool| rust(&tool.output)),
        Action::Hook { hook, .. } => of.hook(hook).map_or_else(|| quote!(()), |hook| rust(&hook.returns)),
        // It is the only step, and no `each` goes with it.
        Action::Handler { .. } => quote!(()),
    }
}
