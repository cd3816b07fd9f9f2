//! A browser stand-in: follows redirects, keeps cookies, sends forms.

use std::fmt;
use std::sync::{Mutex, Once, PoisonError};

use http::header::{COOKIE, LOCATION, SET_COOKIE};
use http::{HeaderMap, HeaderValue};
use reqwest::Client;
use url::Url;

use crate::page::{Form, Page};

/// One person's browser.
pub struct Browser {
    client: Client,
    cookies: Mutex<Vec<Cookie>>,
}

struct Cookie {
    host: String,
    name: String,
    value: String,
}

impl fmt::Debug for Browser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Browser").finish_non_exhaustive()
    }
}

impl Default for Browser {
    fn default() -> Self {
        Self::new()
    }
}

impl Browser {
    /// A browser without cookies.
    #[must_use]
    pub fn new() -> Self {
        Self { client: client(), cookies: Mutex::default() }
    }

    /// Opens an address and follows where it leads.
    pub async fn open(&self, url: &str) -> Page {
        self.walk(url, None).await
    }

    /// Opens an address and stays there even if it leads elsewhere.
    pub async fn open_here(&self, url: &str) -> Page {
        self.fetch(&parse(url), None).await
    }

    /// Sends a form of a page and follows where it leads.
    ///
    /// # Panics
    ///
    /// When the form leads to no address.
    pub async fn submit(&self, page: &Page, form: &Form) -> Page {
        let action = parse(&page.url).join(&form.action).expect("the action of a form is an address");
        self.walk(action.as_str(), Some(form)).await
    }

    /// Sends a form and gives the address it leads to, without going there.
    ///
    /// # Panics
    ///
    /// When it leads nowhere.
    pub async fn submit_here(&self, page: &Page, form: &Form) -> String {
        let action = parse(&page.url).join(&form.action).expect("the action of a form is an address");
        let reply = self.fetch(&action, Some(form)).await;
        redirect(&action, &reply).unwrap_or_else(|| panic!("{} leads nowhere: {}", reply.url, reply.text())).into()
    }

    /// Sends a form and follows where it leads, up to the first address of another origin, which it gives.
    ///
    /// # Panics
    ///
    /// When it leads nowhere else.
    pub async fn submit_away(&self, page: &Page, form: &Form) -> String {
        let from = parse(&page.url).origin();
        let mut next = parse(&self.submit_here(page, form).await);
        while next.origin() == from {
            let reply = self.fetch(&next, None).await;
            next = redirect(&next, &reply).unwrap_or_else(|| panic!("{next} leads nowhere else: {}", reply.text()));
        }
        next.into()
    }

    /// Goes from an authorization link through the provider's page as the user `who`, to the page of the callback.
    ///
    /// # Panics
    ///
    /// When a page lacks the form that leads on.
    pub async fn connect(&self, link: &str, who: &str) -> Page {
        let callback = self.consent(link, who).await;
        self.open(&callback).await
    }

    /// Like [`Browser::connect`], but stops before the callback and gives its address.
    ///
    /// # Panics
    ///
    /// When a page lacks the form that leads on.
    pub async fn consent(&self, link: &str, who: &str) -> String {
        self.consent_with(link, who, |_| ()).await
    }

    /// Like [`Browser::consent`], after changing what the provider's page sends.
    ///
    /// # Panics
    ///
    /// When a page lacks the form that leads on.
    pub async fn consent_with(&self, link: &str, who: &str, change: impl FnOnce(&mut Form)) -> String {
        let page = self.open(link).await;
        let form =
            page.forms().into_iter().next().unwrap_or_else(|| panic!("no form on {}: {}", page.url, page.text()));
        let consent = self.submit(&page, &form).await;
        let chosen = consent.forms().into_iter().find(|form| form.text.split(' ').any(|word| word == who));
        let mut chosen = chosen.unwrap_or_else(|| panic!("{who} is not on {}: {}", consent.url, consent.text()));
        change(&mut chosen);
        self.submit_away(&consent, &chosen).await
    }

    /// Every cookie this browser holds, by name and value.
    #[must_use]
    pub fn cookies(&self) -> Vec<(String, String)> {
        self.jar().iter().map(|cookie| (cookie.name.clone(), cookie.value.clone())).collect()
    }

    /// Every cookie value this browser holds.
    #[must_use]
    pub fn cookie_values(&self) -> Vec<String> {
        self.jar().iter().map(|cookie| cookie.value.clone()).collect()
    }

    async fn walk(&self, url: &str, form: Option<&Form>) -> Page {
        let mut url = parse(url);
        let mut page = self.fetch(&url, form).await;
        for _ in 0..10 {
            let Some(next) = redirect(&url, &page) else {
                return page;
            };
            url = next;
            page = self.fetch(&url, None).await;
        }
        panic!("more than ten redirects, the last to {url}");
    }

    async fn fetch(&self, url: &Url, form: Option<&Form>) -> Page {
        let host = url.host_str().unwrap_or_default();
        assert_eq!(host, "127.0.0.1", "the browser of a test stays on loopback, not {url}");
        let request = match form {
            Some(form) if form.post => {
                let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&form.fields).finish();
                let kind = "application/x-www-form-urlencoded";
                self.client.post(url.clone()).header("content-type", kind).header("origin", origin(url)).body(body)
            }
            _ => self.client.get(url.clone()),
        };
        let reply = request.headers(self.cookie_header(host)).send().await;
        let reply = reply.unwrap_or_else(|error| panic!("{url} does not answer: {error}"));
        let (status, headers) = (reply.status(), reply.headers().clone());
        self.keep_cookies(host, &headers);
        let body = reply.text().await.unwrap_or_default();
        Page { url: url.to_string(), status, headers, body }
    }

    fn cookie_header(&self, host: &str) -> HeaderMap {
        let pairs: Vec<_> =
            self.jar().iter().filter(|c| c.host == host).map(|c| format!("{}={}", c.name, c.value)).collect();
        let mut headers = HeaderMap::new();
        if !pairs.is_empty() {
            headers.insert(COOKIE, HeaderValue::from_str(&pairs.join("; ")).expect("cookies are plain text"));
        }
        headers
    }

    fn keep_cookies(&self, host: &str, headers: &HeaderMap) {
        for header in headers.get_all(SET_COOKIE) {
            let Some((name, rest)) = header.to_str().ok().and_then(|text| text.split_once('=')) else {
                continue;
            };
            let value = rest.split(';').next().unwrap_or_default().to_owned();
            let mut jar = self.jar();
            jar.retain(|cookie| cookie.host != host || cookie.name != name);
            if !value.is_empty() && !rest.to_ascii_lowercase().contains("max-age=0") {
                jar.push(Cookie { host: host.to_owned(), name: name.to_owned(), value });
            }
        }
    }

    fn jar(&self) -> std::sync::MutexGuard<'_, Vec<Cookie>> {
        self.cookies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A plain client: no redirects, no proxies.
///
/// # Panics
///
/// When TLS cannot be set up, which loopback does not even use.
#[must_use]
pub fn client() -> Client {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // Another test of this process may have been first; any provider will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().expect("a plain client builds")
}

fn redirect(from: &Url, page: &Page) -> Option<Url> {
    let location = page.headers.get(LOCATION).filter(|_| page.status.is_redirection())?;
    from.join(location.to_str().ok()?).ok()
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

fn parse(url: &str) -> Url {
    Url::parse(url).unwrap_or_else(|error| panic!("{url} is not an address: {error}"))
}
