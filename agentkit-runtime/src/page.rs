//! Following pages by a token.

use serde_json::Value;

use crate::reader::ReadError;
use crate::reply::read_json;
use crate::request::RequestBuilder;
use crate::retry::{Effect, unread};
use crate::tool_error::{ErrorKind, ToolError};
use crate::wire::{Described, Shape, Wire, field};

/// However many items are asked for, a call follows no more pages than this.
const MAX_PAGES: usize = 1_000;
/// A page may hold more items than were asked for, but not more than this: later steps work on each of them.
const MAX_ITEMS: usize = 1_000;
/// All pages together may be as large as so many replies.
const MAX_REPLIES: u64 = 4;

/// Where a value of a page goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A query parameter.
    Query(&'static str),
    /// A key of the body.
    Body(&'static str),
}

/// How the pages of a request are followed.
#[derive(Debug, Clone)]
pub struct Paging {
    /// Where the token goes.
    pub send: Place,
    /// Where the page size goes, and the largest one.
    pub size: Option<(Place, u32)>,
    /// How many items to get at most.
    pub limit: i64,
    /// The token of the call before.
    pub from: Option<String>,
}

/// The value of a paged request.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pages<I> {
    /// The items of all pages that were read.
    pub items: Vec<I>,
    /// The token to go on from, if there is more.
    pub next: Option<String>,
}

impl<I: Wire + Default + Clone + 'static> Described for Pages<I> {
    const SHAPE: Shape<Self> = Shape::Record(&[
        field("items", |pages: &mut Self| &mut pages.items),
        field("next", |pages: &mut Self| &mut pages.next),
    ]);
}

impl RequestBuilder<'_> {
    /// Sends it once per page, until there are enough items or no more pages.
    ///
    /// # Errors
    ///
    /// A request failed, or the provider gave the same token twice in a row.
    pub async fn pages<T, I>(
        self,
        paging: Paging,
        split: fn(T) -> (Vec<I>, Option<String>),
    ) -> Result<Pages<I>, ToolError>
    where
        T: Wire + Default,
        I: Send,
    {
        let mut walk = Walk::new(paging);
        let mut items: Vec<I> = Vec::new();
        while walk.goes_on(items.len()) {
            let mut page = T::default();
            walk.fetch(&self, items.len(), &mut page).await?;
            let (more, next) = split(page);
            walk.check(more.len(), &self)?;
            items.extend(more);
            walk.turn(next, &self)?;
        }
        // A provider that gives larger pages than it was asked for. The caller was promised at most so many.
        items.truncate(walk.limit);
        Ok(Pages { items, next: walk.token })
    }
}

/// Where the walk over the pages is.
struct Walk {
    paging: Paging,
    limit: usize,
    token: Option<String>,
    pages: usize,
    /// Bytes of all pages so far.
    bytes: u64,
    ended: bool,
}

impl Walk {
    fn new(mut paging: Paging) -> Self {
        let limit = usize::try_from(paging.limit).unwrap_or(0);
        let token = paging.from.take().filter(|token| !token.is_empty());
        Self { paging, limit, token, pages: 0, bytes: 0, ended: false }
    }

    fn goes_on(&self, have: usize) -> bool {
        !self.ended && have < self.limit && self.pages < MAX_PAGES
    }

    async fn fetch(&mut self, request: &RequestBuilder<'_>, have: usize, page: &mut dyn Wire) -> Result<(), ToolError> {
        let mut request = request.again();
        if let Some((place, most)) = self.paging.size {
            let missing = u32::try_from(self.limit - have).unwrap_or(u32::MAX);
            request = request.place(place, Value::from(missing.min(most)));
        }
        if let Some(token) = &self.token {
            request = request.place(self.paging.send, Value::String(token.clone()));
        }
        self.pages += 1;
        let (at, effect, most) = (request.at(), request.effect(), MAX_REPLIES.saturating_mul(request.largest_reply()));
        let reply = request.send().await?;
        self.bytes = self.bytes.saturating_add(reply.body.len() as u64);
        if self.bytes > most {
            let message = format!("the pages have more than {most} bytes together");
            return Err(ToolError::new(ErrorKind::TooLarge, message).with_hint("ask for fewer items").with_at(at));
        }
        read_json(&reply.body, page).map_err(|error| unreadable(&error, effect, at))
    }

    /// A provider that knows no page size may give more than was asked for; one that gives any number is wrong.
    fn check(&self, items: usize, request: &RequestBuilder<'_>) -> Result<(), ToolError> {
        let most = self.limit.max(MAX_ITEMS);
        if items <= most {
            return Ok(());
        }
        let message = format!("the provider gave a page of {items} items, and at most {most} are taken");
        Err(ToolError::new(ErrorKind::TooLarge, message).with_at(request.at()))
    }

    /// Takes the token of the next page; an empty one ends the walk.
    fn turn(&mut self, next: Option<String>, request: &RequestBuilder<'_>) -> Result<(), ToolError> {
        let next = next.filter(|token| !token.is_empty());
        if next.is_some() && next == self.token {
            let message = "the provider gave the same page token twice, so the pages would never end";
            return Err(ToolError::new(ErrorKind::Unavailable, message).with_at(request.at()));
        }
        self.ended = next.is_none();
        self.token = next;
        Ok(())
    }
}

/// A reply that is not what the connector declares.
#[cold]
pub(crate) fn unreadable(error: &ReadError, effect: Effect, at: &'static str) -> ToolError {
    let message = format!("the reply is not what the connector expects: {error}");
    if effect == Effect::Twice {
        // The provider took it. As a plain failure it would be sent once more.
        return unread(&message).with_at(at);
    }
    ToolError::new(ErrorKind::Internal, message)
        .with_hint("the provider may have changed its API; tell whoever keeps this connector")
        .with_at(at)
}
