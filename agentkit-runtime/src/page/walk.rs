//! A walk over pages: where it is, what it asks for next, and when it ends.
//!
//! No item is lost between two calls. A page that holds more than was still wanted is asked for again by the call
//! that goes on, which leaves out what the first one took.

use std::ops::Range;

use serde_json::Value;
use url::Url;

use super::{Paging, mark, unreadable};
use crate::reply::read_json;
use crate::request::RequestBuilder;
use crate::tool_error::{ErrorKind, ToolError};
use crate::transport::HttpReply;
use crate::wire::Wire;

/// However many items are asked for, a call follows no more pages than this.
const MAX_PAGES: usize = 1_000;
/// A page may hold more items than were asked for, but not more than this: later steps work on each of them.
const MAX_ITEMS: usize = 1_000;

/// What leads from one page to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// A token in the reply.
    Token,
    /// An address in the reply.
    Address,
    /// The place of the next item; the first one is this.
    Offset(u64),
    /// The number of the page; the first one is this.
    Number(u64),
}

/// What a page says of the one after it.
#[derive(Debug)]
pub(super) enum Onward {
    /// Its token or address.
    Next(Option<String>),
    /// Whether there is one; `None`: the provider does not say.
    More(Option<bool>),
}

impl From<Option<String>> for Onward {
    fn from(next: Option<String>) -> Self {
        Self::Next(next.filter(|next| !next.is_empty()))
    }
}

impl From<Option<bool>> for Onward {
    fn from(more: Option<bool>) -> Self {
        Self::More(more)
    }
}

/// Where the next page is.
#[derive(Debug)]
enum At {
    First,
    Token(String),
    Address(Box<Url>),
    Count(u64),
}

/// Where the walk over the pages is.
#[derive(Debug)]
pub(super) struct Walk {
    paging: Paging,
    by: By,
    limit: usize,
    at: At,
    /// Items at the beginning of the next page that the caller has already.
    skip: usize,
    /// Size of numbered pages. The number means nothing without it, so it stays the same on the whole way.
    size: u32,
    pages: usize,
    /// Tokens and addresses so far: a provider that comes back to one of them would go on for ever.
    seen: Vec<String>,
    ended: bool,
}

impl Walk {
    pub(super) fn new(mut paging: Paging, by: By) -> Result<Self, ToolError> {
        let limit = usize::try_from(paging.limit).unwrap_or(0);
        let most = paging.size.map_or(u32::MAX, |(_, most)| most);
        let mut size = u32::try_from(limit).unwrap_or(u32::MAX).clamp(1, most.max(1));
        let start = match by {
            By::Token | By::Address => 0,
            By::Offset(start) | By::Number(start) => start,
        };
        let mut skip = 0;
        let given = paging.from.take().filter(|text| !text.is_empty());
        let at = match (by, given) {
            (By::Token | By::Address, None) => At::First,
            (By::Offset(_) | By::Number(_), None) => At::Count(start),
            (By::Token, Some(text)) => {
                let (had, token) = mark::open(&text).ok_or_else(foreign)?;
                skip = had;
                if token.is_empty() { At::First } else { At::Token(token.to_owned()) }
            }
            (By::Offset(_), Some(text)) => At::Count(text.parse().map_err(|_| foreign())?),
            (By::Number(_), Some(text)) => {
                let (had, page) = mark::open(&text).ok_or_else(foreign)?;
                let (page, of) = page.split_once('x').map_or((page, None), |(page, of)| (page, Some(of)));
                if let Some(of) = of {
                    size = of.parse().ok().filter(|of| (1..=most).contains(of)).ok_or_else(foreign)?;
                }
                skip = had;
                At::Count(page.parse().map_err(|_| foreign())?)
            }
            // The checker lets none through: the address would be a caller's.
            (By::Address, Some(_)) => return Err(foreign()),
        };
        let seen = if let At::Token(token) = &at { vec![token.clone()] } else { Vec::new() };
        Ok(Self { paging, by, limit, at, skip, size, pages: 0, seen, ended: false })
    }

    pub(super) fn goes_on(&self, have: usize) -> bool {
        !self.ended && have < self.limit && self.pages < MAX_PAGES
    }

