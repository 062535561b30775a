//! Faults set, listed and cleared over HTTP while `cutover sim` runs, and what has arrived.
//!
//! ```text
//! curl -H 'x-cutover: faults' http://127.0.0.1:PORT/cutover/faults                     lists them
//! curl -H 'x-cutover: faults' ... -d 'ecs=throttle*3'                                  adds, one a line
//! curl -H 'x-cutover: faults' ... -X DELETE                                            removes all
//! curl -H 'x-cutover: faults' http://127.0.0.1:PORT/cutover/calls                      the newest calls
//! ```
//!
//! The header is one that a page in a browser may not send unasked.

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::Response;

use super::faults::Fault;
use super::simulator::Simulator;

/// The path of the faults.
pub const FAULTS: &str = "/cutover/faults";
/// The path of the calls.
pub const CALLS: &str = "/cutover/calls";

/// Whether a request is about one of them.
pub(super) fn concerns(head: &Parts) -> bool {
    [FAULTS, CALLS].contains(&head.uri.path())
}

/// Answers a request to one of the paths.
pub(super) fn answer(simulator: &Simulator, head: &Parts, body: &[u8]) -> Response {
    if head.headers.get("x-cutover").is_none_or(|value| value != "faults") {
        return reply(
            StatusCode::FORBIDDEN,
            "the header `x-cutover: faults` is missing\n".to_owned(),
        );
    }
    if head.uri.path() == CALLS {
        return reply(StatusCode::OK, calls(simulator));
    }
    match head.method {
        Method::GET => {}
        Method::DELETE => simulator.clear_faults(),
        Method::POST | Method::PUT => match read(body) {
            Ok(faults) => faults.into_iter().for_each(|fault| simulator.set_fault(fault)),
            Err(why) => return reply(StatusCode::BAD_REQUEST, format!("{why}\n")),
        },
        _ => return reply(StatusCode::METHOD_NOT_ALLOWED, "GET, POST or DELETE\n".to_owned()),
    }
    let lines = simulator.faults().into_iter().map(|fault| fault + "\n");
    reply(StatusCode::OK, lines.collect())
}

/// A call a line: its number, what it was, and whether the service got to see it.
fn calls(simulator: &Simulator) -> String {
    let calls = simulator.calls().into_iter().map(|call| {
        let seen = if call.carried_out { "carried out" } else { "kept away" };
        format!("{} {}.{} {seen}\n", call.sequence, call.service.name(), call.operation)
    });
    calls.collect()
}

/// A fault a line; all of them or none.
fn read(body: &[u8]) -> Result<Vec<Fault>, String> {
    let text = std::str::from_utf8(body).map_err(|error| error.to_string())?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(|line| line.parse::<Fault>().map_err(|error| error.to_string())).collect()
}

fn reply(status: StatusCode, text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response
}
