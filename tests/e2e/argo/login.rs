//! A login program that hands out tokens, or refuses to, as `aws eks get-token` does.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::bed::Bed;
use super::ground::Login;

/// What it prints when it refuses must not end up in the middle of the screen.
pub(crate) const SCRIBBLE: &str = "scribble: the session has expired";

/// The program in `folder`, and the kubeconfig that names it. A token is about to end when it is handed
/// out, so that the program is started for every request.
pub(crate) fn program(folder: &Path) -> PathBuf {
    let program = folder.join("login");
    let text = r#"#!/bin/sh
token=$(cat "${0%/*}/token")
if [ -z "$token" ]; then
  echo "SCRIBBLE" >&2
  exit 1
fi
end=$(date -u -d '+30 seconds' +%Y-%m-%dT%H:%M:%SZ)
echo '{"apiVersion": "client.authentication.k8s.io/v1beta1", "kind": "ExecCredential",' \
  '"status": {"token": "'"$token"'", "expirationTimestamp": "'"$end"'"}}'
"#;
    std::fs::write(&program, text.replace("SCRIBBLE", SCRIBBLE)).unwrap();
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o700)).unwrap();
    let file = std::fs::read_to_string(Bed::kubeconfig("admin")).unwrap();
    let mut file: Value = serde_json::from_str(&file).unwrap();
    let api = "client.authentication.k8s.io/v1beta1";
    file["users"][0]["user"] = json!({"exec": {"apiVersion": api, "command": program}});
    let kubeconfig = folder.join("kubeconfig");
    std::fs::write(&kubeconfig, file.to_string()).unwrap();
    hands_out(folder, Login::Good);
    kubeconfig
}

/// What it does from now on.
pub(crate) fn hands_out(folder: &Path, stands: Login) {
    let token = match stands {
        Login::Good => "good",
        Login::Ended => "",
        Login::NotTaken => "bad",
    };
    std::fs::write(folder.join("token"), token).unwrap();
}
