//! The secrets of one credential, and the form in which the vault seals them.

use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use crate::def::{AuthDef, AuthKindDef};

/// Name under which an access token is kept.
pub(super) const ACCESS_TOKEN: &str = "access_token";

/// The secrets of one credential by name, as the vault seals them.
#[derive(Clone)]
pub(crate) struct Secrets(pub(crate) Vec<(String, SecretString)>);

impl Secrets {
    pub(super) const NONE: Self = Self(Vec::new());

    pub(super) fn token(access: SecretString) -> Self {
        Self(vec![(ACCESS_TOKEN.to_owned(), access)])
    }

    /// These and others.
    pub(super) fn and(mut self, others: &Self) -> Self {
        self.0.extend(others.0.iter().cloned());
        self
    }

    /// What is kept beside an access token.
    pub(super) fn keys(&self) -> Self {
        Self(self.0.iter().filter(|(name, _)| name != ACCESS_TOKEN).cloned().collect())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&SecretString> {
        self.0.iter().find(|(other, _)| other == name).map(|(_, secret)| secret)
    }

    /// The secret that a spec names. In an example one secret stands for all of them, and an access token has one
    /// name whatever the spec calls it.
    pub(crate) fn find(&self, name: &str) -> Option<&SecretString> {
        self.get(name).or_else(|| self.get(ACCESS_TOKEN))
    }

    /// Whether these are the secrets of a way to connect; another one may have been configured since they came.
    pub(super) fn are_of(&self, auth: &AuthDef) -> bool {
        match auth.kind {
            AuthKindDef::OAuth2(_) | AuthKindDef::OAuth2Client(_) => {
                self.get(ACCESS_TOKEN).is_some() && self.0.len() == 1
            }
            AuthKindDef::JwtBearer(bearer) => {
                let wanted = bearer.secrets.iter().map(|secret| secret.name).chain([ACCESS_TOKEN]);
                wanted.into_iter().all(|name| self.get(name).is_some())
            }
            AuthKindDef::Secrets { secrets } => secrets.iter().all(|secret| self.get(secret.name).is_some()),
            AuthKindDef::None => true,
        }
    }

    /// Those that requests are made of.
    pub(super) fn for_requests(self, auth: &AuthDef) -> Self {
        match (auth.kind, self.get(ACCESS_TOKEN)) {
            (AuthKindDef::JwtBearer(_), Some(token)) => Self::token(token.clone()),
            _ => self,
        }
    }

    /// The one that goes after `Bearer`: the access token, or the first of those that were typed in.
    pub(super) fn bearer(&self) -> Option<&SecretString> {
        self.get(ACCESS_TOKEN).or_else(|| self.0.first().map(|(_, secret)| secret))
    }

    /// Name and value by turns, each with its length before it.
    pub(super) fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let size = self.0.iter().map(|(name, secret)| name.len() + secret.expose_secret().len() + 8).sum();
        let mut bytes = Zeroizing::new(Vec::with_capacity(size));
        for text in self.0.iter().flat_map(|(name, secret)| [name.as_str(), secret.expose_secret()]) {
            // A secret of 4 GiB was refused long before it came here.
            bytes.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes());
            bytes.extend_from_slice(text.as_bytes());
        }
        bytes
    }

    pub(super) fn from_bytes(mut bytes: &[u8]) -> Option<Self> {
        let mut next = || -> Option<&str> {
            let (length, rest) = bytes.split_first_chunk::<4>()?;
            let (text, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
            bytes = rest;
            std::str::from_utf8(text).ok()
        };
        let mut secrets = Vec::new();
        while let Some(name) = next() {
            secrets.push((name.to_owned(), SecretString::from(next()?)));
        }
        bytes.is_empty().then_some(Self(secrets))
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;
    use crate::def::{JwtBearerDef, OAuth2Def, SecretDef};

    #[test]
    fn secrets_of_one_way_are_none_of_another() {
        const KEYS: &[SecretDef] = &[SecretDef { name: "private_key", ..SecretDef::EMPTY }];
        let bearer = JwtBearerDef { server: OAuth2Def::EMPTY, secrets: KEYS, claims: &[] };
        let signs = AuthDef { kind: AuthKindDef::JwtBearer(bearer), ..AuthDef::EMPTY };
        let typed = AuthDef { kind: AuthKindDef::Secrets { secrets: KEYS }, ..AuthDef::EMPTY };
        let consents = AuthDef { kind: AuthKindDef::OAuth2(OAuth2Def::EMPTY), ..AuthDef::EMPTY };
        let key = Secrets(vec![("private_key".to_owned(), SecretString::from("pem"))]);
        let token = Secrets::token(SecretString::from("at"));
        let both = token.clone().and(&key);
        let table = [(&signs, [false, false, true]), (&typed, [true, false, true]), (&consents, [false, true, false])];
        for (auth, fits) in table {
            assert_eq!([&key, &token, &both].map(|secrets| secrets.are_of(auth)), fits, "{:?}", auth.kind);
        }
        assert_eq!(both.keys().0.len(), 1);
        assert!(both.clone().for_requests(&signs).get("private_key").is_none(), "the key stays sealed");
        assert_eq!(both.for_requests(&signs).bearer().map(ExposeSecret::expose_secret), Some("at"));
    }

    #[test]
    fn secrets_come_back_and_broken_ones_do_not() {
        let secrets =
            Secrets(vec![("key".to_owned(), SecretString::from("sk-1")), ("team".to_owned(), SecretString::from(""))]);
        let bytes = secrets.to_bytes();
        let back = Secrets::from_bytes(&bytes).expect("whole");
        assert_eq!(back.get("key").map(ExposeSecret::expose_secret), Some("sk-1"));
        assert_eq!(back.get("team").map(ExposeSecret::expose_secret), Some(""));
        for cut in 1..bytes.len() {
            // Cut at the end of the first pair it is whole again; nowhere else.
            assert_eq!(Secrets::from_bytes(&bytes[..cut]).is_some(), cut == 15, "{cut}");
        }
    }
}
