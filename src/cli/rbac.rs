//! `cutover rbac`: the roles that a cluster has to give.

use std::process::ExitCode;

use clap::Args;

use super::{Outcome, Output, Surroundings, watch};
use crate::config::Flags;
use crate::domain::{
    Prometheus, PrometheusAddress, Side, SideSettings, Workload, WorkloadKind, shell_word,
};

/// What watching needs, and what ordering needs beside it.
const READ: &str = include_str!("../../assets/kubernetes/read.yaml");
const ACT: &str = include_str!("../../assets/kubernetes/act.yaml");

/// The Kubernetes roles that watching and acting on Argo Rollouts need, for `kubectl apply -f -`.
#[derive(Debug, Args)]
pub(super) struct Rbac {
    /// Weights with clusters behind them, a target or a name from the configuration file: what reading
    /// each of its clusters needs; nothing is ever sent there
    target: Option<String>,
    /// Only what watching needs
    #[arg(long)]
    read_only: bool,
}

impl Rbac {
    pub(super) fn run(self, output: &mut Output) -> Outcome {
        if let Some(text) = self.target {
            let flags = Flags { target: Some(text), ..Flags::default() };
            let config = watch::choose(flags, &Surroundings::read()?)?;
            let target = watch::required(&config)?;
            if !target.is_in_cluster() {
                let roles = roles(config.sides.of(&target));
                if roles.is_empty() {
                    return Err(format!(
                        "nobody has said which clusters are behind {target}\n\nhint: name what runs its \
                         sides in the configuration file: [targets.NAME.blue] and .green"
                    )
                    .into());
                }
                output.data.write_all(roles.join("---\n").as_bytes())?;
                return Ok(ExitCode::SUCCESS);
            }
        }
        output.data.write_all(READ.as_bytes())?;
        if !self.read_only {
            writeln!(output.data, "---")?;
            output.data.write_all(ACT.as_bytes())?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// What reading each side's cluster needs.
fn roles([blue, green]: &[SideSettings; 2]) -> Vec<String> {
    let sides = [(Side::Blue, blue), (Side::Green, green)];
    let named =
        sides.into_iter().filter_map(|(side, said)| Some((side, said.runs.as_ref()?, said)));
    let roles = named.flat_map(|(side, workload, said)| {
        let counted = said.prometheus.as_ref().and_then(|one| counted(side, workload, one));
        std::iter::once(role(side, workload)).chain(counted)
    });
    roles.collect()
}

/// The role in the namespace of what runs a side.
fn role(side: Side, workload: &Workload) -> String {
    let (group, plural) = match workload.kind {
        WorkloadKind::Rollout => ("argoproj.io", "rollouts"),
        WorkloadKind::Deployment => ("apps", "deployments"),
    };
    let rules = [(group, plural), ("apps", "replicasets"), ("\"\"", "pods, events")];
    let rule = |(group, plural): (&str, &str)| {
        format!(
            "  - apiGroups: [{group}]\n    resources: [{plural}]\n    verbs: [get, list, watch]\n"
        )
    };
    let log = "  - apiGroups: [\"\"]\n    resources: [pods/log]\n    verbs: [get]\n";
    let what = format!("# {}: {workload}", side.word());
    let rules: String = rules.into_iter().map(rule).chain([log.to_owned()]).collect();
    document(&what, workload, (&workload.namespace, side.word()), &rules)
}

/// The role in the namespace of a Prometheus that is reached through the API server.
fn counted(side: Side, workload: &Workload, prometheus: &Prometheus) -> Option<String> {
    let PrometheusAddress::Service { namespace, service } = &prometheus.address else {
        return None;
    };
    let rule = "  - apiGroups: [\"\"]\n    resources: [services/proxy]\n    verbs: [get]\n";
    let what = format!("# {}'s Prometheus: {namespace}/{service}", side.word());
    let name = format!("metrics-{}", side.word());
    Some(document(&what, workload, (namespace, &name), rule))
}

fn document(
    what: &str,
    workload: &Workload,
    (namespace, name): (&str, &str),
    rules: &str,
) -> String {
    let context = workload.context.as_deref();
    let context = context.map(|name| format!(" --context {}", shell_word(name)));
    format!(
        "{what}\n# kubectl{} apply -f -\napiVersion: rbac.authorization.k8s.io/v1\nkind: Role\n\
         metadata:\n  name: cutover-read-{name}\n  namespace: {namespace}\nrules:\n{rules}",
        context.unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::PrometheusTable;

    #[test]
    fn each_cluster_gives_what_its_side_is_read_by_and_nothing_else() {
        let side = |runs: &str, prometheus: Option<&str>| SideSettings {
            origin: None,
            runs: Some(runs.parse().unwrap()),
            prometheus: prometheus.map(|address| PrometheusTable::usual(address).unwrap().0),
        };
        let blue = side("deployment:eks-a/shop/checkout", Some("monitoring/prometheus:9090"));
        let green = side("argo:eks-b/shop/checkout", Some("https://prometheus.example.com"));
        let roles = roles(&[blue, green]);
        let [deployed, counted, argo] = &roles[..] else { panic!("{roles:#?}") };
        assert!(deployed.contains("kubectl --context eks-a apply -f -"), "{deployed}");
        assert!(deployed.contains("resources: [deployments]") && !deployed.contains("rollouts"));
        assert!(counted.contains("namespace: monitoring") && counted.contains("services/proxy"));
        assert!(argo.contains("--context eks-b") && argo.contains("resources: [rollouts]"));
        assert!(roles.iter().all(|role| !role.contains("patch") && !role.contains("create")));
    }
}
