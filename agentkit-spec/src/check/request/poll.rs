//! Asking again until something is done: the request of a step that waits.

use super::replied;
use crate::ast;
use crate::check::cx::Cx;
use crate::check::expr::{Known, Scope};
use crate::diagnostic::Code;
use crate::literal;
use crate::model::{Method, Poll};
use crate::yaml::Node;

/// Milliseconds between two requests, and for all of them, where nothing is said.
const EVERY: u64 = 2_000;
const FOR: u64 = 30_000;
/// What a call may take as a whole.
const CALL: u64 = 60_000;
/// More often is an attack.
const LEAST: u64 = 100;

/// The request that is sent again.
pub(super) struct Polled<'a> {
    pub(super) body: Known,
    pub(super) request: &'a ast::Request<'a>,
    pub(super) method: Option<Method>,
    pub(super) repeatable: bool,
}

/// Checks a poll:
///
/// ```yaml
/// request: {get: "/jobs/${in.id}", returns: Job, poll: {until: "$body.state | eq('done')"}}
/// ```
pub(super) fn poll(cx: &mut Cx<'_>, scope: &Scope<'_>, node: &Node, polled: Polled<'_>) -> Option<Poll> {
    let view = ast::Poll::of(node);
    let at = cx.first_line(node.span);
    if polled.request.page.is_some() {
        cx.error(Code::Polling, at, "a request follows pages or polls, not both").help("make it two steps");
        return None;
    }
    if !matches!(polled.method, None | Some(Method::Get)) && !polled.repeatable {
        cx.error(Code::Polling, at, "polling sends this request again and again, and it changes something")
            .help("start the work in one step and poll with a get in the next, or say `repeatable: true`");
        return None;
    }
    if polled.body == Known::Nothing {
        let returns = polled.request.returns.map_or(at, |returns| returns.span);
        cx.error(Code::Polling, returns, "a poll looks at the reply, so its type must be said")
            .help("returns: {the type of the reply}");
        return None;
    }
    let until = view.until.and_then(|node| until(cx, scope, node, polled.body));
    let span = |node: Option<&Node>| node.and_then(Node::text).and_then(literal::time_span);
    let (every, most) = (span(view.every).unwrap_or(EVERY), span(view.at_most).unwrap_or(FOR));
    if let Some(node) = view.at_most.filter(|_| most > CALL) {
        cx.error(Code::Polling, node.span, "a call may take 60s in all, so a poll cannot take longer").help("for: 45s");
        return None;
    }
    if let Some(node) = view.every.filter(|_| every < LEAST) {
        cx.error(Code::Polling, node.span, "that is more often than a provider bears").help("every: 1s");
        return None;
    }
    if let Some(node) = view.every.or(view.at_most).filter(|_| every > most) {
        cx.error(Code::Polling, node.span, "it would ask only once: `every` is longer than `for`")
            .help("every: 2s, for: 30s");
        return None;
    }
    Some(Poll { until: until?, every_ms: every, for_ms: most })
}

fn until(cx: &mut Cx<'_>, scope: &Scope<'_>, node: &Node, body: Known) -> Option<crate::model::Expr> {
    if replied::is_fixed(scope, node) {
        cx.error(Code::Polling, node.span, "`until` is the same for every reply, so it would never become true")
            .label("not from the reply")
            .help("until: $body.state | eq('done'), or where else the reply says so");
        return None;
    }
    replied::condition(cx, &replied::scope(scope, body), node, (Code::Polling, "until"))
}
