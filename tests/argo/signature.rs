//! Amazon Managed Prometheus: every question carries a signature that its secret leads to.

use std::fmt::Write;

use cutover::domain::{FaultKind, Prometheus, PrometheusAddress};
use sha2::{Digest, Sha256};

use super::Story;
use super::prometheus::{Counter, usual};
use super::server::Question;

/// The credentials of every simulator.
const KEY: &str = "AKIDEXAMPLE";
const SECRET: &str = "simulated";
const HOST: &str = "aps-workspaces.eu-west-1.amazonaws.com";

async fn amazon() -> Story {
    let address = PrometheusAddress::Amazon {
        url: format!("https://{HOST}/workspaces/ws-7"),
        region: "eu-west-1".into(),
    };
    let counts = Prometheus { address, ..usual() };
    let story = Story::measured_by(counts, "canary-nginx-success", 2_500).await;
    let pod = "app-996f685f-88bpt".to_owned();
    let from = story.start.as_second();
    let (requests, failing, within) = (600.0, 0.0, [1.0; 6]);
    story.server.measure(vec![Counter { pod, from, to: None, requests, failing, within }]);
    story
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// As signatures want it, whatever a client leaves as it is.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        match byte {
            b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            byte if byte.is_ascii_alphanumeric() => out.push(char::from(byte)),
            byte => write!(out, "%{byte:02X}").unwrap(),
        }
        out
    })
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    assert!(key.len() <= 64, "shorter than a block");
    let padded = |with: u8| {
        let mut block = [with; 64];
        block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
        block
    };
    let inner = Sha256::new().chain_update(padded(0x36)).chain_update(text).finalize();
    Sha256::new().chain_update(padded(0x5c)).chain_update(inner).finalize().to_vec()
}

/// The signature of a question without a body, worked out from what came over the wire.
fn signature(question: &Question, date: &str, signed: &str) -> String {
    let mut pairs: Vec<String> = form_urlencoded::parse(question.query.as_bytes())
        .map(|(name, value)| format!("{}={}", encoded(&name), encoded(&value)))
        .collect();
    pairs.sort_unstable();
    let header = |name: &str| match name {
        "host" => HOST.to_owned(),
        name => question.headers[name].clone(),
    };
    let headers = signed.split(';').fold(String::new(), |mut text, name| {
        writeln!(text, "{name}:{}", header(name)).unwrap();
        text
    });
    let (path, query) = (&question.path, pairs.join("&"));
    let nothing = hex(&Sha256::digest(b""));
    let canonical = format!("GET\n{path}\n{query}\n{headers}\n{signed}\n{nothing}");
    let scope = format!("{}/eu-west-1/aps/aws4_request", &date[..8]);
    let digest = hex(&Sha256::digest(canonical.as_bytes()));
    let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{digest}");
    let first = hmac(format!("AWS4{SECRET}").as_bytes(), &date[..8]);
    let key = ["eu-west-1", "aps", "aws4_request"].iter().fold(first, |key, part| hmac(&key, part));
    hex(&hmac(&key, &text))
}

#[tokio::test]
async fn every_question_is_signed_for_the_workspace_s_region() {
    let mut story = amazon().await;
    story.until(|seen| seen.metrics.value().is_some()).await;
    let questions = story.server.questions();
    assert!(questions.len() >= 3);
    for question in questions {
        assert_eq!(question.path, "/workspaces/ws-7/api/v1/query_range");
        assert!(!question.query.contains('+'), "a plus is a space in forms only: {question:?}");
        let date = &question.headers["x-amz-date"];
        let told = &question.headers["authorization"];
        let rest = told.strip_prefix("AWS4-HMAC-SHA256 Credential=").unwrap();
        let (scope, rest) = rest.split_once(", SignedHeaders=").unwrap();
        let (signed, told) = rest.split_once(", Signature=").unwrap();
        assert_eq!(scope, format!("{KEY}/{}/eu-west-1/aps/aws4_request", &date[..8]));
        assert!(signed.split(';').any(|name| name == "host"), "{signed}");
        assert_eq!(told, signature(&question, date, signed));
    }
}

#[tokio::test]
async fn what_the_role_lacks_is_named_as_iam_spells_it() {
    let mut story = amazon().await;
    story.server.fail("GET /workspaces", 403);
    let seen = story.until(|seen| seen.metrics.fault().is_some()).await;
    let fault = seen.metrics.fault().unwrap();
    assert_eq!(fault.kind, FaultKind::Denied { permission: "aps:QueryMetrics".into() });
    assert!(fault.hint().unwrap().contains("aps:QueryMetrics"));
    assert!(seen.rollout().is_some(), "nothing else is held up by that");
}