    pub(super) async fn fetch(
        &mut self,
        request: &RequestBuilder<'_>,
        have: usize,
        page: &mut dyn Wire,
    ) -> Result<HttpReply, ToolError> {
        let mut request = request.again();
        // The address of a page says its size itself.
        if let (Some((place, _)), false) = (self.paging.size, matches!(self.at, At::Address(_))) {
            request = request.place(place, Value::from(self.asked(have)));
        }
        request = match &self.at {
            At::First => request,
            At::Token(token) => request.place(self.paging.send, Value::String(token.clone())),
            At::Count(count) => request.place(self.paging.send, Value::from(*count)),
            At::Address(url) => request.at_page((**url).clone()),
        };
        self.pages += 1;
        let (at, effect) = (request.at(), request.effect());
        let reply = request.send().await?;
        read_json(&reply.body, page).map_err(|error| unreadable(&error, effect, at))?;
        Ok(reply)
    }

    /// The size of the page that is asked for.
    fn asked(&self, have: usize) -> u32 {
        if let By::Number(_) = self.by {
            return self.size;
        }
        let missing = u32::try_from((self.limit - have).saturating_add(self.skip)).unwrap_or(u32::MAX);
        missing.min(self.paging.size.map_or(u32::MAX, |(_, most)| most))
    }

    /// Goes on to what follows a page of `count` items, where there are `have` from the pages before. Gives which of
    /// its items are taken.
    pub(super) fn turn(
        &mut self,
        (count, have): (usize, usize),
        onward: Onward,
        request: &RequestBuilder<'_>,
    ) -> Result<Range<usize>, ToolError> {
        // A provider that knows no page size may give more than was asked for; one that gives any number is wrong.
        // A numbered page has the size of the whole way, however few items are wanted now.
        let size = usize::try_from(self.size).unwrap_or(usize::MAX);
        let most = self.limit.saturating_add(self.skip).max(MAX_ITEMS).max(size);
        if count > most {
            let message = format!("the provider gave a page of {count} items, and at most {most} are taken");
            return Err(ToolError::new(ErrorKind::TooLarge, message).with_at(request.at()));
        }
        let start = self.skip.min(count);
        let end = count.min(start + (self.limit - have));
        if end < count {
            self.stay(end);
        } else {
            let asked = self.paging.size.map(|_| self.asked(have));
            self.skip -= start;
            self.go(onward, (count, asked), request).map_err(|error| error.with_at(request.at()))?;
        }
        Ok(start..end)
    }

    /// There are enough items, and some of this page are left.
    fn stay(&mut self, taken: usize) {
        match (&mut self.at, self.by) {
            (At::Count(count), By::Offset(_)) => *count = count.saturating_add(taken as u64),
            _ => self.skip = taken,
        }
    }

    fn go(
        &mut self,
        onward: Onward,
        (count, asked): (usize, Option<u32>),
        request: &RequestBuilder<'_>,
    ) -> Result<(), ToolError> {
        match onward {
            Onward::Next(None) | Onward::More(Some(false)) => self.ended = true,
            Onward::Next(Some(next)) => {
                if self.seen.contains(&next) {
                    return Err(endless("the provider gave the same page token twice"));
                }
                self.at = match self.by {
                    By::Address => {
                        let here = if let At::Address(url) = &self.at { Some(&**url) } else { None };
                        At::Address(Box::new(request.page_after(here, &next)?))
                    }
                    _ => At::Token(next.clone()),
                };
                self.seen.push(next);
            }
            Onward::More(more) => {
                // Where the provider does not say, a page that is not full is the last one.
                let short = asked.is_some_and(|asked| count < asked as usize);
                self.ended = more.is_none() && (count == 0 || short);
                let step = if let By::Offset(_) = self.by { count as u64 } else { 1 };
                if step == 0 && !self.ended {
                    return Err(endless("the provider says that there is more, and gives nothing"));
                }
                if let At::Count(at) = &mut self.at {
                    *at = at.saturating_add(step);
                }
            }
        }
        Ok(())
    }

    /// What a further call goes on from.
    pub(super) fn rest(self) -> Option<String> {
        if self.ended {
            return None;
        }
        match (self.at, self.by) {
            (_, By::Address) => Some(String::new()),
            (At::Token(token), _) => Some(mark::make(self.skip, &token)),
            (At::Count(count), By::Number(_)) if self.paging.size.is_some() => {
                Some(mark::make(self.skip, &format!("{count}x{}", self.size)))
            }
            (At::Count(count), _) => Some(mark::make(self.skip, &count.to_string())),
            (At::First | At::Address(_), _) => (self.skip > 0).then(|| mark::make(self.skip, "")),
        }
    }
}

/// What a caller goes on from was not given by this tool.
#[cold]
fn foreign() -> ToolError {
    ToolError::invalid("the page token is not one that this tool gave")
        .with_hint("pass it on as it came, or leave it out to begin at the first page")
}

#[cold]
fn endless(what: &str) -> ToolError {
    ToolError::new(ErrorKind::Unavailable, format!("{what}, so the pages would never end"))
}
