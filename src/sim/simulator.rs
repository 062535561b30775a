//! The handle on a running simulation: its world, clock, faults and log of calls.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::sync::watch;

use super::clock::Clock;
use super::error::ApiError;
use super::faults::pages::Tokens;
use super::faults::{Fault, FaultKind, Faults, Whom, damage};
use super::services::{self, CLUSTER, Service, sts};
use super::value::Value;
use super::wire::Request;
use super::world::World;

/// How many calls the log keeps: the newest ones.
const LOG: usize = 1024;

/// A running simulation; clones are the same one.
#[derive(Debug, Clone)]
pub struct Simulator {
    clock: Clock,
    state: Arc<Mutex<State>>,
    /// The newest change of the cluster in the world.
    grown: Arc<watch::Sender<u64>>,
}

#[derive(Debug)]
struct State {
    world: World,
    faults: Faults,
    calls: VecDeque<CallRecord>,
    /// How many requests have arrived.
    arrived: u64,
}

/// A request that arrived.
#[derive(Debug, Clone, PartialEq)]
pub struct CallRecord {
    /// Its number, from 1 in order of arrival.
    pub sequence: u64,
    /// When it arrived, in simulated time.
    pub at: Timestamp,
    /// The service addressed.
    pub service: Service,
    /// The operation, as the client spelled it.
    pub operation: String,
    /// Its members.
    pub input: Value,
    /// The client's `user-agent`.
    pub user_agent: String,
    /// Whether the service got to see it; a fault may have kept it away.
    pub carried_out: bool,
    /// The trouble that it met.
    pub trouble: Option<FaultKind>,
}

/// What awaits a request that has arrived.
#[derive(Debug)]
pub(super) struct Arrival {
    /// The number of the request.
    pub(super) sequence: u64,
    /// The trouble that it meets.
    pub(super) trouble: Option<FaultKind>,
    /// The error that this trouble answers with, if it has one.
    pub(super) error: Option<ApiError>,
}

impl Simulator {
    /// A simulation of a world by a clock.
    pub fn new(world: World, clock: Clock) -> Self {
        let mut faults = Faults::default();
        for planned in &world.scenario.faults {
            faults.plan(planned, world.now());
        }
        let state = State { world, faults, calls: VecDeque::new(), arrived: 0 };
        let grown = Arc::new(watch::Sender::new(0));
        Self { clock, state: Arc::new(Mutex::new(state)), grown }
    }

    /// The clock that moves the world.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The newest calls, at most 1024, oldest first.
    pub fn calls(&self) -> Vec<CallRecord> {
        self.calls_after(0)
    }

    /// The calls that came after the one of this number, oldest first.
    pub fn calls_after(&self, sequence: u64) -> Vec<CallRecord> {
        let state = self.lock();
        let newer = state.calls.iter().rev().take_while(|call| call.sequence > sequence);
        let mut newer: Vec<CallRecord> = newer.cloned().collect();
        newer.reverse();
        newer
    }

    /// Adds a fault; it is in force for the next request.
    pub fn set_fault(&self, fault: Fault) {
        let mut state = self.current();
        let now = state.world.now();
        state.faults.set(fault, now);
    }

    /// The faults that are left, as text.
    pub fn faults(&self) -> Vec<String> {
        self.lock().faults.texts()
    }

    /// How many requests have met a fault so far.
    pub fn met(&self) -> u64 {
        self.lock().faults.met()
    }

    /// The trouble that lets nothing through to a cluster now, if there is any.
    pub(super) fn cut_off(&self, cluster: Option<&str>) -> Option<FaultKind> {
        let state = self.current();
        let whom = Whom { service: Service::Kubernetes, operation: "watch", cluster };
        state.faults.cuts_off(whom, state.world.now())
    }

    /// Removes all faults.
    pub fn clear_faults(&self) {
        self.lock().faults.clear();
    }

    /// Looks at the world, or changes it, at this moment of the clock.
    pub fn with_world<R>(&self, look: impl FnOnce(&mut World) -> R) -> R {
        let mut state = self.current();
        let seen = look(&mut state.world);
        self.tell(&state.world);
        seen
    }

    /// The number of the newest change of the cluster, whenever there is another one.
    pub(super) fn grown(&self) -> watch::Receiver<u64> {
        self.grown.subscribe()
    }

