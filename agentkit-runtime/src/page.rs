//! Following pages: by a token, by an address, or by counting.

mod link;
mod mark;
mod walk;

use crate::reader::ReadError;
use crate::reply::RawReply;
use crate::request::RequestBuilder;
use crate::retry::{Effect, unread};
use crate::tool_error::{ErrorKind, ToolError};
use crate::wire::{Described, Shape, Wire, field};
use walk::{By, Onward, Walk};

/// Where a value of a page goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A query parameter.
    Query(&'static str),
    /// A key of the body, and keys inside it.
    Body(&'static [&'static str]),
    /// It is the address of the next page.
    Url,
}

/// How the pages of a request are followed.
#[derive(Debug, Clone)]
pub struct Paging {
    /// Where the token or the count goes.
    pub send: Place,
    /// Where the page size goes, and the largest one.
    pub size: Option<(Place, u32)>,
    /// How many items to get at most.
    pub limit: i64,
    /// What the call before gave to go on from.
    pub from: Option<String>,
}

/// The value of a paged request.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pages<I> {
    /// The items of all pages that were read.
    pub items: Vec<I>,
    /// What to go on from, if there is more. Empty where pages are followed by address: an address from a caller
    /// would lead the account's token anywhere on the host.
    pub next: Option<String>,
}

/// Takes a page apart: its items, and what it says of the next one.
pub(crate) type Split<T, I, N> = fn(T, &RawReply<'_>) -> (Vec<I>, N);

impl<I: Wire + Default + Clone + 'static> Described for Pages<I> {
    const SHAPE: Shape<Self> = Shape::Record(&[
        field("items", |pages: &mut Self| &mut pages.items),
        field("next", |pages: &mut Self| &mut pages.next),
    ]);
}

impl RequestBuilder<'_> {
    /// Sends it once per page, until there are enough items or no more pages. `split` takes a page apart: its items,
    /// and the token or address of the next one.
    ///
    /// # Errors
    ///
    /// A request failed, or the provider gave the same token twice.
    pub async fn pages<T, I>(self, paging: Paging, split: Split<T, I, Option<String>>) -> Result<Pages<I>, ToolError>
    where
        T: Wire + Default,
        I: Send,
    {
        let by = if paging.send == Place::Url { By::Address } else { By::Token };
        self.walk(Walk::new(paging, by), split).await
    }

    /// The same where the place of the next item is sent. `split` says whether there is more, if the provider does.
    ///
    /// # Errors
    ///
    /// A request failed, or the provider says that there is more and gives nothing.
    pub async fn pages_by_offset<T, I>(
        self,
        start: u64,
        paging: Paging,
        split: Split<T, I, Option<bool>>,
    ) -> Result<Pages<I>, ToolError>
    where
        T: Wire + Default,
        I: Send,
    {
        self.walk(Walk::new(paging, By::Offset(start)), split).await
    }

    /// The same where the number of the page is sent.
    ///
    /// # Errors
    ///
    /// A request failed.
    pub async fn pages_by_number<T, I>(
        self,
        start: u64,
        paging: Paging,
        split: Split<T, I, Option<bool>>,
    ) -> Result<Pages<I>, ToolError>
    where
        T: Wire + Default,
        I: Send,
    {
        self.walk(Walk::new(paging, By::Number(start)), split).await
    }

    async fn walk<T, I, N>(self, walk: Result<Walk, ToolError>, split: Split<T, I, N>) -> Result<Pages<I>, ToolError>
    where
        T: Wire + Default,
        I: Send,
        N: Into<Onward>,
    {
        let mut walk = walk.map_err(|error| error.with_at(self.at()))?;
        let mut items: Vec<I> = Vec::new();
        while walk.goes_on(items.len()) {
            let mut page = T::default();
            let reply = walk.fetch(&self, items.len(), &mut page).await?;
            let raw = RawReply { status: reply.status, headers: &reply.headers, body: &reply.body };
            let (mut found, next) = split(page, &raw);
            let taken = walk.turn((found.len(), items.len()), next.into(), &self)?;
            found.truncate(taken.end);
            items.extend(found.drain(taken.start..));
        }
        Ok(Pages { items, next: walk.rest() })
    }
}

/// A reply that is not what the connector declares.
#[cold]
pub(crate) fn unreadable(error: &ReadError, effect: Effect, at: &'static str) -> ToolError {
    let message = format!("the reply is not what the connector expects: {error}");
    if effect.adds() {
        // The provider took it. As a plain failure it would be sent once more.
        return unread(&message).with_at(at);
    }
    ToolError::new(ErrorKind::Internal, message)
        .with_hint("the provider may have changed its API; tell whoever keeps this connector")
        .with_at(at)
}

#[cfg(test)]
mod tests;
