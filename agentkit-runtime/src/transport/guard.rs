//! Which addresses requests may go to: https, by name, to machines of the public internet.
//!
//! A spec names its hosts, yet a name can be made to lead to this machine, to a cloud's metadata service or to a
//! neighbor in a private network. So the resolver looks at every address a name has.

use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::{fmt, io};

use futures_util::future::BoxFuture;
use http::header::{
    CONNECTION, CONTENT_LENGTH, COOKIE, EXPECT, HOST, PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, HeaderName};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// Whether an address is https, by name, and without a user in it.
pub(super) fn is_public_https(url: &Url) -> bool {
    let Some(Host::Domain(name)) = url.host() else { return false };
    let name = name.trim_end_matches('.');
    let inside = name == "localhost" || name.ends_with(".localhost") || !name.contains('.');
    url.scheme() == "https" && !inside && url.username().is_empty() && url.password().is_none()
}

/// Headers that say how a request travels, or that it is another than it seems. No spec, hook or argument sets them.
const TRAVEL: [HeaderName; 10] =
    [HOST, CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION, UPGRADE, TE, TRAILER, EXPECT, COOKIE, PROXY_AUTHORIZATION];
/// Some servers do what these say in place of the method.
const METHODS: [&str; 3] = ["x-http-method-override", "x-http-method", "x-method-override"];

/// Whether headers leave the way of a request to the transport.
pub(super) fn travels_plainly(headers: &HeaderMap) -> bool {
    headers.keys().all(|name| !TRAVEL.contains(name) && !METHODS.contains(&name.as_str()))
}

/// What a name leads to.
pub(super) type Looked = BoxFuture<'static, io::Result<Vec<SocketAddr>>>;

/// Resolves names to public addresses and no others. What it gives is what is connected to: nobody looks a name up
/// again in between.
#[derive(Debug, Clone, Copy)]
pub(super) struct PublicOnly {
    lookup: fn(&str) -> Looked,
}

impl Default for PublicOnly {
    fn default() -> Self {
        Self {
            lookup: |name| {
                let name = name.to_owned();
                Box::pin(async move { Ok(tokio::net::lookup_host((name, 0)).await?.collect()) })
            },
        }
    }
}

#[cfg(test)]
impl PublicOnly {
    /// With answers of a test's own.
    pub(super) fn asking(lookup: fn(&str) -> Looked) -> Self {
        Self { lookup }
    }
}

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let lookup = (self.lookup)(name.as_str());
        Box::pin(async move {
            let found = lookup.await?;
            // One private address among public ones is a trap, not a choice.
            if found.is_empty() || !found.iter().all(|address| is_public(address.ip())) {
                return Err(Inside.into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// A name leads to where no provider is.
#[derive(Debug)]
struct Inside;

impl fmt::Display for Inside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name leads to an address outside the public internet")
    }
}

impl Error for Inside {}

/// Whether an error comes from a rule and not from the network: trying again would change nothing.
pub(super) fn is_refusal(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(here) = cause {
        if here.is::<Inside>() {
            return true;
        }
        cause = here.source();
    }
    false
}

/// Whether an address belongs to the public internet: not to a block of IANA's special-purpose registries.
pub(super) fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let special = ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_broadcast()
        || ip.is_documentation()
        || ip.is_multicast()
        || a == 0
        || a >= 240
        // Shared between a provider and its customers, RFC 6598.
        || (a == 100 && (64..128).contains(&b))
        // IETF protocol assignments and the old 6to4 relays.
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        // Public by its number, yet only Azure's own machines reach it, and it gives them their configuration.
        || ip.octets() == [168, 63, 129, 16]
        // Benchmarks, RFC 2544.
        || (a == 198 && (b == 18 || b == 19));
    !special
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let segments = ip.segments();
    // Addresses that carry an IPv4 one are judged by it.
    if let Some(v4) = ip.to_ipv4_mapped() {
        return is_public_v4(v4);
    }
    let embedded = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        Ipv4Addr::new(a, b, c, d)
    };
    match segments {
        // NAT64 (RFC 6052) and 6to4 (RFC 3056).
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => is_public_v4(embedded(high, low)),
        // Teredo, benchmarks, ORCHID and the rest of the protocol assignments; documentation.
        [0x2001, 0..0x200 | 0xdb8, ..] | [0x3fff, ..] => false,
        // Only 2000::/3 is given out; loopback, link-local, unique local and multicast lie outside.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_pass() {
        let public = ["8.8.8.8", "142.250.184.229", "2a00:1450:4001:82b::2005", "64:ff9b::8.8.8.8", "::ffff:8.8.8.8"];
        for ip in public {
            assert!(is_public(ip.parse().expect("an address")), "{ip}");
        }
        let special = [
            "127.0.0.1",
            "127.8.8.8",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "100.127.255.255",
            "0.0.0.0",
            "0.1.2.3",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "168.63.129.16",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2001::1",
            "2001:db8::1",
            "3fff::1",
            "100::1",
            "5f00::1",
        ];
        for ip in special {
            assert!(!is_public(ip.parse().expect("an address")), "{ip}");
        }
    }

    #[test]
    fn only_https_by_name_passes() {
        let url = |text: &str| Url::parse(text).expect("a URL");
        assert!(is_public_https(&url("https://gmail.googleapis.com/gmail")));
        let refused = [
            "http://gmail.googleapis.com/",
            "https://127.0.0.1/",
            "https://2852039166/",
            "https://0xA9FEA9FE/",
            "https://[::1]/",
            "https://localhost/",
            "https://localhost./",
            "https://a.localhost/",
            "https://metadata/",
            "https://user@gmail.googleapis.com/",
            "https://:password@gmail.googleapis.com/",
            "ftp://gmail.googleapis.com/",
        ];
        for text in refused {
            assert!(!is_public_https(&url(text)), "{text}");
        }
    }
}
