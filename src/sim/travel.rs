//! How an answer goes wrong on its way: a proxy's page, a clock that is off, a body in parts.

use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes};
use futures::stream::{self, StreamExt};
use jiff::{SignedDuration, Timestamp};

use super::clock::real_now;
use super::error::ApiError;
use super::wire::Reply;

/// How far the time of a signature may be from the service's clock.
const TOLERATED: SignedDuration = SignedDuration::from_mins(5);
/// In how many pieces a slow answer comes.
const PIECES: usize = 8;

/// How a body comes that does not come at once.
#[derive(Debug, Clone, Copy)]
pub(super) enum InParts {
    /// All of it, over this much real time.
    Slowly(Duration),
    /// Half of it, then nothing more, and no end.
    HalfThenSilence,
    /// Half of it, then the connection breaks.
    HalfThenEnd,
}

impl InParts {
    /// The body, sent in this way.
    pub(super) fn body(self, bytes: &[u8]) -> Body {
        let half = || Ok(Bytes::copy_from_slice(bytes.get(..bytes.len() / 2).unwrap_or_default()));
        match self {
            Self::Slowly(span) => {
                let size = bytes.len().div_ceil(PIECES).max(1);
                let pieces: Vec<Bytes> = bytes.chunks(size).map(Bytes::copy_from_slice).collect();
                let pause = span / PIECES as u32;
                Body::from_stream(stream::iter(pieces).then(move |piece| async move {
                    tokio::time::sleep(pause).await;
                    Ok::<_, io::Error>(piece)
                }))
            }
            Self::HalfThenSilence => {
                Body::from_stream(stream::iter([half()]).chain(stream::pending::<Piece>()))
            }
            Self::HalfThenEnd => {
                let broken: Piece = Err(io::ErrorKind::ConnectionReset.into());
                Body::from_stream(stream::iter([half(), broken]))
            }
        }
    }
}

type Piece = io::Result<Bytes>;

/// A page for people, as a proxy or a load balancer in between sends it.
pub(super) fn page(status: u16) -> Reply {
    let html = format!(
        "<!DOCTYPE html>\n<html><head><title>{status}</title></head>\n<body><h1>{status} Sorry</h1>\
         <p>Please try again later.</p></body></html>\n"
    );
    Reply::new(status, "text/html; charset=utf-8", html.into_bytes())
}

/// The first half of an answer, as if it were all of it.
pub(super) fn half(mut reply: Reply) -> Reply {
    reply.body.truncate(reply.body.len() / 2);
    reply
}

/// The `Date` of a service whose clock is `ahead`, and the refusal of a request that was signed at
/// another time (`x-amz-date`, e.g. `20260302T090000Z`).
pub(super) fn skewed(ahead: SignedDuration, signed: Option<&str>) -> (String, Option<ApiError>) {
    let server = real_now().saturating_add(ahead).unwrap_or(Timestamp::MAX);
    let date = jiff::fmt::rfc2822::DateTimePrinter::new()
        .timestamp_to_rfc9110_string(&server)
        .unwrap_or_default();
    let refused = |text: String| Some(ApiError::client("InvalidSignatureException", text));
    let compact = |at: Timestamp| at.strftime("%Y%m%dT%H%M%SZ").to_string();
    let Some(at) = signed.and_then(moment) else { return (date, None) };
    let off = server.duration_since(at);
    let bound = |span: SignedDuration| compact(server.saturating_add(span).unwrap_or(server));
    let refusal = if off > TOLERATED {
        refused(format!(
            "Signature expired: {} is now earlier than {} ({} - 5 min.)",
            compact(at),
            bound(-TOLERATED),
            compact(server)
        ))
    } else if off < -TOLERATED {
        refused(format!(
            "Signature not yet current: {} is still later than {} ({} + 5 min.)",
            compact(at),
            bound(TOLERATED),
            compact(server)
        ))
    } else {
        None
    };
    (date, refusal)
}

fn moment(text: &str) -> Option<Timestamp> {
    let civil = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok()?;
    jiff::tz::TimeZone::UTC.to_timestamp(civil).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(span: SignedDuration) -> String {
        real_now().saturating_add(span).unwrap().strftime("%Y%m%dT%H%M%SZ").to_string()
    }

    #[test]
    fn a_signature_is_taken_within_five_minutes_of_the_service_s_clock() {
        let minutes = SignedDuration::from_mins;
        for (ahead, at, said) in [
            (0, 0, None),
            (4, 0, None),
            (10, 0, Some("Signature expired")),
            (10, 10, None),
            (-120, 0, Some("Signature not yet current")),
            (-120, -120, None),
        ] {
            let (date, refusal) = skewed(minutes(ahead), Some(&signed(minutes(at))));
            let text = refusal.map(|error| error.message);
            assert_eq!(text.is_some(), said.is_some(), "{ahead} {at}: {text:?}");
            assert!(text.unwrap_or_default().starts_with(said.unwrap_or_default()));
            assert!(jiff::fmt::rfc2822::parse(&date).is_ok(), "{date}");
        }
    }
}
