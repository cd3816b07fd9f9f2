//! Following pages by a token.

use serde_json::Value;

use crate::reply::read_json;
use crate::request::RequestBuilder;
use crate::tool_error::{ErrorKind, ToolError};
use crate::wire::{Described, Shape, Wire, field};

/// However many items are asked for, a call follows no more pages than this.
const MAX_PAGES: usize = 1_000;

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
    ended: bool,
}

impl Walk {
    fn new(mut paging: Paging) -> Self {
        let limit = usize::try_from(paging.limit).unwrap_or(0);
        let token = paging.from.take().filter(|token| !token.is_empty());
        Self { paging, limit, token, pages: 0, ended: false }
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
        let at = request.at();
        let reply = request.send().await?;
        read_json(&reply.body, page).map_err(|error| unreadable(&error, at))
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
pub(crate) fn unreadable(error: &crate::reader::ReadError, at: &'static str) -> ToolError {
    let message = format!("the reply is not what the connector expects: {error}");
    ToolError::new(ErrorKind::Internal, message)
        .with_hint("the provider may have changed its API; tell whoever keeps this connector")
        .with_at(at)
}
