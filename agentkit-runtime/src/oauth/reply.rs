//! Token replies, read leniently: JSON as RFC 6749 5.1 has it, a form as GitHub sends it unasked, and the
//! nested tokens of Slack.

use secrecy::SecretString;
use serde_json::{Map, Value};

use super::scopes;
use crate::def::{AuthDef, DerivedDef, OAuth2Def, TokenDef};

/// A token reply, parsed but not judged.
pub(crate) struct TokenReply {
    body: Value,
    /// Scopes of the header that the spec names.
    header_scopes: Option<Vec<String>>,
}

/// One token of a reply.
#[derive(Debug)]
pub(crate) struct Grant {
    /// Its name in the spec.
    pub(crate) token: &'static str,
    /// The access token.
    pub(crate) access: SecretString,
    /// The refresh token, where the reply has one.
    pub(crate) refresh: Option<SecretString>,
    /// Life of the access token in milliseconds, where the reply says it.
    pub(crate) lifetime: Option<i64>,
    /// Granted scopes as the provider writes them, where the reply says them.
    pub(crate) scopes: Option<Vec<String>>,
}

/// A code of a provider as a log may show it.
pub(crate) fn shown(code: &str) -> String {
    code.chars().take(64).flat_map(char::escape_default).collect()
}

impl TokenReply {
    /// Reads a body. `None`: it is neither a JSON object nor a form.
    pub(crate) fn read(server: &OAuth2Def, headers: &http::HeaderMap, body: &[u8]) -> Option<Self> {
        let body = match serde_json::from_slice(body) {
            Ok(Value::Object(map)) => Value::Object(map),
            Ok(_) => return None,
            Err(_) => read_form(body)?,
        };
        let header_scopes = scopes::of_header(server, headers);
        Some(Self { body, header_scopes })
    }

    /// The error code of the reply: `error` of RFC 6749 5.2, `errors: [..]` of others.
    pub(crate) fn error(&self) -> Option<&str> {
        // Some write the field beside a token too, with nothing in it.
        let says = |error: &&Value| match error {
            Value::Null | Value::Bool(false) => false,
            Value::String(code) => !code.is_empty(),
            Value::Object(fields) => !fields.is_empty(),
            _ => true,
        };
        let error = self.body.get("error").filter(says);
        let listed = || self.body.get("errors").and_then(Value::as_array).and_then(|errors| errors.first());
        let error = error.or_else(listed)?;
        match error {
            Value::String(code) => Some(code),
            // {"error": {"code": "…"}}
            other => ["code", "type", "status", "error"].iter().find_map(|key| other.get(key)?.as_str()).or(Some("")),
        }
    }

    /// A refinement of the error code: Google's `error_subtype`, Microsoft's `suberror`.
    pub(crate) fn detail(&self) -> Option<&str> {
        ["error_subtype", "suberror"].iter().find_map(|key| self.body.get(key)?.as_str())
    }

    /// The provider's sentence; only for classification, never shown.
    pub(crate) fn description(&self) -> &str {
        self.body.get("error_description").and_then(Value::as_str).unwrap_or_default()
    }

    /// Whether the reply says of itself that it is an error, as Slack's `ok: false`.
    pub(crate) fn says_not_ok(&self) -> bool {
        self.body.get("ok") == Some(&Value::Bool(false))
    }

    /// All tokens of an exchange. A token that the reply lacks is absent, not an error.
    pub(crate) fn grants(&self, auth: &AuthDef, separator: &str) -> Vec<Grant> {
        let tokens: &'static [TokenDef] = auth.tokens;
        tokens.iter().filter_map(|token| self.grant(token, self.at(token.at)?, separator)).collect()
    }

    /// The one token that a refresh was for.
    pub(crate) fn refreshed(&self, token: &'static TokenDef, separator: &str) -> Option<Grant> {
        // A refresh of a nested token may come back nested or at the top.
        [self.at(token.at), Some(&self.body)]
            .into_iter()
            .flatten()
            .find_map(|object| self.grant(token, object, separator))
    }

    /// Values for the account, as texts.
    pub(crate) fn values(&self, wanted: &[DerivedDef]) -> Vec<(&'static str, String)> {
        wanted
            .iter()
            .filter_map(|derived| {
                let text = match self.at(derived.at)? {
                    Value::String(text) => text.clone(),
                    Value::Number(number) => number.to_string(),
                    Value::Bool(flag) => flag.to_string(),
                    _ => return None,
                };
                Some((derived.name, text))
            })
            .collect()
    }

    fn at(&self, path: &[&str]) -> Option<&Value> {
        path.iter().try_fold(&self.body, |value, key| value.get(key))
    }

    fn grant(&self, token: &'static TokenDef, object: &Value, separator: &str) -> Option<Grant> {
        let text = |key: &str| object.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        let access = text("access_token")?;
        let listed = match token.scopes_at {
            Some(path) => self.at(path),
            None => object.get("scope"),
        };
        let scopes = listed.and_then(|value| read_scopes(value, separator)).or_else(|| self.header_scopes.clone());
        Some(Grant {
            token: token.name,
            access: SecretString::from(access),
            refresh: text("refresh_token").map(SecretString::from),
            lifetime: object.get("expires_in").and_then(read_lifetime),
            scopes,
        })
    }
}

/// The body may hold tokens: it is wiped when it is done with.
impl Drop for TokenReply {
    fn drop(&mut self) {
        wipe(&mut self.body);
    }
}

