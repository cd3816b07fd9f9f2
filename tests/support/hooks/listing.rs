//! What the connector `s3` needs: reading the XML of a listing.

use agentkit_runtime::{HookError, Timestamp};

use crate::connectors::s3;

/// Hooks of the connector `s3`.
#[derive(Debug)]
pub struct Listing;

impl s3::Hooks for Listing {
    fn read_listing(args: s3::ReadListingArgs<'_>) -> Result<s3::Listing, HookError> {
        let mut listing = s3::Listing { next: inside(args.xml, "NextContinuationToken"), ..s3::Listing::default() };
        for object in args.xml.split("<Contents>").skip(1) {
            let part = |name| inside(object, name).ok_or_else(|| HookError::new(format!("an object lacks its {name}")));
            let wrong = |what| HookError::new(format!("an object has a {what} that is none"));
            let modified_at: Timestamp = part("LastModified")?.parse().map_err(|_| wrong("time"))?;
            let size = part("Size")?.parse().map_err(|_| wrong("size"))?;
            listing.objects.push(s3::StoredObject { key: part("Key")?, size, modified_at });
        }
        Ok(listing)
    }
}

/// The text of the first element of this name.
fn inside(xml: &str, name: &str) -> Option<String> {
    let (_, from) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = from.split_once(&format!("</{name}>"))?;
    let plain = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
    Some(plain.iter().fold(text.to_owned(), |text, (entity, sign)| text.replace(entity, sign)))
}
