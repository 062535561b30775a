//! A request to the simulator.

use std::cell::RefCell;

use axum::http::Request;

use crate::sim::scenario::Scenario;
use crate::sim::services::{self, Service};
use crate::sim::wire;
use crate::sim::world::World;

thread_local! {
    static WORLDS: RefCell<Vec<World>> = const { RefCell::new(Vec::new()) };
}

/// The worlds that are asked: together they have every service.
const SCENARIOS: [&str; 5] = ["errors", "ecs-canary", "route53", "lambda-canary", "beanstalk"];

/// The first byte says how the request is spelled, the second which operation it asks for; the
/// rest is its body, or a path with its body behind a newline.
pub fn wire(data: &[u8]) {
    let Some(([format, operation], body)) = data.split_first_chunk::<2>() else { return };
    let service = Service::ALL[usize::from(*operation >> 4) % Service::ALL.len()];
    let known = service.operations();
    let operation = known[usize::from(*operation & 15) % known.len()];
    let request = match format % 4 {
        0 => named(service, operation).map(|head| (head, body)),
        1 => Request::post("/").body(()).ok().map(|head| (head, body)),
        2 => {
            let path = format!("/service/GraniteServiceVersion20100801/operation/{operation}");
            Request::post(path).body(()).ok().map(|head| (head, body))
        }
        _ => addressed(body),
    };
    let Some((request, body)) = request else { return };
    let (head, ()) = request.into_parts();
    match wire::decode(&head, body) {
        Ok(read) => answered(&read),
        Err(rejection) => {
            let reply = wire::encode_error(rejection.protocol, "fuzz", &rejection.error);
            assert!(reply.status >= 400, "a rejection that looks like an answer");
        }
    }
}

/// A request that names its operation in a header.
fn named(service: Service, operation: &str) -> Option<Request<()>> {
    let prefix = service.target_prefix().unwrap_or("CodeDeploy_20141006");
    Request::post("/").header("x-amz-target", format!("{prefix}.{operation}")).body(()).ok()
}

/// A request whose first line is method and path.
fn addressed(text: &[u8]) -> Option<(Request<()>, &[u8])> {
    let end = text.iter().position(|byte| *byte == b'\n').unwrap_or(text.len());
    let (line, body) = text.split_at(end);
    let (method, path) = std::str::from_utf8(line).ok()?.split_once(' ')?;
    let request = Request::builder().method(method).uri(path).body(()).ok()?;
    Some((request, body.strip_prefix(b"\n").unwrap_or(body)))
}

/// What reads is answered by every world, the same for every input, and the answer can be written.
fn answered(request: &wire::Request) {
    if !services::reads(&request.operation) {
        return;
    }
    WORLDS.with_borrow_mut(|worlds| {
        if worlds.is_empty() {
            let start = jiff::Timestamp::from_second(1_772_442_000).unwrap_or_default();
            for scenario in SCENARIOS {
                let scenario = Scenario::named(scenario);
                let Ok(scenario) = scenario else { continue };
                let mut world = World::new(scenario, 7, start);
                world.advance(start + jiff::SignedDuration::from_mins(20));
                worlds.push(world);
            }
        }
        for world in worlds {
            let answer =
                services::handle(world, request.service, &request.operation, &request.input);
            let reply = wire::encode(request, "fuzz", &answer);
            assert_eq!(answer.is_ok(), reply.status == 200);
        }
    });
}