fn wipe(value: &mut Value) {
    use zeroize::Zeroize as _;
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(map) => map.values_mut().for_each(wipe),
        _ => {}
    }
}

fn read_form(body: &[u8]) -> Option<Value> {
    // An HTML page is no form, though it parses as one.
    let text = std::str::from_utf8(body).ok().filter(|text| !text.contains(['<', '{']))?;
    let map: Map<String, Value> = url::form_urlencoded::parse(text.trim().as_bytes())
        .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
        .collect();
    (map.contains_key("access_token") || map.contains_key("error")).then_some(Value::Object(map))
}

fn read_scopes(value: &Value, separator: &str) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(scopes::split(text, separator)),
        Value::Array(items) => Some(items.iter().filter_map(Value::as_str).map(str::to_owned).collect()),
        _ => None,
    }
}

/// `expires_in` in milliseconds: a number, a text, a fraction. Zero and below, and nonsense, are no answer.
fn read_lifetime(value: &Value) -> Option<i64> {
    const YEAR: f64 = 366.0 * 86_400.0;
    let seconds = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse::<f64>().ok()?,
        _ => return None,
    };
    if !seconds.is_finite() || seconds <= 0.0 {
        return None;
    }
    // Nobody gives out access tokens for a century; such a number is in milliseconds.
    let seconds = if seconds > 100.0 * YEAR { seconds / 1000.0 } else { seconds };
    #[expect(clippy::cast_possible_truncation, reason = "at most ten years in milliseconds")]
    let millis = (seconds.min(10.0 * YEAR) * 1000.0) as i64;
    Some(millis)
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret as _;
    use serde_json::json;

    fn reply(server: &OAuth2Def, body: &str) -> TokenReply {
        TokenReply::read(server, &http::HeaderMap::new(), body.as_bytes()).expect("a reply")
    }

    #[test]
    fn slack_gives_two_tokens_and_a_team() {
        const TOKENS: &[TokenDef] = &[
            TokenDef { name: "bot", ..TokenDef::EMPTY },
            TokenDef { name: "user", at: &["authed_user"], scope_param: "user_scope", ..TokenDef::EMPTY },
        ];
        const AUTH: AuthDef = AuthDef { tokens: TOKENS, ..AuthDef::EMPTY };
        let body = json!({
            "ok": true, "access_token": "xoxb-1", "scope": "chat:write,channels:read", "expires_in": 43200,
            "refresh_token": "xoxe-1", "team": {"id": "T1"},
            "authed_user": {"id": "U1", "access_token": "xoxp-1", "scope": "search:read"},
        });
        let reply = reply(&OAuth2Def::EMPTY, &body.to_string());
        let grants = reply.grants(&AUTH, ",");
        assert_eq!(grants.len(), 2);
        assert_eq!(grants[0].access.expose_secret(), "xoxb-1");
        assert_eq!(grants[0].scopes.as_deref(), Some(&["chat:write".to_owned(), "channels:read".to_owned()][..]));
        assert_eq!(grants[0].lifetime, Some(43_200_000));
        assert_eq!((grants[1].token, grants[1].access.expose_secret()), ("user", "xoxp-1"));
        assert!(grants[1].refresh.is_none() && grants[1].lifetime.is_none());
        let values = reply.values(&[DerivedDef { name: "team_id", at: &["team", "id"], always: false }]);
        assert_eq!(values, [("team_id", "T1".to_owned())]);
    }

    #[test]
    fn forms_are_read_and_pages_are_not() {
        let server = OAuth2Def::EMPTY;
        let form = reply(&server, "access_token=gho_1&scope=repo%2Cgist&token_type=bearer");
        let grants = form.grants(&AuthDef::EMPTY, ",");
        assert_eq!(grants[0].scopes.as_deref(), Some(&["repo".to_owned(), "gist".to_owned()][..]));
        assert_eq!(reply(&server, "error=bad_refresh_token").error(), Some("bad_refresh_token"));
        for body in ["<html>error=1&access_token=x</html>", "[]", "\"text\"", "", "null", "hello"] {
            assert!(TokenReply::read(&server, &http::HeaderMap::new(), body.as_bytes()).is_none(), "{body}");
        }
    }

    #[test]
    fn lifetimes_are_read_leniently() {
        let table = [
            (json!(3600), Some(3_600_000)),
            (json!("3600"), Some(3_600_000)),
            (json!(" 59.5 "), Some(59_500)),
            (json!(0), None),
            (json!(-1), None),
            (json!("soon"), None),
            (json!(null), None),
            (json!(1e300), Some(316_224_000_000)),
        ];
        for (value, wanted) in table {
            assert_eq!(read_lifetime(&value), wanted, "{value}");
        }
    }

    #[test]
    fn header_scopes_count_where_the_spec_names_the_header() {
        let server = OAuth2Def { granted_scopes: Some(("x-oauth-scopes", ",")), ..OAuth2Def::EMPTY };
        let mut headers = http::HeaderMap::new();
        headers.insert("x-oauth-scopes", http::HeaderValue::from_static("a, b"));
        let reply = TokenReply::read(&server, &headers, br#"{"access_token": "x"}"#).expect("a reply");
        let scopes = reply.grants(&AuthDef::EMPTY, " ").remove(0).scopes;
        assert_eq!(scopes, Some(vec!["a".to_owned(), "b".to_owned()]));
    }
}
