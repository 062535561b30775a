//! A login program that hands out tokens, or refuses to.

use serde_json::{Value, json};

use super::bed::Bed;
use super::live::Live;
use super::scene::Scene;

impl Scene<Live> {
    /// Everything from here on is asked in the name of a token that a login program hands out, as
    /// `aws eks get-token` does: one that is about to end, so that it is started for every request.
    pub(crate) fn logging_in(mut self, token: &str) -> Self {
        let folder = self.ground.home.0.path().to_owned();
        let program = folder.join("login");
        let text = r#"#!/bin/sh
token=$(cat "${0%/*}/token")
if [ -z "$token" ]; then
  echo "scribble: the session has expired" >&2
  exit 1
fi
end=$(date -u -d '+30 seconds' +%Y-%m-%dT%H:%M:%SZ)
echo '{"apiVersion": "client.authentication.k8s.io/v1beta1", "kind": "ExecCredential",' \
  '"status": {"token": "'"$token"'", "expirationTimestamp": "'"$end"'"}}'
"#;
        std::fs::write(&program, text).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        std::fs::set_permissions(&program, mode).unwrap();
        let file = std::fs::read_to_string(Bed::kubeconfig("admin")).unwrap();
        let mut file: Value = serde_json::from_str(&file).unwrap();
        let api = "client.authentication.k8s.io/v1beta1";
        let exec = json!({"apiVersion": api, "command": program});
        file["users"][0]["user"] = json!({ "exec": exec });
        self.ground.user = folder.join("kubeconfig");
        std::fs::write(&self.ground.user, file.to_string()).unwrap();
        self.logs_in_with(token);
        self
    }

    /// The token that is handed out from now on; an empty one is refused by the login program.
    pub(crate) fn logs_in_with(&self, token: &str) {
        std::fs::write(self.ground.home.0.path().join("token"), token).unwrap();
    }
}