    /// Lets those who watch the cluster know what is new.
    fn tell(&self, world: &World) {
        let newest = world.cluster_changes();
        self.grown.send_if_modified(|known| std::mem::replace(known, newest) != newest);
    }

    /// Writes a request into the log and finds the trouble that it meets.
    pub(super) fn arrive(&self, request: &Request, user_agent: &str) -> Arrival {
        let mut guard = self.current();
        let state = &mut *guard;
        state.arrived += 1;
        let sequence = state.arrived;
        let cluster = request.input.text(CLUSTER);
        let (service, operation) = (request.service, request.operation.as_str());
        let whom = Whom { service, operation, cluster };
        let (now, seed) = (state.world.now(), state.world.dice());
        let trouble = state.faults.meet(whom, now, seed);
        let error = trouble.and_then(|kind| {
            let caller = sts::caller_arn(&state.world);
            let resource = first_arn(&request.input).unwrap_or("*");
            kind.error((request.service, &request.operation), &caller, resource)
        });
        if state.calls.len() == LOG {
            state.calls.pop_front();
        }
        state.calls.push_back(CallRecord {
            sequence,
            at: state.world.now(),
            service: request.service,
            operation: request.operation.clone(),
            input: request.input.clone(),
            user_agent: user_agent.to_owned(),
            carried_out: false,
            trouble,
        });
        Arrival { sequence, trouble, error }
    }

    /// Counts a request that could not be read: it gets a number, but is no call.
    pub(super) fn arrive_unread(&self) -> u64 {
        let mut state = self.lock();
        state.arrived += 1;
        state.arrived
    }

    /// Carries out the request with this number; its trouble may be in the answer.
    pub(super) fn carry_out(
        &self,
        arrival: &Arrival,
        request: &Request,
        region: Option<&str>,
    ) -> Result<Value, ApiError> {
        let sequence = arrival.sequence;
        let mut state = self.current();
        if let Some(call) = state.calls.iter_mut().rev().find(|call| call.sequence == sequence) {
            call.carried_out = true;
        }
        state.world.request = request_id(sequence);
        state.world.asked_in = region.map(str::to_owned);
        let (service, operation) = (request.service, request.operation.as_str());
        let world = &mut state.world;
        if let Some(FaultKind::Rival(rival)) = arrival.trouble {
            rival.act(world);
        }
        let Some(kind) = arrival.trouble.filter(|kind| kind.is_in_the_answer()) else {
            let answer = services::handle(world, service, operation, &request.input);
            self.tell(world);
            return answer;
        };
        let tokens = Tokens::of(service, operation);
        let (input, before) = match tokens {
            Some(tokens) => tokens.request(kind, &request.input),
            None => (request.input.clone(), 0),
        };
        let answer = services::handle(world, service, operation, &input)?;
        self.tell(world);
        let (now, seed) = (world.now(), damage::dice(world.dice(), sequence));
        let answer = damage::answer(kind, service, answer, (now, seed));
        Ok(match tokens {
            Some(tokens) => tokens.answer(kind, &input, (before, sequence), answer),
            None => answer,
        })
    }

    /// A number of its own for the request.
    pub(super) fn dice(&self, sequence: u64) -> u64 {
        damage::dice(self.lock().world.dice(), sequence)
    }

    /// The state with its world brought to the clock's moment.
    fn current(&self) -> MutexGuard<'_, State> {
        let mut state = self.lock();
        // Read under the lock: two requests must not turn the world's time around.
        let now = self.clock.now();
        state.world.advance(now);
        self.tell(&state.world);
        state
    }

    /// A panic of another thread leaves a world that is as good as any for a simulation.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request id as AWS forms them, with the number of the request in it.
pub(super) fn request_id(sequence: u64) -> String {
    format!("00000000-0000-4000-8000-{sequence:012x}")
}

/// The first ARN among the members: what a policy would have to allow.
fn first_arn(input: &Value) -> Option<&str> {
    match input {
        Value::Text(text) => text.starts_with("arn:").then_some(text),
        Value::List(items) => items.iter().find_map(first_arn),
        Value::Map(members) => members.iter().find_map(|(_, member)| first_arn(member)),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Double(_) | Value::Time(_) => None,
    }
}
