//! The kinds of objects that the cluster knows.

/// A kind of object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Namespace,
    Pod,
    Service,
    Event,
    ReplicaSet,
    Deployment,
    Ingress,
    Job,
    Rollout,
    AnalysisRun,
    AnalysisTemplate,
    ClusterAnalysisTemplate,
    Experiment,
    TargetGroupBinding,
}

impl Kind {
    /// All of them.
    pub(crate) const ALL: [Self; 14] = [
        Self::Namespace,
        Self::Pod,
        Self::Service,
        Self::Event,
        Self::ReplicaSet,
        Self::Deployment,
        Self::Ingress,
        Self::Job,
        Self::Rollout,
        Self::AnalysisRun,
        Self::AnalysisTemplate,
        Self::ClusterAnalysisTemplate,
        Self::Experiment,
        Self::TargetGroupBinding,
    ];

    /// The kind that a path names.
    pub(crate) fn of(group: &str, version: &str, plural: &str) -> Option<Self> {
        let named =
            |kind: &Self| (kind.group(), kind.version(), kind.plural()) == (group, version, plural);
        Self::ALL.into_iter().find(named)
    }

    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Namespace => "Namespace",
            Self::Pod => "Pod",
            Self::Service => "Service",
            Self::Event => "Event",
            Self::ReplicaSet => "ReplicaSet",
            Self::Deployment => "Deployment",
            Self::Ingress => "Ingress",
            Self::Job => "Job",
            Self::Rollout => "Rollout",
            Self::AnalysisRun => "AnalysisRun",
            Self::AnalysisTemplate => "AnalysisTemplate",
            Self::ClusterAnalysisTemplate => "ClusterAnalysisTemplate",
            Self::Experiment => "Experiment",
            Self::TargetGroupBinding => "TargetGroupBinding",
        }
    }

    /// What its collections are called in paths.
    pub(crate) fn plural(self) -> &'static str {
        match self {
            Self::Namespace => "namespaces",
            Self::Pod => "pods",
            Self::Service => "services",
            Self::Event => "events",
            Self::ReplicaSet => "replicasets",
            Self::Deployment => "deployments",
            Self::Ingress => "ingresses",
            Self::Job => "jobs",
            Self::Rollout => "rollouts",
            Self::AnalysisRun => "analysisruns",
            Self::AnalysisTemplate => "analysistemplates",
            Self::ClusterAnalysisTemplate => "clusteranalysistemplates",
            Self::Experiment => "experiments",
            Self::TargetGroupBinding => "targetgroupbindings",
        }
    }

    /// What people may type instead.
    pub(crate) fn short_name(self) -> Option<&'static str> {
        match self {
            Self::Namespace => Some("ns"),
            Self::Pod => Some("po"),
            Self::Service => Some("svc"),
            Self::Event => Some("ev"),
            Self::ReplicaSet => Some("rs"),
            Self::Deployment => Some("deploy"),
            Self::Ingress => Some("ing"),
            Self::Job | Self::TargetGroupBinding => None,
            Self::Rollout => Some("ro"),
            Self::AnalysisRun => Some("ar"),
            Self::AnalysisTemplate => Some("at"),
            Self::ClusterAnalysisTemplate => Some("cat"),
            Self::Experiment => Some("exp"),
        }
    }

    /// Its API group; the core group has no name.
    pub(crate) fn group(self) -> &'static str {
        match self {
            Self::Namespace | Self::Pod | Self::Service | Self::Event => "",
            Self::ReplicaSet | Self::Deployment => "apps",
            Self::Ingress => "networking.k8s.io",
            Self::Job => "batch",
            Self::Rollout
            | Self::AnalysisRun
            | Self::AnalysisTemplate
            | Self::ClusterAnalysisTemplate
            | Self::Experiment => "argoproj.io",
            Self::TargetGroupBinding => "elbv2.k8s.aws",
        }
    }

    /// The version of its group.
    pub(crate) fn version(self) -> &'static str {
        match self.group() {
            "argoproj.io" => "v1alpha1",
            "elbv2.k8s.aws" => "v1beta1",
            _ => "v1",
        }
    }

    /// Group and version as objects spell them.
    pub(crate) fn api_version(self) -> String {
        match self.group() {
            "" => self.version().to_owned(),
            group => format!("{group}/{}", self.version()),
        }
    }

    /// Whether its objects live in a namespace.
    pub(crate) fn is_namespaced(self) -> bool {
        !matches!(self, Self::Namespace | Self::ClusterAnalysisTemplate)
    }

    /// Whether its status has a path of its own, so that the main path does not take it.
    pub(crate) fn has_status(self) -> bool {
        matches!(
            self,
            Self::Rollout
                | Self::Pod
                | Self::Service
                | Self::ReplicaSet
                | Self::Deployment
                | Self::Ingress
                | Self::Job
                | Self::Namespace
                | Self::TargetGroupBinding
        )
    }
}
