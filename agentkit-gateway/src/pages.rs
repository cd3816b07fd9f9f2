//! What the pages say.

mod fields;

use std::fmt::Write as _;

use agentkit_runtime::{ConnectedAccount, LinkPage};

use crate::html::{self, Text};

/// The style sheet of all pages.
pub(crate) const STYLE: &str = include_str!("pages/agentkit.css");

/// What went wrong, in the words of a person who is not to blame.
pub(crate) struct Problem {
    title: &'static str,
    what: &'static str,
    next: &'static str,
}

pub(crate) const GONE: Problem = Problem {
    title: "This link does not work",
    what: "The link has expired, or it was not copied whole. Nothing was connected.",
    next: "Go back to where you got it and ask for a new one. Links work for ten minutes at most.",
};
pub(crate) const USED: Problem = Problem {
    title: "This link was used already",
    what: "Every link works once. If it was you, the account may be connected already.",
    next: "If it is not, ask for a new link where you got this one.",
};
pub(crate) const BUSY: Problem = Problem {
    title: "Please try again in a moment",
    what: "The service cannot reach its records right now. Nothing was lost.",
    next: "Wait a minute, then ask for a new link where you got this one.",
};
pub(crate) const UNKEPT: Problem = Problem {
    title: "The account could not be connected",
    what: "The service cannot write to its records right now. What was connected before stays as it is.",
    next: "Wait a minute, then ask for a new link where you got this one.",
};
pub(crate) const FOREIGN_FORM: Problem = Problem {
    title: "This did not come from our page",
    what: "Another page tried to connect an account for you. Nothing was connected.",
    next: "If you want to connect an account, open the link you were given and press the button there.",
};
pub(crate) const REFUSED: Problem = Problem {
    title: "This page was not expected",
    what: "It does not belong to a connection that was begun in this browser, or it took too long. \
           Nothing was connected.",
    next: "Ask for a new link where you got the first one, and open it in this browser.",
};
pub(crate) const DENIED: Problem = Problem {
    title: "Access was not granted",
    what: "You or your organization said no at the provider. Nothing was connected.",
    next: "If that was a mistake, ask for a new link and try again.",
};
pub(crate) const PROVIDER: Problem = Problem {
    title: "The provider could not do it",
    what: "The provider answered with an error of its own. Nothing was connected.",
    next: "Ask for a new link and try again. If it happens again, tell whoever gave you the link.",
};
pub(crate) const CLIENT: Problem = Problem {
    title: "This connection is not set up right",
    what: "The provider does not accept the settings of this service. Nothing was connected.",
    next: "Tell whoever runs this service: client id, client secret, redirect URI and scopes have to be checked.",
};
pub(crate) const CHECK: Problem = Problem {
    title: "The new access does not work",
    what: "The provider gave access and then refused to say whose account it is. Nothing was connected.",
    next: "Ask for a new link, and grant everything the provider asks about.",
};
pub(crate) const OTHER_IDENTITY: Problem = Problem {
    title: "This is a different account",
    what: "You chose another account at the provider than the one that was connected before, or that was asked \
           for. What was connected stays as it is.",
    next: "Ask for a new link and choose the same account, or have the old one disconnected first.",
};
pub(crate) const OTHER_USER: Problem = Problem {
    title: "This link is for somebody else",
    what: "Either you are not signed in, or you are signed in as another person than the one it was made for. \
           Nothing was connected.",
    next: "Sign in as the person it was made for, then open the link again. If somebody sent it to you, leave it.",
};
pub(crate) const TOO_LARGE: Problem = Problem {
    title: "That was too much",
    what: "The form was larger than any secret is. Nothing was connected.",
    next: "Open the link again and type in what it asks for.",
};
pub(crate) const NOTHING: Problem = Problem {
    title: "There is no such page",
    what: "The address leads nowhere.",
    next: "If you followed a link, check that it was copied whole.",
};

