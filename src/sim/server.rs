//! HTTP on one loopback port for all services.
//!
//! The `Date` of replies is real time, never simulated time: the SDKs take it for the clock of AWS
//! and would sign their next request with it.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::connect_info::{ConnectInfo, Connected};
use axum::extract::{Request as HttpRequest, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::controls;
use super::faults::{FaultKind, damage, server_fault};
use super::services::kubernetes::watch::Watch;
use super::services::{CLUSTER, Service};
use super::simulator::{Simulator, request_id};
use super::travel::{self, InParts};
use super::watching;
use super::wire::{self, Reply, Request};

/// The largest body; the largest real one, 500 metric queries, has about 200 KiB.
const LARGEST_BODY: usize = 2 * 1024 * 1024;
/// How long open requests have to end after the shutdown.
const GRACE: Duration = Duration::from_millis(500);

/// Opens a port on a loopback address; port 0 lets the system choose. Refuses any other address.
pub async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    only_loopback(address)?;
    TcpListener::bind(address).await
}

/// Answers requests until `shutdown` is done. Refuses a listener on any but a loopback address.
pub async fn serve(
    listener: TcpListener,
    simulator: Simulator,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    open(listener, simulator, shutdown, false).await
}

/// The same, and lets whoever is on this machine set faults at [`controls::FAULTS`].
pub async fn serve_with_controls(
    listener: TcpListener,
    simulator: Simulator,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    open(listener, simulator, shutdown, true).await
}

async fn open(
    listener: TcpListener,
    simulator: Simulator,
    shutdown: impl Future<Output = ()> + Send + 'static,
    controls: bool,
) -> io::Result<()> {
    only_loopback(listener.local_addr()?)?;
    let (closing, closed) = watch::channel(false);
    let door = Door { simulator, closed: closed.clone(), controls };
    let router = Router::new().fallback(answer).with_state(door);
    let server = axum::serve(Port(listener), router.into_make_service_with_connect_info::<Cut>())
        .with_graceful_shutdown(async move {
            shutdown.await;
            closing.send_replace(true);
        });
    tokio::select! {
        result = server => result,
        // A client that stalls in the middle of a request must not hold up the end.
        () = async { wait_for(closed).await; tokio::time::sleep(GRACE).await } => Ok(()),
    }
}

fn only_loopback(address: SocketAddr) -> io::Result<()> {
    if address.ip().is_loopback() {
        return Ok(());
    }
    let problem = format!(
        "the simulator does not listen on {address}: anyone on the network could reach it\n\
         hint: 127.0.0.1 or [::1]"
    );
    Err(io::Error::new(io::ErrorKind::InvalidInput, problem))
}

/// What every request finds.
#[derive(Debug, Clone)]
struct Door {
    simulator: Simulator,
    closed: watch::Receiver<bool>,
    /// Whether faults may be set over HTTP.
    controls: bool,
}

/// How a request ends.
enum Ending {
    Reply(Reply),
    /// The same, but its body does not come as it should.
    InParts(Reply, InParts),
    /// It goes on for as long as something may change.
    Watch(Body),
    /// The connection closes without an answer.
    Cut,
}

async fn answer(
    State(door): State<Door>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    request: HttpRequest,
) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LARGEST_BODY).await else {
        return plain(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large or was cut off\n");
    };
    if door.controls && controls::concerns(&head) {
        return controls::answer(&door.simulator, &head, &body);
    }
    let (ending, sequence) = match wire::decode(&head, &body) {
        Ok(request) => conduct(door, &request, &head).await,
        Err(rejection) => {
            let sequence = door.simulator.arrive_unread();
            let id = request_id(sequence);
            (Ending::Reply(wire::encode_error(rejection.protocol, &id, &rejection.error)), sequence)
        }
    };
    match ending {
        Ending::Reply(reply) => to_http(reply, sequence, None),
        Ending::InParts(reply, parts) => to_http(reply, sequence, Some(parts)),
        Ending::Watch(body) => {
            let reply = Reply::new(200, "application/json", Vec::new());
            let mut response = to_http(reply, sequence, None);
            *response.body_mut() = body;
            response
        }
        Ending::Cut => {
            cut.now();
            plain(StatusCode::OK, "")
        }
    }
}

