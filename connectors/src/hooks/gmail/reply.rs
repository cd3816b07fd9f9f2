//! A thread and the mail that is answered → the subject and headers of the answer.

use super::read::header;
use crate::gmail::{HeaderMessage, ReplyHeaders, ReplyHeadersArgs};

/// Answers the mail with the Message-ID that is given, else the last of the thread that was sent.
pub(super) fn headers(args: ReplyHeadersArgs<'_>) -> ReplyHeaders {
    let named = args.messages.iter().find(|mail| match (mail.header("Message-ID"), args.in_reply_to) {
        (Some(id), Some(wanted)) => bare(id) == bare(wanted),
        _ => false,
    });
    let last = args.messages.iter().rev().find(|mail| !mail.label_ids.iter().any(|label| label == "DRAFT"));
    let of = |mail: Option<&HeaderMessage>, name: &str| mail.and_then(|mail| mail.header(name)).map(str::to_owned);
    let answered = if args.in_reply_to.is_some() { named } else { last };
    ReplyHeaders {
        subject: subject(&of(answered.or(last), "Subject").unwrap_or_default()),
        // An id from outside the thread still is what the caller asked to answer.
        in_reply_to: of(answered, "Message-ID").or_else(|| args.in_reply_to.map(str::to_owned)),
        references: of(answered, "References"),
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
    let of = of.trim();
    let answered = of.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("re:"));
    if answered { of.to_owned() } else { format!("Re: {of}").trim_end().to_owned() }
}

#[cfg(test)]
mod tests;
