//! Login programs, as `aws eks get-token` is one: what they refuse is told in clear words, and what
//! they print stays off the screen.

use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use super::server::Server;
use crate::cli::process::{Ended, Home};

/// Runs `cutover status` with a login program that refuses from its `refuses_at`-th start on. The tokens
/// that it hands out end so soon that it is started for every request.
async fn status(refuses_at: u32) -> Ended {
    let server = Server::playing("bluegreen-success").await;
    server.play(60_000);
    let home = Home::new();
    let folder = home.0.path().to_owned();
    let program = folder.join("login");
    let text = format!(
        r#"#!/bin/sh
echo >> "${{0%/*}}/starts"
if [ "$(wc -l < "${{0%/*}}/starts")" -ge {refuses_at} ]; then
  echo "the session has expired" >&2
  exit 1
fi
echo '{{"apiVersion": "client.authentication.k8s.io/v1beta1", "kind": "ExecCredential",' \
  '"status": {{"token": "secret", "expirationTimestamp": "2026-01-01T00:00:00Z"}}}}'
"#
    );
    std::fs::write(&program, text).unwrap();
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o700)).unwrap();
    let exec = json!({"apiVersion": "client.authentication.k8s.io/v1beta1", "command": program});
    let address = format!("http://{}", server.address);
    let file = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "there",
        "clusters": [{"name": "shop", "cluster": {"server": address}}],
        "users": [{"name": "ada", "user": {"exec": exec}}],
        "contexts": [{"name": "there", "context": {"cluster": "shop", "user": "ada"}}],
    });
    let kubeconfig = folder.join("kubeconfig");
    std::fs::write(&kubeconfig, file.to_string()).unwrap();
    let run = move || {
        Home::ended(home.command(&["status", "argo:story/app"]).env("KUBECONFIG", kubeconfig))
    };
    tokio::task::spawn_blocking(run).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_is_refused_says_so_with_what_the_program_said() {
    status(1).await.says(2, &["the session has expired", "hint: renew the login"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_cannot_be_renewed_is_a_login_and_no_network_that_is_down() {
    // Started for the client first, and then for each request.
    status(4).await.says(2, &["login expired", "the session has expired", "hint: renew the login"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_are_renewed_for_every_request_work() {
    let ended = status(1_000_000).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(!ended.stdout.contains("secret") && !ended.stderr.contains("secret"), "{ended:?}");
}