/// The page of a link: who links what, and what they allow.
///
/// `mistake` is what was wrong with the secrets that were typed in before.
pub(crate) fn link(root: &str, page: &LinkPage, mistake: Option<&str>) -> String {
    let connector = Text(page.connector);
    let title = format!("Connect {}", page.connector);
    let mut body = format!("<h1>Connect {connector}</h1>\n{}", stand_in(page.stand_in));
    let _ = writeln!(
        body,
        "<p>A {connector} account will be connected for <strong>{}</strong>.</p>\n<dl>\n\
         <dt>Connection</dt><dd>{}</dd>",
        Text(&page.identifier),
        Text(&page.connection),
    );
    for (name, value) in &page.said {
        let _ = writeln!(body, "<dt><code>{}</code></dt><dd>{}</dd>", Text(name), Text(value));
    }
    if let Some(label) = &page.label {
        let _ = writeln!(body, "<dt>Connected before</dt><dd>{}</dd>", Text(label));
    }
    body.push_str("</dl>\n");
    if let Some(mistake) = mistake {
        let _ =
            writeln!(body, "<p role=\"alert\" class=\"mistake\"><strong>Not connected:</strong> {}</p>", Text(mistake));
    }
    if !page.consent {
        return html::page(root, &title, &secrets(body, page));
    }
    if page.scopes.is_empty() {
        let _ = writeln!(body, "<p>On the next page {connector} will ask you to agree.</p>");
    } else {
        let _ = writeln!(body, "<h2>What you will be asked to allow</h2>\n<ul>");
        for scope in &page.scopes {
            let _ = writeln!(body, "<li>{} <code>{}</code></li>", Text(scope.about), Text(scope.value));
        }
        body.push_str("</ul>\n");
    }
    let _ = write!(
        body,
        "<p>Go on only if you asked for this yourself. Whoever sent you this link will be able to use the account \
         in your name.</p>\n\
         <form method=\"post\" autocomplete=\"off\">",
    );
    fields::choices(&mut body, &page.choices);
    fields::inputs(&mut body, &page.fields);
    let _ = writeln!(body, "<button type=\"submit\">Continue to {connector}</button></form>");
    html::page(root, &title, &body)
}

/// The form for secrets. They go from the browser to us, past every agent.
fn secrets(mut body: String, page: &LinkPage) -> String {
    body.push_str("<form method=\"post\" autocomplete=\"off\">\n");
    fields::inputs(&mut body, &page.fields);
    if page.choosing {
        fields::choice(&mut body);
    }
    for secret in &page.secrets {
        let name = Text(secret.name);
        let _ = writeln!(
            body,
            "<p><label for=\"secret-{name}\">Secret <code>{name}</code></label>\n<input type=\"password\" \
             id=\"secret-{name}\" name=\"{name}\" aria-describedby=\"about-{name}\" autocomplete=\"off\" \
             spellcheck=\"false\" required>\n<small id=\"about-{name}\">{}</small></p>",
            Text(secret.about.unwrap_or_default()),
        );
    }
    let _ = write!(
        body,
        "<p>Go on only if you asked for this yourself. Whoever sent you this link will be able to use the account in \
         your name.</p>\n<button type=\"submit\">Connect {}</button></form>\n",
        Text(page.connector),
    );
    body
}

/// The end of the way.
pub(crate) fn linked(root: &str, account: &ConnectedAccount) -> String {
    let who = account.identity().map_or(account.connection(), |identity| &identity.label);
    let body = format!(
        "<h1>Connected</h1>\n{}<p><strong>{}</strong> is connected through <strong>{}</strong>.</p>\n\
         <p>You can close this page.</p>\n",
        stand_in(account.stand_in()),
        Text(who),
        Text(account.connection()),
    );
    html::page(root, "Connected", &body)
}

/// A page that says what happened and what to do.
pub(crate) fn problem(root: &str, problem: &Problem) -> String {
    let body =
        format!("<h1>{}</h1>\n<p>{}</p>\n<p>{}</p>\n", Text(problem.title), Text(problem.what), Text(problem.next));
    html::page(root, problem.title, &body)
}

fn stand_in(stands_in: bool) -> &'static str {
    if stands_in {
        "<p class=\"stand-in\" role=\"note\"><strong>stand-in</strong>: a program on this machine answers in place of \
         the provider. This is not a real account.</p>\n"
    } else {
        ""
    }
}