/// Lets a request meet its trouble, if any, and carries it out, if that trouble allows it.
async fn conduct(door: Door, request: &Request, head: &Parts) -> (Ending, u64) {
    let simulator = &door.simulator;
    let arrival = simulator.arrive(request, header(head, "user-agent").unwrap_or_default());
    let sequence = arrival.sequence;
    let id = request_id(sequence);
    if let Some(error) = &arrival.error {
        return (Ending::Reply(wire::encode_error(request.protocol, &id, error)), sequence);
    }
    let region = wire::region(head);
    let carry_out = || wire::encode(request, &id, &simulator.carry_out(&arrival, request, region));
    let ending = match arrival.trouble {
        Some(FaultKind::NoAnswer) => {
            wait_for(door.closed.clone()).await;
            Ending::Cut
        }
        Some(FaultKind::DropBefore) => Ending::Cut,
        Some(FaultKind::DropAfter) => {
            // The answer is lost on the way, whatever it was.
            let _ = carry_out();
            Ending::Cut
        }
        Some(FaultKind::ErrorEmpty(status)) => {
            Ending::Reply(Reply::new(status, "text/html", Vec::new()))
        }
        Some(FaultKind::Html(status)) => Ending::Reply(travel::page(status)),
        Some(FaultKind::ErrorAfter(status)) => {
            let _ = carry_out();
            Ending::Reply(wire::encode_error(request.protocol, &id, &server_fault(status)))
        }
        Some(FaultKind::Skew(span)) => {
            let (date, refusal) = travel::skewed(span, header(head, "x-amz-date"));
            let reply = match refusal {
                Some(error) => wire::encode_error(request.protocol, &id, &error),
                None => carry_out(),
            };
            Ending::Reply(reply.header("date", date))
        }
        Some(FaultKind::Delay(span)) => {
            tokio::time::sleep(span).await;
            Ending::Reply(carry_out())
        }
        Some(FaultKind::Late(span)) => {
            let reply = carry_out();
            tokio::time::sleep(span).await;
            Ending::Reply(reply)
        }
        Some(FaultKind::DelayVirtual(span)) => {
            simulator.clock().sleep(span).await;
            Ending::Reply(carry_out())
        }
        Some(FaultKind::Trickle(span)) => Ending::InParts(carry_out(), InParts::Slowly(span)),
        Some(FaultKind::Stall) => Ending::InParts(carry_out(), InParts::HalfThenSilence),
        Some(FaultKind::Cut) => Ending::InParts(carry_out(), InParts::HalfThenEnd),
        Some(FaultKind::Truncate) => Ending::Reply(travel::half(carry_out())),
        Some(FaultKind::Garbage) => {
            let noise = damage::noise(simulator.dice(sequence));
            Ending::Reply(Reply { body: noise, ..carry_out() })
        }
        _ => Ending::Reply(carry_out()),
    };
    (go_on(door, request, ending, arrival.trouble), sequence)
}

/// A watch that was answered well begins; one that stalls never says anything.
fn go_on(door: Door, request: &Request, ending: Ending, trouble: Option<FaultKind>) -> Ending {
    let answered = match &ending {
        Ending::Reply(reply) | Ending::InParts(reply, _) => reply.status == 200,
        Ending::Watch(_) | Ending::Cut => false,
    };
    if !answered || (request.service, request.operation.as_str()) != (Service::Kubernetes, "watch")
    {
        return ending;
    }
    match (trouble, Watch::of(&request.input)) {
        (Some(FaultKind::Stall), _) => Ending::Watch(watching::frozen()),
        (Some(FaultKind::Cut | FaultKind::Truncate | FaultKind::Garbage), _) | (_, Err(_)) => {
            ending
        }
        (_, Ok(watch)) => {
            let cluster = request.input.text(CLUSTER).map(str::to_owned);
            Ending::Watch(watching::body(door.simulator, (watch, cluster), door.closed))
        }
    }
}

fn header<'a>(head: &'a Parts, name: &str) -> Option<&'a str> {
    head.headers.get(name).and_then(|value| value.to_str().ok())
}

/// Returns at the shutdown.
async fn wait_for(mut closed: watch::Receiver<bool>) {
    // An error means that the server itself is gone: that is a shutdown, too.
    let _ = closed.wait_for(|closed| *closed).await;
}

fn to_http(reply: Reply, sequence: u64, parts: Option<InParts>) -> Response {
    let mut response = Response::builder().status(reply.status);
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    response
        .header("x-amzn-RequestId", request_id(sequence))
        .body(match parts {
            Some(parts) => parts.body(&reply.body),
            None => Body::from(reply.body),
        })
        .unwrap_or_else(|_| {
            plain(StatusCode::INTERNAL_SERVER_ERROR, "the reply has a bad header\n")
        })
}

fn plain(status: StatusCode, text: &'static str) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response
}

/// The listener: connections without Nagle's delay that can be cut.
struct Port(TcpListener);

impl Listener for Port {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let (stream, peer) = Listener::accept(&mut self.0).await;
        // Without it answers are merely later.
        let _ = stream.set_nodelay(true);
        (Connection { stream, cut: Cut::default() }, peer)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// The switch that breaks one connection.
#[derive(Debug, Clone, Default)]
struct Cut(Arc<AtomicBool>);

impl Cut {
    fn now(&self) {
        self.0.store(true, Ordering::Release);
    }

    fn check(&self) -> io::Result<()> {
        if self.0.load(Ordering::Acquire) {
            Err(io::ErrorKind::ConnectionReset.into())
        } else {
            Ok(())
        }
    }
}

impl Connected<IncomingStream<'_, Port>> for Cut {
    fn connect_info(stream: IncomingStream<'_, Port>) -> Self {
        stream.io().cut.clone()
    }
}

/// A connection that fails as soon as it is cut, so that not one byte of a reply gets out.
struct Connection {
    stream: TcpStream,
    cut: Cut,
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.cut.check()?;
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.cut.check()?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.cut.check()?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
