//! What there is to ask for.

use serde_json::{Value as Json, json};

use super::{knows, no_resource, store};
use crate::sim::error::ApiError;
use crate::sim::value::Value;
use crate::sim::world::World;
use crate::sim::world::argo::Kind;

/// The version that the server says it has.
const VERSION: [&str; 3] = ["1", "34", "v1.34.0-eks-simulated"];

/// Answers a question for groups, versions and resources.
pub(super) fn discover(world: &World, input: &Value) -> Result<Value, ApiError> {
    store(world)?;
    let text = |name: &str| input.text(name).unwrap_or_default();
    let found = match (text("path").trim_matches('/'), text("group"), text("version")) {
        ("version", ..) => {
            let [major, minor, git] = VERSION;
            json!({"major": major, "minor": minor, "gitVersion": git, "platform": "linux/amd64"})
        }
        ("api", ..) => json!({
            "kind": "APIVersions",
            "versions": ["v1"],
            "serverAddressByClientCIDRs": [],
        }),
        ("apis", ..) => json!({
            "kind": "APIGroupList",
            "apiVersion": "v1",
            "groups": groups(world).iter().map(|group| described(group)).collect::<Vec<_>>(),
        }),
        ("healthz" | "readyz" | "livez", ..) => return Ok("ok".into()),
        (path, ..) if path.starts_with("openapi") => return Err(no_resource()),
        (_, group, "") if groups(world).contains(&group) => {
            let mut one = described(group);
            one["kind"] = json!("APIGroup");
            one["apiVersion"] = json!("v1");
            one
        }
        (_, group, version) => resources(group, version).ok_or_else(no_resource)?,
    };
    Ok(found.into())
}

/// The groups that have a name.
fn groups(world: &World) -> Vec<&'static str> {
    let mut groups: Vec<&str> = Kind::ALL.into_iter().map(Kind::group).collect();
    groups.retain(|group| !group.is_empty() && knows(world, group));
    groups.sort_unstable();
    groups.dedup();
    groups
}

fn described(group: &str) -> Json {
    let version =
        Kind::ALL.into_iter().find(|kind| kind.group() == group).map_or("v1", Kind::version);
    let version = json!({"groupVersion": format!("{group}/{version}"), "version": version});
    json!({"name": group, "versions": [version], "preferredVersion": version})
}

fn resources(group: &str, version: &str) -> Option<Json> {
    let own = |kind: &Kind| (kind.group(), kind.version()) == (group, version);
    let kinds: Vec<Kind> = Kind::ALL.into_iter().filter(own).collect();
    let first = kinds.first()?;
    let resource = |kind: &Kind| {
        let mut one = json!({
            "name": kind.plural(),
            "singularName": kind.name().to_lowercase(),
            "namespaced": kind.is_namespaced(),
            "kind": kind.name(),
            "verbs": ["create", "delete", "get", "list", "patch", "update", "watch"],
        });
        if let Some(short) = kind.short_name() {
            one["shortNames"] = json!([short]);
        }
        let status = kind.has_status().then(|| {
            json!({
                "name": format!("{}/status", kind.plural()),
                "singularName": "",
                "namespaced": kind.is_namespaced(),
                "kind": kind.name(),
                "verbs": ["patch", "update"],
            })
        });
        let log = (*kind == Kind::Pod).then(|| {
            json!({
                "name": "pods/log",
                "singularName": "",
                "namespaced": true,
                "kind": kind.name(),
                "verbs": ["get"],
            })
        });
        std::iter::once(one).chain(status).chain(log).collect::<Vec<_>>()
    };
    Some(json!({
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": first.api_version(),
        "resources": kinds.iter().flat_map(resource).collect::<Vec<_>>(),
    }))
}
