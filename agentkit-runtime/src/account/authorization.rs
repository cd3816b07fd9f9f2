//! What the pages of a gateway ask of the runtime: three steps, and nothing about HTTP.

use std::sync::Arc;

use secrecy::SecretString;

use super::{Accounts, Arrival, CallbackFailed, LinkError, LinkPage, Start, SubmitError};

/// The steps of connecting an account in a browser.
#[derive(Debug, Clone, Copy)]
pub struct Authorization<'a> {
    accounts: &'a Arc<Accounts>,
    visitor: Option<&'a str>,
}

impl<'a> Authorization<'a> {
    pub(crate) fn new(accounts: &'a Arc<Accounts>) -> Self {
        Self { accounts, visitor: None }
    }

    /// The identifier of the person who is signed in with the app, as its own session says; for connections whose
    /// users are verified by [`UserVerification::Session`](super::UserVerification::Session).
    #[must_use]
    pub fn signed_in(self, identifier: Option<&'a str>) -> Self {
        Self { visitor: identifier, ..self }
    }

    /// What the page of a link shows. Changes nothing, however often it is asked.
    ///
    /// # Errors
    ///
    /// The link does not work, or the store does not.
    pub async fn link_page(&self, token: &str) -> Result<LinkPage, LinkError> {
        self.accounts.link_page(token, self.visitor).await
    }

    /// The person pressed the button of the page: gives the consent page to go to and the cookie to set.
    ///
    /// # Errors
    ///
    /// The link does not work or was used, or the store does not work.
    pub async fn start(&self, token: &str) -> Result<Start, LinkError> {
        match self.accounts.start(token, Vec::new(), self.visitor).await {
            Ok(start) => Ok(start),
            Err(SubmitError::Link(error)) => Err(error),
            // It was not said what the page asks for.
            Err(_) => Err(LinkError::Gone),
        }
    }

    /// As [`start`](Self::start), with what the person typed into the fields of the page.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start), or what was typed in will not do: then the link still works, for another try.
    pub async fn start_with(&self, token: &str, fields: Vec<(String, SecretString)>) -> Result<Start, SubmitError> {
        self.accounts.start(token, fields, self.visitor).await
    }

    /// The person typed in the secrets that the page asks for. Where the app verifies its users, they are held
    /// until it did.
    ///
    /// # Errors
    ///
    /// The link does not work, or the secrets do not: then the link still does, for another try.
    pub async fn submit(&self, token: &str, secrets: Vec<(String, SecretString)>) -> Result<Arrival, SubmitError> {
        self.accounts.submit(token, secrets, self.visitor).await
    }

    /// The browser came back: `query` as it stands in the address, `cookies` as the header has them.
    ///
    /// # Errors
    ///
    /// [`CallbackError::Refused`](super::CallbackError::Refused) changed nothing. After any other error the link is used up and the account is as
    /// it was before.
    pub async fn callback(&self, connection_id: &str, query: &str, cookies: &str) -> Result<Arrival, CallbackFailed> {
        self.accounts.callback(connection_id, (query, cookies), self.visitor).await
    }
}
