//! A thread and the mail that is answered → the subject and headers of the answer.

use super::build::message_id;
use super::charset;
use super::read::header;
use crate::gmail::{HeaderMessage, ReplyHeaders, ReplyHeadersArgs};

/// Answers the mail with the Message-ID that is given, else the last of the thread that was sent.
pub(super) fn headers(args: ReplyHeadersArgs<'_>) -> ReplyHeaders {
    let named = args.messages.iter().find(|mail| match (mail.header("Message-ID"), args.in_reply_to) {
        (Some(id), Some(wanted)) => bare(id) == bare(wanted),
        _ => false,
    });
    let last = args.messages.iter().rev().find(|mail| !mail.label_ids.iter().any(|label| label == "DRAFT"));
    let answered = if args.in_reply_to.is_some() { named } else { last };
    let of_answered = |name: &str| answered.and_then(|mail| mail.header(name));
    // Other people's mails hold ids that are none; an answer without one still goes out.
    let id = of_answered("Message-ID").filter(|id| message_id(id).is_some());
    ReplyHeaders {
        subject: subject(answered.or(last).and_then(|mail| mail.header("Subject")).unwrap_or_default()),
        // An id from outside the thread still is what the caller asked to answer.
        in_reply_to: id.or(args.in_reply_to).map(str::to_owned),
        references: of_answered("References").map(str::to_owned),
    }
}

impl HeaderMessage {
    fn header(&self, name: &str) -> Option<&str> {
        self.payload.as_ref().and_then(|payload| header(&payload.headers, name))
    }
}

fn bare(id: &str) -> &str {
    id.trim().trim_matches(['<', '>'])
}

/// Gmail starts a new thread where the subject differs by more than this prefix.
fn subject(of: &str) -> String {
    let decoded = charset::header_text(of).replace(['\r', '\n', '\0'], " ");
    let of = decoded.trim();
    let answered = of.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("re:"));
    if answered { of.to_owned() } else { format!("Re: {of}").trim_end().to_owned() }
}

#[cfg(test)]
mod tests;
