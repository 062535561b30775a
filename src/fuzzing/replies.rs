//! What AWS answers, changed here and there: the real clients, and the simulator behind them.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::runtime::{Builder, Runtime};

use crate::app::{Effect, Event, Stamped, State, update};
use crate::domain::{Order, OrderId, Permit, Progress, Snapshot, Target};
use crate::input::Command;
use crate::sim::error::ApiError;
use crate::sim::scenario::Scenario;
use crate::sim::value::Value;
use crate::sim::world::World;
use crate::sim::{services, wire};
use crate::sources::fuzzing::{Answered, account};
use crate::sources::{Account, Aws, AwsTime, Backend, Wish};

use super::shown::{painted, permitted, shown};

/// The worlds that are asked.
const SCENARIOS: [&str; 12] = [
    "errors",
    "approval",
    "finished",
    "ecs-canary",
    "ecs-bluegreen",
    "alb",
    "route53",
    "lambda-canary",
    "ec2",
    "beanstalk",
    "beanstalk-split",
    "pipeline",
];
/// The seed of all of them.
const SEED: u64 = 7;
/// How many moments of a story are looked at, and how far they lie apart.
const MOMENTS: u8 = 12;
const APART: SignedDuration = SignedDuration::from_mins(6);
/// How often is looked: what was asked for first says what is asked for next.
const LOOKS: usize = 5;
/// How many worlds are kept, and how many of the answers of each: to make them takes longer than
/// everything else, and as long as nobody orders anything the same question has the same answer.
const KEPT: usize = 48;
const ANSWERS: usize = 256;

type Shared = Arc<Mutex<Place>>;

thread_local! {
    static KNOWN: RefCell<BTreeMap<(usize, u8), Shared>> = const { RefCell::new(BTreeMap::new()) };
    static RUNTIME: Option<Runtime> = Builder::new_current_thread().enable_time().build().ok();
}

/// The first three bytes choose a scenario, a moment, and what is asked; every five bytes after
/// them change one answer.
pub fn replies(data: &[u8]) {
    let Some(([scenario, moment, what], edits)) = data.split_first_chunk::<3>() else { return };
    let scenario = usize::from(*scenario) % SCENARIOS.len();
    let moment = *moment % MOMENTS;
    let Some((world, target)) = world(scenario, moment) else { return };
    let now = lock(&world).world.now();
    let server = Arc::new(Server {
        edits: edits.as_chunks::<5>().0.to_vec(),
        now: Mutex::new(now),
        place: world,
        changed: Mutex::new(None),
        answered: AtomicUsize::new(0),
    });
    let behind = server.clone();
    let answers = Arc::new(move |request: http::Request<Vec<u8>>| behind.answer(request));
    let Some(aws) = account(server, answers) else { return };
    RUNTIME.with(|runtime| {
        if let Some(runtime) = runtime {
            runtime.block_on(asked(&aws, &target, *what));
        }
    });
}

/// The world of a scenario at a moment, and what is watched in it.
fn world(index: usize, moment: u8) -> Option<(Shared, Target)> {
    let scenario = Scenario::named(SCENARIOS.get(index)?).ok()?;
    let target = scenario.target(SEED).parse().ok()?;
    let world = KNOWN.with_borrow_mut(|known| {
        if known.len() >= KEPT {
            known.clear();
        }
        let make = || {
            let start = Timestamp::from_second(1_772_442_000).unwrap_or_default();
            let mut world = World::new(scenario, SEED, start);
            world.advance(start + APART * i32::from(moment));
            Arc::new(Mutex::new(Place { world, told: HashMap::new() }))
        };
        known.entry((index, moment)).or_insert_with(make).clone()
    });
    Some((world, target))
}

/// Looks some times, and then orders one of the things that are permitted.
async fn asked(aws: &Aws, target: &Target, what: u8) {
    if what == 0 {
        let _ = aws.list().await;
        return;
    }
    let mut watch = aws.watch(target);
    let wish = Wish { window: 15, all: false };
    let mut picture = watch.observe(wish).await;
    for _ in 1..LOOKS {
        picture = watch.observe(wish).await;
    }
    let permits = permitted(&picture);
    if let Some(permit) = permits.get(usize::from(what) % (permits.len() + 1)) {
        ordered(aws, &order(&picture, permit)).await;
    }
    if let Some(state) = shown(picture, usize::from(what)) {
        logged(aws, state).await;
    }
}

