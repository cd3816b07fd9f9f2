//! Reading the body of a reply within its limits, which hold for what it is after decompression: a small reply cannot
//! become a large one.

use std::io::{self, Write as _};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use flate2::write::MultiGzDecoder;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use reqwest::Response;
use tokio::time::timeout;

use super::{Failure, Limits, TransportError};

/// How long a provider may pause within a body.
const IDLE: Duration = Duration::from_secs(15);
/// A body this large may have at most so many times the bytes that came.
const SMALL: usize = 1024 * 1024;
const RATIO: usize = 100;
/// Bytes that are unpacked at once.
const PIECE: usize = 1024;

/// Reads the whole body; its headers are then those of what was read.
pub(super) async fn read(reply: &mut Response, limits: &Limits) -> Result<Bytes, TransportError> {
    let packed = reply.headers().get(CONTENT_ENCODING).is_some_and(|coding| {
        let coding = coding.as_bytes();
        coding.eq_ignore_ascii_case(b"gzip") || coding.eq_ignore_ascii_case(b"x-gzip")
    });
    let announced = reply.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limits.max_reply) {
        return Err(TransportError::new(Failure::TooLarge));
    }
    let body = Kept { limits, whole: BytesMut::new(), taken: 0, over: None };
    if packed {
        let body = unpacked(reply, body).await?;
        reply.headers_mut().remove(CONTENT_ENCODING);
        reply.headers_mut().remove(CONTENT_LENGTH);
        return Ok(body);
    }
    plain(reply, body, announced).await
}

/// Most bodies come in one piece, which is then not copied.
async fn plain(reply: &mut Response, mut body: Kept<'_>, announced: Option<usize>) -> Result<Bytes, TransportError> {
    let first = next(reply).await?.unwrap_or_default();
    body.count(first.len())?;
    let Some(second) = next(reply).await? else {
        body.taken = 0;
        return Ok(first);
    };
    body.count(second.len())?;
    let likely = announced.unwrap_or(2 * (first.len() + second.len()));
    body.whole.reserve(likely.min(body.limits.max_reply));
    body.whole.extend_from_slice(&first);
    body.whole.extend_from_slice(&second);
    drop((first, second));
    while let Some(chunk) = next(reply).await? {
        body.count(chunk.len())?;
        body.whole.extend_from_slice(&chunk);
    }
    Ok(body.done())
}

async fn unpacked(reply: &mut Response, body: Kept<'_>) -> Result<Bytes, TransportError> {
    let mut came = 0;
    let mut decoder = MultiGzDecoder::new(body);
    while let Some(chunk) = next(reply).await? {
        came += chunk.len();
        // A piece at a time: one of a bomb becomes a thousand times as large.
        for piece in chunk.chunks(PIECE) {
            decoder.write_all(piece).map_err(|error| broken(decoder.get_mut(), error))?;
        }
        let size = decoder.get_ref().taken;
        if size > SMALL && size / RATIO > came {
            return Err(TransportError::because(Failure::TooLarge, "it is compressed more than a hundredfold"));
        }
    }
    // Servers say of an empty body too that it is compressed.
    if came > 0 {
        decoder.try_finish().map_err(|error| broken(decoder.get_mut(), error))?;
    }
    Ok(decoder.get_mut().done())
}

/// The next piece, in time.
async fn next(reply: &mut Response) -> Result<Option<Bytes>, TransportError> {
    match timeout(IDLE, reply.chunk()).await {
        Ok(piece) => piece.map_err(|error| TransportError::because(Failure::Lost, error.without_url())),
        Err(_) => Err(TransportError::new(Failure::Timeout)),
    }
}

/// What was read so far. What of it is not kept in the end goes back to the budget of the call.
struct Kept<'l> {
    limits: &'l Limits,
    whole: BytesMut,
    taken: usize,
    over: Option<Failure>,
}

impl Kept<'_> {
    /// Counts bytes before they are kept.
    fn count(&mut self, bytes: usize) -> Result<(), TransportError> {
        self.fits(bytes).map_err(TransportError::new)
    }

    fn fits(&mut self, bytes: usize) -> Result<(), Failure> {
        if self.taken + bytes > self.limits.max_reply {
            return Err(Failure::TooLarge);
        }
        self.taken += bytes;
        match &self.limits.budget {
            Some(budget) if !budget.take(bytes) => Err(Failure::TooMuch),
            _ => Ok(()),
        }
    }

    fn done(&mut self) -> Bytes {
        self.taken = 0;
        std::mem::take(&mut self.whole).freeze()
    }
}

impl io::Write for Kept<'_> {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        if let Err(failure) = self.fits(piece.len()) {
            self.over = Some(failure);
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.whole.extend_from_slice(piece);
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Kept<'_> {
    fn drop(&mut self) {
        if let Some(budget) = &self.limits.budget {
            budget.give_back(self.taken);
        }
    }
}

/// Why a body could not be unpacked: it is too large, or not what it is said to be.
#[cold]
fn broken(body: &mut Kept<'_>, error: io::Error) -> TransportError {
    match body.over.take() {
        Some(failure) => TransportError::new(failure),
        None => TransportError::because(Failure::Lost, error),
    }
}

#[cfg(test)]
mod tests;
