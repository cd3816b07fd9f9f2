//! What the person has granted so far: codes that wait to be redeemed, tokens that work.

use std::collections::HashMap;
use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom as _, SystemRandom};

/// A code that the browser carries back, to be redeemed once.
pub(super) struct Code {
    /// `redirect_uri` of the authorization request; the token request must repeat it.
    pub(super) redirect_uri: String,
    /// PKCE challenge, where the provider takes PKCE.
    pub(super) challenge: Option<String>,
    /// Scope values asked for, per token of the connector.
    pub(super) scopes: HashMap<String, String>,
}

/// An access token that works.
#[derive(Clone)]
pub(super) struct Access {
    /// Which of the connector's tokens it is.
    pub(super) name: String,
    /// Its scope values.
    pub(super) scopes: String,
    /// Header that lists granted scopes with each reply, and its separator.
    pub(super) scopes_header: Option<(String, String)>,
}

/// All grants of one stand-in; they live as long as it does.
#[derive(Default)]
pub(super) struct Grants {
    /// Codes not redeemed yet.
    pub(super) codes: HashMap<String, Code>,
    /// Access tokens.
    pub(super) access: HashMap<String, Access>,
    /// Refresh tokens, each with what it gives.
    pub(super) refresh: HashMap<String, Access>,
}

impl Grants {
    /// A new access token.
    pub(super) fn give(&mut self, access: &Access) -> io::Result<String> {
        let token = format!("stand-in-access-{}", random()?);
        self.access.insert(token.clone(), access.clone());
        Ok(token)
    }

    /// A new refresh token.
    pub(super) fn give_refresh(&mut self, access: &Access) -> io::Result<String> {
        let token = format!("stand-in-refresh-{}", random()?);
        self.refresh.insert(token.clone(), access.clone());
        Ok(token)
    }
}

/// 192 random bits as text.
pub(super) fn random() -> io::Result<String> {
    let mut bytes = [0_u8; 24];
    SystemRandom::new().fill(&mut bytes).map_err(|_| io::Error::other("the system gives no random bytes"))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
