//! What no SDK sends: raw HTTP.

use std::net::SocketAddr;

use cutover::sim::{bind, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::Running;

impl Running {
    /// Sends a request on a connection of its own and reads until the server closes it.
    pub(super) async fn raw(&self, head: &str, body: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let length = body.len();
        let request =
            format!("{head}\r\nhost: sim\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        // A server that has already refused may have closed its side.
        let _ = stream.write_all(body).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    }
}

const CBOR: &str = "POST /service/GraniteServiceVersion20100801/operation/DescribeAlarms HTTP/1.1";

#[tokio::test]
async fn the_date_is_real_time_and_every_reply_names_its_request() {
    let sim = Running::scenario("canary", 0).await;
    let form = b"Action=GetCallerIdentity&Version=2011-06-15";
    let answer = sim.raw("POST / HTTP/1.1", form).await;
    let id = "00000000-0000-4000-8000-000000000001";
    assert!(answer.contains(&format!("<RequestId>{id}</RequestId>")), "{answer}");
    assert!(answer.to_lowercase().contains(&format!("x-amzn-requestid: {id}")), "{answer}");
    let date = answer.lines().find_map(|line| line.strip_prefix("date: ")).unwrap();
    let date = jiff::fmt::rfc2822::parse(date).unwrap().timestamp();
    assert!(date.duration_until(jiff::Timestamp::now()).abs().as_secs() < 60, "{date}");
}

#[tokio::test]
async fn other_protocols_of_cloudwatch_give_the_same_alarms() {
    let sim = Running::scenario("alarm", 0).await;
    let name = sim.simulator.with_world(|world| world.alarms()[0].rule.name.clone());
    let json = "POST / HTTP/1.1\r\ncontent-type: application/x-amz-json-1.0\r\n\
                x-amz-target: GraniteServiceVersion20100801.DescribeAlarms";
    let json = sim.raw(json, b"{}").await;
    assert!(json.contains("content-type: application/x-amz-json-1.0"), "{json}");
    let query = sim.raw("POST / HTTP/1.1", b"Action=DescribeAlarms&Version=2010-08-01").await;
    let cbor = sim.raw(CBOR, b"\xbf\xff").await;
    assert!(cbor.contains("smithy-protocol: rpc-v2-cbor"), "{cbor}");
    for answer in [json, query, cbor] {
        assert!(answer.starts_with("HTTP/1.1 200") && answer.contains(&name), "{answer}");
    }
}

#[tokio::test]
async fn garbage_is_refused_in_the_format_it_came_in() {
    let sim = Running::scenario("canary", 0).await;
    let target = "POST / HTTP/1.1\r\nx-amz-target: CodeDeploy_20141006.GetDeployment";
    for (head, body, said) in [
        (target, &b"{\"a\":"[..], "SerializationException"),
        (CBOR, b"\xff\xff", "SerializationException"),
        ("POST / HTTP/1.1", b"no form at all", "MissingAction"),
        ("GET / HTTP/1.1", b"", "MissingAction"),
        ("POST / HTTP/1.1", b"Action=Op&Version=1", "InvalidAction"),
        ("POST /service/None/operation/Op HTTP/1.1", b"", "UnknownOperationException"),
        ("POST / HTTP/1.1\r\nx-amz-target: None.Op", b"{}", "UnknownOperationException"),
    ] {
        let answer = sim.raw(head, body).await;
        assert!(answer.starts_with("HTTP/1.1 400") && answer.contains(said), "{head}: {answer}");
    }
    assert!(sim.simulator.calls().is_empty());
    let answer = sim.raw("POST / HTTP/1.1", &vec![b'a'; 3 << 20]).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 413"), "{answer}");
}

#[tokio::test]
async fn only_loopback_addresses_are_served() {
    let everywhere = SocketAddr::from(([0, 0, 0, 0], 0));
    let error = bind(everywhere).await.unwrap_err();
    assert!(error.to_string().contains("hint: 127.0.0.1"), "{error}");
    let listener = TcpListener::bind(everywhere).await.unwrap();
    let simulator = Running::scenario("canary", 0).await.simulator;
    let error = serve(listener, simulator, std::future::pending()).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
}

#[tokio::test]
async fn the_shutdown_ends_the_server_although_a_request_waits_for_ever() {
    let simulator = Running::scenario("canary", 0).await.simulator;
    simulator.set_fault("sts=no-answer".parse().unwrap());
    let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = tokio::spawn(serve(listener, simulator.clone(), async {
        let _ = stopped.await;
    }));
    let sim = Running { simulator, address };
    let waiting =
        async { sim.raw("POST / HTTP/1.1", b"Action=GetCallerIdentity&Version=2011-06-15").await };
    let ending = async {
        while sim.simulator.calls().is_empty() {
            tokio::task::yield_now().await;
        }
        stop.send(()).unwrap();
        server.await.unwrap()
    };
    let (answer, ended) = tokio::join!(waiting, ending);
    assert_eq!(answer, "");
    assert!(ended.is_ok());
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn faults_are_set_over_http_only_where_that_was_opened_and_with_the_header() {
    let ask = |method: &str, header: &str| format!("{method} /cutover/faults HTTP/1.1{header}");
    let named = "\r\nx-cutover: faults";
    let closed = Running::scenario("canary", 0).await;
    let answer = closed.raw(&ask("POST", named), b"ecs=deny").await;
    assert!(answer.contains("MissingAction"), "{answer}");
    assert!(closed.simulator.faults().is_empty());

    let listener = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = listener.local_addr().unwrap();
    let simulator = closed.simulator.clone();
    tokio::spawn(cutover::sim::serve_with_controls(listener, simulator, std::future::pending()));
    let open = Running { simulator: closed.simulator.clone(), address };
    assert!(open.raw(&ask("POST", ""), b"ecs=deny").await.starts_with("HTTP/1.1 403"));
    assert!(open.simulator.faults().is_empty());
    let answer = open.raw(&ask("POST", named), b"ecs=deny\nelb=throttle*3\n").await;
    assert!(answer.ends_with("ecs=deny\nelasticloadbalancing=throttle*3\n"), "{answer}");
    let answer = open.raw(&ask("POST", named), b"ecs=throttle\nelb=trottle").await;
    assert!(answer.contains("400") && answer.contains("did you mean `throttle`?"), "{answer}");
    assert_eq!(open.simulator.faults().len(), 2, "all lines or none");
    open.raw(&ask("DELETE", named), b"").await;
    assert!(open.simulator.faults().is_empty());
}
