//! Stand-ins: a server on this machine answers in a provider's place, for tests, emulators and the quickstart.

use url::Url;

use super::{Failure, TransportError};
use crate::connection::{ConnectionSettings, StandIn, is_loopback};
use crate::hosts;

/// Where a request of a connection really goes.
///
/// With stand-ins, a host that an account names has one too or gets nothing: a test must not reach the provider
/// because an account was named otherwise.
pub(crate) fn leads_to(connection: &ConnectionSettings, url: &Url) -> Result<Url, TransportError> {
    if let Some(there) = stand_in(connection.stand_ins(), url)? {
        return Ok(there);
    }
    let http = &connection.connector().http;
    let host = url.host_str().unwrap_or_default();
    if connection.stand_in() && !http.hosts.contains(&host) && hosts::is_listed(host, http) {
        return Err(TransportError::new(Failure::Refused));
    }
    Ok(url.clone())
}

/// Where a request really goes, if a stand-in answers for its address; the longest prefix wins.
fn stand_in(stand_ins: &[StandIn], url: &Url) -> Result<Option<Url>, TransportError> {
    let Some((to, rest)) = longest(stand_ins.iter().map(|entry| (&*entry.from, &*entry.to)), url.as_str()) else {
        return Ok(None);
    };
    let there = Url::parse(&joined(to, rest)).map_err(|error| TransportError::because(Failure::Refused, error))?;
    // It gets real credentials, so whatever was configured, it must be on this machine.
    if is_loopback(&there) { Ok(Some(there)) } else { Err(TransportError::new(Failure::Refused)) }
}

/// The address of the provider that an address in a stand-in's reply stands for.
pub(crate) fn real_address(stand_ins: &[StandIn], address: &str) -> Option<String> {
    let (from, rest) = longest(stand_ins.iter().map(|entry| (&*entry.to, &*entry.from)), address)?;
    Some(joined(from, rest))
}

/// The entry with the longest key that `address` begins with, as a whole path segment, and what follows the key.
fn longest<'a>(entries: impl Iterator<Item = (&'a str, &'a str)>, address: &'a str) -> Option<(&'a str, &'a str)> {
    let matching = entries.filter_map(|(key, value)| {
        let key = key.trim_end_matches('/');
        let rest = address.strip_prefix(key)?;
        (rest.is_empty() || rest.starts_with(['/', '?'])).then_some((key.len(), value, rest))
    });
    matching.max_by_key(|(length, ..)| *length).map(|(_, value, rest)| (value, rest))
}

fn joined(start: &str, rest: &str) -> String {
    format!("{}{rest}", start.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Vec<StandIn> {
        let entry = |from: &str, to: &str| StandIn { from: from.to_owned(), to: to.to_owned() };
        vec![
            entry("https://slack.com", "http://127.0.0.1:4010/"),
            entry("https://slack.com/api", "http://127.0.0.1:4010/api2"),
            entry("https://evil.com", "http://10.0.0.1"),
        ]
    }

    #[test]
    fn the_longest_prefix_wins_and_ends_at_a_segment() {
        let to = |text: &str| stand_in(&table(), &Url::parse(text).expect("a URL")).map(|url| url.map(String::from));
        assert_eq!(
            to("https://slack.com/api/chat?x=1").expect("allowed"),
            Some("http://127.0.0.1:4010/api2/chat?x=1".to_owned())
        );
        assert_eq!(to("https://slack.com/apis").expect("allowed"), Some("http://127.0.0.1:4010/apis".to_owned()));
        assert_eq!(to("https://slack.com.evil.org/api").expect("allowed"), None);
        assert!(to("https://evil.com/x").is_err(), "a stand-in elsewhere is refused");
    }

    #[test]
    fn addresses_in_replies_count_as_what_they_stand_for() {
        assert_eq!(real_address(&table(), "http://127.0.0.1:4010/up/1").as_deref(), Some("https://slack.com/up/1"));
        assert_eq!(real_address(&table(), "http://127.0.0.1:40100/up/1"), None);
        assert_eq!(real_address(&table(), "http://127.0.0.1:4010@evil.com/"), None);
    }
}
