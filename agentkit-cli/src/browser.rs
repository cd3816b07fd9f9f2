//! Plays the person of the quickstart: a browser with cookies that presses the first button of each page.
//!
//! It only ever talks to this machine, wherever a page may send it.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use http::StatusCode;
use http::header::{CONTENT_TYPE, COOKIE, LOCATION, ORIGIN, SET_COOKIE};
use reqwest::{Client, Response};
use url::{Url, form_urlencoded};

/// Pages and redirects a consent may take.
const HOPS: usize = 20;

/// Goes from an authorization link to the page after the callback.
///
/// # Errors
///
/// A page does not lead on, says that something went wrong, or leads off this machine.
pub async fn consent(link: &str) -> Result<(), Lost> {
    let mut browser = Browser::new(link)?;
    let mut step = Step::Open(Url::parse(link).map_err(|_| lost(link, "the link is no address"))?);
    for _ in 0..HOPS {
        let page = browser.take(step).await?;
        step = match page.next {
            Some(next) => next,
            None if page.status == StatusCode::OK => return Ok(()),
            None => return Err(lost(page.url.as_str(), &format!("{}: {}", page.status, page.heading))),
        };
    }
    Err(lost(link, "the pages never end"))
}

/// Why a consent did not come to an end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    page: String,
    why: String,
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the consent did not come to an end at {}: {}", self.page, self.why)
    }
}

impl std::error::Error for Lost {}

/// A client without redirects and proxies.
///
/// # Errors
///
/// TLS cannot be set up, which loopback does not even use.
pub fn client() -> Result<Client, reqwest::Error> {
    // Loopback pages are plain http, but the client is not built without a provider of TLS.
    // An error means that one is installed already, which is as good.
    drop(rustls::crypto::ring::default_provider().install_default());
    Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().timeout(Duration::from_secs(30)).build()
}

/// What to do next.
enum Step {
    Open(Url),
    Submit { action: Url, origin: String, body: String },
}

struct Page {
    url: Url,
    status: StatusCode,
    heading: String,
    next: Option<Step>,
}

/// Cookies by name: all pages are on 127.0.0.1, and cookies do not tell ports apart.
struct Browser {
    client: Client,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    fn new(link: &str) -> Result<Self, Lost> {
        let client = client().map_err(|error| lost(link, &format!("no HTTP client: {error}")))?;
        Ok(Self { client, cookies: BTreeMap::new() })
    }

    async fn take(&mut self, step: Step) -> Result<Page, Lost> {
        let (url, request) = match step {
            Step::Open(url) => (url.clone(), self.client.get(url)),
            Step::Submit { action, origin, body } => {
                let request = self.client.post(action.clone()).header(ORIGIN, origin).body(body);
                (action, request.header(CONTENT_TYPE, "application/x-www-form-urlencoded"))
            }
        };
        // The person of the quickstart never leaves this machine, wherever a page may send them.
        if url.host_str() != Some("127.0.0.1") {
            return Err(lost(url.as_str(), "a page leads off this machine"));
        }
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = if cookies.is_empty() { request } else { request.header(COOKIE, cookies.join("; ")) };
        let reply = request.send().await.map_err(|error| lost(url.as_str(), &error.to_string()))?;
        self.keep_cookies(&reply);
        let status = reply.status();
        let location = reply.headers().get(LOCATION).and_then(|location| location.to_str().ok());
        if let Some(target) = location.filter(|_| status.is_redirection()).and_then(|location| url.join(location).ok())
        {
            return Ok(Page { url, status, heading: String::new(), next: Some(Step::Open(target)) });
        }
        let html = reply.text().await.map_err(|error| lost(url.as_str(), &error.to_string()))?;
        let next = if status.is_success() { first_form(&url, &html) } else { None };
        let heading = html.split_once("<h1>").and_then(|(_, rest)| rest.split('<').next()).unwrap_or_default();
        Ok(Page { url, status, heading: heading.to_owned(), next })
    }

    fn keep_cookies(&mut self, reply: &Response) {
        for header in reply.headers().get_all(SET_COOKIE) {
            let Some((name, rest)) = header.to_str().ok().and_then(|text| text.split_once('=')) else { continue };
            let value = rest.split(';').next().unwrap_or_default();
            if value.is_empty() || rest.to_ascii_lowercase().contains("max-age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

/// The first form of a page, sent by its first button.
fn first_form(page: &Url, html: &str) -> Option<Step> {
    let (tag, inside) = html.split_once("<form")?.1.split_once('>')?;
    let inside = inside.split("</form").next()?;
    let field = |tag: &str| Some((attribute(tag, "name")?, attribute(tag, "value").unwrap_or_default()));
    let inputs = inside.split("<input").skip(1).filter_map(|rest| field(rest.split('>').next()?));
    let button = inside.split("<button").nth(1).and_then(|rest| field(rest.split('>').next()?));
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(inputs.chain(button)).finish();
    let action = page.join(&attribute(tag, "action").unwrap_or_default()).ok()?;
    Some(Step::Submit { origin: page.origin().ascii_serialization(), action, body })
}

/// Reads an attribute; the pages are ours and always quote.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    let value = rest.split('"').next()?;
    Some(
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&#x27;", "'"), ("&amp;", "&")]
            .iter()
            .fold(value.to_owned(), |text, (escaped, plain)| text.replace(escaped, plain)),
    )
}

fn lost(url: &str, why: &str) -> Lost {
    // The query of a page holds codes and states; it does not belong in a message.
    Lost { page: url.split('?').next().unwrap_or_default().to_owned(), why: why.to_owned() }
}
