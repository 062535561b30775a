//! Where a Rollout or a Deployment is, and where the objects are that have to do with it.

use crate::domain::{Target, Workload, WorkloadKind};

use super::cluster::Resource;
use super::raw::{HASH_LABEL, Kind, TEMPLATE_LABEL};

/// Where a Rollout or a Deployment is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) kind: WorkloadKind,
    pub(crate) context: Option<String>,
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl Place {
    /// The Rollout `name` in `namespace` of a context, or of the current one.
    pub(crate) fn new(context: Option<&str>, namespace: &str, name: &str) -> Self {
        let owned = str::to_owned;
        let (namespace, name) = (owned(namespace), owned(name));
        Self { kind: WorkloadKind::Rollout, context: context.map(owned), namespace, name }
    }

    /// Where a workload is.
    pub(crate) fn of_workload(workload: &Workload) -> Self {
        let Workload { kind, context, namespace, name } = workload.clone();
        Self { kind, context, namespace, name }
    }

    /// The kind of the object that everything else hangs on.
    pub(super) fn main(&self) -> Kind {
        match self.kind {
            WorkloadKind::Rollout => Kind::Rollout,
            WorkloadKind::Deployment => Kind::Deployment,
        }
    }

    /// The place that a target names, if it is in a cluster.
    pub(crate) fn of(target: &Target) -> Option<Self> {
        match target {
            Target::Argo { context, namespace, name } => {
                Some(Self::new(context.as_deref(), namespace, name))
            }
            Target::CodeDeploy { .. }
            | Target::Deployment(_)
            | Target::Ecs { .. }
            | Target::Alb(_)
            | Target::Route53 { .. }
            | Target::Beanstalk { .. } => None,
        }
    }

    /// It as a target.
    pub(super) fn target(&self) -> Target {
        Target::Argo {
            context: self.context.clone(),
            namespace: self.namespace.clone(),
            name: self.name.clone(),
        }
    }

    /// The objects of one kind that can have to do with it.
    pub(super) fn resource(&self, kind: Kind) -> Resource {
        let group = match kind {
            Kind::Rollout | Kind::AnalysisRun | Kind::Experiment => "/apis/argoproj.io/v1alpha1",
            Kind::ReplicaSet | Kind::Deployment => "/apis/apps/v1",
            Kind::Pod | Kind::Service | Kind::Event => "/api/v1",
        };
        let fields = match kind {
            kind if kind == self.main() => Some(format!("metadata.name={}", self.name)),
            Kind::Event => Some(format!("involvedObject.name={}", self.name)),
            Kind::Rollout
            | Kind::ReplicaSet
            | Kind::Pod
            | Kind::AnalysisRun
            | Kind::Experiment
            | Kind::Service
            | Kind::Deployment => None,
        };
        // What carries no hash belongs to no version.
        let label = match self.kind {
            WorkloadKind::Rollout => HASH_LABEL,
            WorkloadKind::Deployment => TEMPLATE_LABEL,
        };
        let labels = matches!(kind, Kind::ReplicaSet | Kind::Pod).then(|| label.to_owned());
        Resource {
            path: format!("{group}/namespaces/{}/{}", self.namespace, kind.plural()),
            plural: kind.plural(),
            fields,
            labels,
        }
    }
}