/// Reads a log the way a person does, and draws it.
async fn logged(aws: &Aws, mut state: State) {
    for key in [Command::Log, Command::Next] {
        let at = state.now;
        let effects = update(&mut state, Stamped { at, event: Event::Command(key) });
        for effect in effects {
            if let Effect::ReadLog { question, .. } = effect {
                let page = aws.log(&question).await;
                let event = Event::LogRead { question, page };
                update(&mut state, Stamped { at, event });
            }
        }
        painted(&state);
    }
}

fn order(picture: &Snapshot, permit: &Permit) -> Order {
    Order {
        id: OrderId::new(7, 1),
        target: picture.target.clone(),
        action: permit.action,
        call: permit.call.clone(),
        expected: permit.expected.clone(),
        at: picture.taken,
        by: "operator".to_owned(),
        part_of: None,
        reason: None,
    }
}

async fn ordered(aws: &Aws, order: &Order) {
    let again = aws.read_again(order).await;
    let _ = order.expected.change(order.action, &again);
    if let Progress::Unknown { fault } = aws.send(order).await {
        let _ = aws.reconcile(order, fault).await;
    }
}

/// A world at a moment, and what it has answered so far.
struct Place {
    world: World,
    told: HashMap<Question, Arc<Told>>,
}

/// A question as it arrives: where, the operation where a header names it, and the body.
type Question = (String, Option<String>, Vec<u8>);

/// What is answered to a question.
struct Told {
    request: wire::Request,
    answer: Result<Value, ApiError>,
    reply: wire::Reply,
}

impl Told {
    fn by(world: &mut World, request: wire::Request) -> Arc<Self> {
        let (service, operation) = (request.service, request.operation.as_str());
        let answer = services::handle(world, service, operation, &request.input);
        let reply = wire::encode(&request, "fuzz", &answer);
        Arc::new(Self { request, answer, reply })
    }

    /// The reply, with changes of the answer.
    fn changed<'a>(&self, edits: impl Iterator<Item = &'a [u8; 5]>) -> wire::Reply {
        let mut edits = edits.filter(|edit| is_inside(**edit)).peekable();
        let (Ok(answer), Some(_)) = (&self.answer, edits.peek()) else { return self.reply.clone() };
        let mut answer = answer.clone();
        for edit in edits {
            inside(&mut answer, *edit);
        }
        wire::encode(&self.request, "fuzz", &Ok(answer))
    }
}

/// A world that answers with changes.
struct Server {
    place: Shared,
    /// The world once something was ordered.
    changed: Mutex<Option<World>>,
    edits: Vec<[u8; 5]>,
    /// Time goes by only while it is waited for.
    now: Mutex<Timestamp>,
    answered: AtomicUsize,
}

impl AwsTime for Server {
    fn now(&self) -> Timestamp {
        *lock(&self.now)
    }

    fn until(&self, at: Timestamp) -> Option<Duration> {
        let mut now = lock(&self.now);
        *now = at.max(*now);
        Some(Duration::ZERO)
    }

    fn correct(&self, _: Timestamp) {}
}

impl Server {
    fn answer(&self, request: http::Request<Vec<u8>>) -> Answered {
        let index = self.answered.fetch_add(1, Ordering::Relaxed);
        let edits = self.edits.iter().filter(|edit| usize::from(edit[0]) % 40 == index % 40);
        let (head, body) = request.into_parts();
        let mut reply = match self.told(&head, body) {
            Ok(told) => told.changed(edits.clone()),
            Err(rejection) => wire::encode_error(rejection.protocol, "fuzz", &rejection.error),
        };
        for edit in edits {
            outside(&mut reply, *edit);
        }
        Answered { status: reply.status, headers: reply.headers, body: reply.body }
    }

    fn told(
        &self,
        head: &http::request::Parts,
        body: Vec<u8>,
    ) -> Result<Arc<Told>, wire::Rejection> {
        let mut changed = lock(&self.changed);
        if let Some(world) = changed.as_mut() {
            return Ok(Told::by(world, wire::decode(head, &body)?));
        }
        let target = head.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
        let question = (head.uri.to_string(), target.map(str::to_owned), body);
        let mut place = lock(&self.place);
        if let Some(told) = place.told.get(&question) {
            return Ok(told.clone());
        }
        let request = wire::decode(head, &question.2)?;
        if !services::reads(&request.operation) {
            return Ok(Told::by(changed.insert(place.world.clone()), request));
        }
        let told = Told::by(&mut place.world, request);
        if place.told.len() >= ANSWERS {
            place.told.clear();
        }
        place.told.insert(question, told.clone());
        Ok(told)
    }
}

fn lock<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where in an answer: the place that an edit names, among so many.
fn place([_, _, high, low, _]: [u8; 5], count: usize) -> usize {
    usize::from(u16::from_be_bytes([high, low])) % count.max(1)
}

