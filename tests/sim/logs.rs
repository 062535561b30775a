//! CloudWatch Logs, by its JSON: what the containers have written agrees with the metrics.

use serde_json::{Value, json};

use super::Running;

const GROUP: &str = "/ecs/prod/checkout";

impl Running {
    async fn logs(&self, operation: &str, body: Value) -> Value {
        let head = format!("POST / HTTP/1.1\r\nx-amz-target: Logs_20140328.{operation}");
        let answer = self.raw(&head, body.to_string().as_bytes()).await;
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        serde_json::from_str(body).unwrap_or_else(|_| panic!("{answer}"))
    }

    /// All events that fit, from all pages.
    async fn events(&self, mut body: Value) -> Vec<Value> {
        let mut events = Vec::new();
        body["logGroupName"] = GROUP.into();
        loop {
            let mut page = self.logs("FilterLogEvents", body.clone()).await;
            events.append(page["events"].as_array_mut().unwrap());
            match page["nextToken"].as_str() {
                Some(token) => body["nextToken"] = token.into(),
                None => return events,
            }
        }
    }
}

fn text(event: &Value) -> &str {
    event["message"].as_str().unwrap()
}

#[tokio::test]
async fn each_failed_request_has_a_line_and_no_other_has() {
    let sim = Running::scenario("errors", 24).await;
    let now = sim.simulator.with_world(|world| world.now());
    // A minute that is over and delivered.
    let from = now.as_millisecond() / 60_000 * 60_000 - 5 * 60_000;
    let span = json!({"startTime": from, "endTime": from + 60_000});
    let at = jiff::Timestamp::from_millisecond(from).unwrap();
    let counted: u64 = sim.simulator.with_world(|world| {
        let groups = world.target_groups();
        groups.iter().filter_map(|group| world.minute(&group.arn, at)).map(|one| one.c5xx).sum()
    });
    let mut errors = span.clone();
    errors["filterPattern"] = "ERROR".into();
    let errors = sim.events(errors).await;
    assert_eq!(errors.len() as u64, counted);
    assert!(counted > 0);
    let all = sim.events(span).await;
    assert!(all.len() > errors.len() && all.iter().any(|one| text(one).starts_with("INFO")));
    let times: Vec<i64> = all.iter().map(|one| one["timestamp"].as_i64().unwrap()).collect();
    assert!(times.is_sorted() && times.iter().all(|at| (from..from + 60_000).contains(at)));
}

#[tokio::test]
async fn pages_join_and_the_newest_lines_come_first_where_nobody_says_otherwise() {
    let sim = Running::scenario("errors", 24).await;
    let now = sim.simulator.with_world(|world| world.now());
    let minutes = json!({"startTime": now.as_millisecond() - 180_000, "filterPattern": "ERROR"});
    let all = sim.events(minutes.clone()).await;
    let mut few = minutes;
    few["limit"] = (all.len() / 3).into();
    assert_eq!(all, sim.events(few).await);
    let streams = sim.logs("DescribeLogStreams", json!({"logGroupName": GROUP})).await;
    let stream = streams["logStreams"][0]["logStreamName"].as_str().unwrap().to_owned();
    assert!(stream.starts_with("ecs/checkout/"), "{stream}");
    let ask = |mut more: Value| {
        more["logGroupName"] = GROUP.into();
        more["logStreamName"] = stream.as_str().into();
        more
    };
    let newest = sim.logs("GetLogEvents", ask(json!({"limit": 2}))).await;
    let again = json!({"nextToken": newest["nextForwardToken"], "startFromHead": true});
    let nothing = sim.logs("GetLogEvents", ask(again)).await;
    assert_eq!(nothing["events"], json!([]));
    assert_eq!(
        nothing["nextForwardToken"], newest["nextForwardToken"],
        "the end is the same token"
    );
    let head = sim.logs("GetLogEvents", ask(json!({"limit": 1, "startFromHead": true}))).await;
    assert!(text(&head["events"][0]).contains("listens on port"), "{head}");
}

#[tokio::test]
async fn a_container_that_crashes_says_its_last_words() {
    let sim = Running::scenario("crashloop", 20).await;
    let last = sim.events(json!({"filterPattern": "?FATAL"})).await;
    assert!(!last.is_empty());
    assert!(text(&last[0]).contains("ends with code 1"), "{}", text(&last[0]));
}

#[tokio::test]
async fn what_is_not_there_is_said() {
    let sim = Running::scenario("errors", 1).await;
    for (operation, body, code) in [
        ("FilterLogEvents", json!({"logGroupName": "/none"}), "ResourceNotFoundException"),
        ("FilterLogEvents", json!({}), "InvalidParameterException"),
        (
            "FilterLogEvents",
            json!({"logGroupName": GROUP, "logStreamNames": ["a"], "logStreamNamePrefix": "b"}),
            "InvalidParameterException",
        ),
        (
            "GetLogEvents",
            json!({"logGroupName": GROUP, "logStreamName": "none"}),
            "ResourceNotFoundException",
        ),
        (
            "DescribeLogStreams",
            json!({"logGroupName": GROUP, "limit": 51}),
            "InvalidParameterException",
        ),
    ] {
        let answer = sim.logs(operation, body).await;
        assert!(answer["__type"].as_str().unwrap().contains(code), "{operation}: {answer}");
    }
    let groups = sim.logs("DescribeLogGroups", json!({"logGroupNamePrefix": "/ecs"})).await;
    assert_eq!(groups["logGroups"][0]["logGroupName"], GROUP);
}
