//! Bodies that take their time. What they may weigh is tested over a socket, beside `network`.

use futures_util::StreamExt as _;
use futures_util::stream::{iter, pending, unfold};

use super::*;

const LIMITS: Limits = Limits { timeout: Duration::from_mins(1), max_reply: 1_000, budget: None };

fn reply(pieces: impl futures_util::Stream<Item = io::Result<Bytes>> + Send + 'static) -> Response {
    Response::from(http::Response::new(reqwest::Body::wrap_stream(pieces)))
}

#[tokio::test(start_paused = true)]
async fn a_pause_within_a_body_has_a_longest_time() {
    let start = || iter([Ok(Bytes::from_static(b"{")), Ok(Bytes::from_static(b" "))]);
    let mut stalled = reply(start().chain(pending()));
    assert!(timeout(Duration::from_secs(14), read(&mut stalled, &LIMITS)).await.is_err(), "it waits");
    let mut stalled = reply(start().chain(pending()));
    let read = timeout(Duration::from_secs(16), read(&mut stalled, &LIMITS)).await.expect("it gives up");
    assert_eq!(read.expect_err("nothing came").failure(), Failure::Timeout);
}

#[tokio::test(start_paused = true)]
async fn a_slow_body_is_read_as_long_as_something_comes() {
    let mut slow = reply(unfold(0, |count| async move {
        let clock = crate::SystemClock::new();
        crate::Clock::sleep(&clock, Duration::from_secs(14)).await;
        (count < 9).then(|| (Ok(Bytes::from_static(b"x")), count + 1))
    }));
    assert_eq!(read(&mut slow, &LIMITS).await.expect("it came to an end").len(), 9);
}
