//! A thread and the mail that is answered → the subject and headers of the answer.

/// What an answer needs to know of a mail in its thread.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Answered<'a> {
    pub(super) draft: bool,
    pub(super) subject: Option<&'a str>,
    pub(super) message_id: Option<&'a str>,
    pub(super) references: Option<&'a str>,
}

/// Headers of the answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Headers {
    pub(super) subject: String,
    pub(super) in_reply_to: Option<String>,
    pub(super) references: Option<String>,
}

/// Answers the mail with this Message-ID, else the last of the thread that was sent.
pub(super) fn headers(thread: &[Answered<'_>], in_reply_to: Option<&str>) -> Headers {
    let same = |a: &str, b: &str| a.trim().trim_matches(['<', '>']) == b.trim().trim_matches(['<', '>']);
    let named = thread.iter().find(|mail| match (mail.message_id, in_reply_to) {
        (Some(id), Some(wanted)) => same(id, wanted),
        _ => false,
    });
    let last = || thread.iter().rev().find(|mail| !mail.draft);
    // An id from outside the thread still is what the caller asked to answer.
    let mail = match in_reply_to {
        Some(wanted) => named.copied().unwrap_or(Answered { message_id: Some(wanted), ..subject_of(last()) }),
        None => last().copied().unwrap_or_default(),
    };
    Headers {
        subject: subject(mail.subject.unwrap_or_default()),
        in_reply_to: mail.message_id.map(str::to_owned),
        references: mail.references.map(str::to_owned),
    }
}

fn subject_of<'a>(mail: Option<&Answered<'a>>) -> Answered<'a> {
    Answered { subject: mail.and_then(|mail| mail.subject), ..Answered::default() }
}

/// Gmail starts a new thread where the subject differs by more than this prefix.
fn subject(of: &str) -> String {
    let of = of.trim();
    let answered = of.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("re:"));
    if answered { of.to_owned() } else { format!("Re: {of}").trim_end().to_owned() }
}

#[cfg(test)]
mod tests;