/// Whether an edit changes a member of the answer; else it changes the reply.
fn is_inside([_, verb, ..]: [u8; 5]) -> bool {
    verb % 16 < 12
}

/// Changes a member of the answer, before it is written down.
fn inside(answer: &mut Value, edit: [u8; 5]) {
    let [_, verb, .., word] = edit;
    let mut left = place(edit, count(answer));
    match verb % 16 {
        0..8 => change(answer, &mut left, &mut |value| *value = words(word)),
        8..10 => change(answer, &mut left, &mut |value| match value {
            Value::List(items) => items.extend(items.clone()),
            Value::Map(members) => members.clear(),
            Value::Text(text) => *text = text.repeat(2),
            Value::Int(number) => *number = number.wrapping_neg(),
            Value::Double(number) => *number = -*number,
            Value::Time(at) => *at = Timestamp::from_second(-at.as_second()).unwrap_or_default(),
            Value::Null | Value::Bool(_) => *value = Value::Bool(false),
        }),
        10..12 => change(answer, &mut left, &mut |value| {
            if let Value::Text(text) = value {
                let parts: Vec<&str> = text.split(['/', ':', '-']).collect();
                *text =
                    parts.get(usize::from(word) % parts.len()).copied().unwrap_or("").to_owned();
            }
        }),
        _ => {}
    }
}

/// Changes the reply as it travels.
fn outside(reply: &mut wire::Reply, edit: [u8; 5]) {
    let [_, verb, .., word] = edit;
    let at = place(edit, reply.body.len());
    match verb % 16 {
        12 => reply.body.truncate(at),
        13 => {
            if let Some(byte) = reply.body.get_mut(at) {
                *byte = word;
            }
        }
        14 => {
            let end = (at + usize::from(word)).min(reply.body.len());
            drop(reply.body.drain(at.min(end)..end));
        }
        15 => {
            const STATUS: [u16; 8] = [200, 204, 301, 400, 403, 429, 500, 503];
            reply.status = STATUS[usize::from(word) % STATUS.len()];
        }
        _ => {}
    }
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::List(items) => items.iter().map(count).sum(),
        Value::Map(members) => members.iter().map(|(_, member)| count(member)).sum::<usize>(),
        _ => 0,
    }
}

/// Lets `with` change the value that is `left` steps further on.
fn change(value: &mut Value, left: &mut usize, with: &mut dyn FnMut(&mut Value)) {
    if *left == 0 {
        *left = usize::MAX;
        return with(value);
    }
    *left -= 1;
    match value {
        Value::List(items) => items.iter_mut().for_each(|item| change(item, left, with)),
        Value::Map(members) => members.iter_mut().for_each(|(_, it)| change(it, left, with)),
        _ => {}
    }
}

/// Values that nobody should answer with.
fn words(word: u8) -> Value {
    const TEXTS: [&str; 24] = [
        "",
        "/",
        ":",
        "\u{1b}[2J\u{202e}\u{200b}\n\t",
        "NOT_YET_INVENTED",
        "arn:aws:",
        "arn:aws:ecs:eu-west-1:1:service/a/b/c",
        "9999-12-31T23:59:59Z",
        "-1",
        "1e999",
        "100%",
        "Stopped",
        "Failed",
        "Succeeded",
        "InProgress",
        "Ready",
        "Pending",
        "PENDING",
        "IN_PROGRESS",
        "SUCCESSFUL",
        "ROLLBACK_IN_PROGRESS",
        "PRIMARY",
        "Green",
        "d-000000000",
    ];
    const NUMBERS: [i64; 8] = [0, 1, -1, 99, 100, 256, i64::MAX, i64::MIN];
    const FRACTIONS: [f64; 8] =
        [0.0, -0.0, -1.0, 1e300, f64::NAN, f64::INFINITY, f64::MIN_POSITIVE, 100.000_01];
    let index = usize::from(word >> 2);
    match word % 4 {
        0 | 1 => match TEXTS.get(index) {
            Some(text) => (*text).into(),
            None => "long ".repeat(2000).into(),
        },
        2 if index < 32 => Value::Int(NUMBERS[index % 8]),
        2 => Value::Double(FRACTIONS[index % 8]),
        _ => match index % 6 {
            0 => Value::Null,
            1 => Value::Bool(true),
            2 => Value::List(Vec::new()),
            3 => Value::Map(Vec::new()),
            4 => Value::Time(Timestamp::MIN),
            _ => Value::Time(Timestamp::MAX),
        },
    }
}
