//! What a rollout is: the words of the product as types.
//!
//! - A [`Target`] is what the user asked to watch; a [`Rollout`] is one deployment of it.
//! - An [`Environment`] is blue (served before) or green (the new [`Revision`]).
//! - A [`Weight`] is a share of traffic, a [`Split`] divides the whole; [`Traffic`] keeps what was
//!   planned apart from what the load balancer holds and from the [`MeasuredShare`].
//! - A [`Stage`] is a step, a [`Gate`] waits for a person, a [`Guard`] may roll back by itself,
//!   and what an analysis has [`Measured`] stands behind it.
//! - A [`Fact`] is something read from an API with its age, or the [`Fault`] that prevented it.
//! - A [`Snapshot`] is everything known about one target at one moment: the one picture that
//!   every backend makes and every screen, the JSON and the tests read.
//! - An [`Action`] is what a person can ask for; [`permit()`] is the only judge of it; an [`Order`]
//!   is one action with the state it was decided on.
//!
//! And [`nearest()`], the right word that a wrong one may have meant: a mistake is answered everywhere
//! in the same way.
//!
//! Plain values only: no clock, no network, no terminal, no async, no text for a screen.

mod call;
mod candidate;
mod code;
mod custom;
mod dial;
mod environment;
mod expected;
mod fact;
mod fault;
mod found;
mod guard;
mod ids;
mod keeper;
mod log;
mod measured;
mod metric;
mod nearest;
mod order;
mod origin;
mod per_target;
mod permit;
mod pipeline;
mod prometheus;
mod rollout;
mod rules;
mod shifting;
mod stage;
mod target;
mod traffic;
mod workload;

pub use call::{Call, shell_word};
pub use candidate::{Analysis, Candidate};
pub use code::{CodeError, OneTimeCode};
pub use custom::{CustomSeries, FinePoint, FineSeries};
pub use dial::Dial;
pub use environment::{Environment, Image, Revision, Side, TargetState, Targets, Task, TaskCounts};
pub use expected::{Change, Expected};
pub use fact::Fact;
pub use fault::{Fault, FaultKind};
pub use found::{ControlPlane, Found, Gap, GapReason, Listing, Share, What};
pub use guard::{Guard, GuardState};
pub use ids::{OrderId, RevisionNumber, RolloutId};
pub use keeper::{Edit, Keeper, Kept};
pub use log::{LogLine, LogPage, LogPlace, LogQuestion};
pub use measured::{AnalysisState, Budget, Condition, Limit, Measured, Measurement, Relation};
pub use metric::{
    LatencyBasis, LatencyEdge, MetricKind, Metrics, Point, Quantile, SideMetrics, Slower,
};
pub use nearest::nearest;
pub use order::{Action, Means, Offered, Order, Progress, Refusal};
pub use origin::{At, Origin, SideSettings, Sides, region_of};
pub use per_target::PerTarget;
pub use permit::{LastOrder, Permit, Policy, Strength, is_ready, lacks, permit};
pub use pipeline::{Pipeline, PipelineApproval, PipelineRun, SourceRevision};
pub use prometheus::{CountedBy, Prometheus, PrometheusAddress};
pub use rollout::{
    EndReason, EventKind, Identity, Reading, Restart, RollbackLink, Rollout, RolloutKind,
    RolloutSummary, SHARE_MINUTES, Snapshot, Source, TimelineEvent,
};
pub use rules::{Hours, Rules};
pub use shifting::{Shifting, Shiftings};
pub use stage::{Due, Gate, Next, NextStep, Phase, Stage, StageKind, StageState};
pub use target::{AlbPlace, TARGET_FORMS, Target, TargetError};
pub use traffic::{
    ListenerSplit, MeasuredShare, Percent, PercentError, Route, ShareOf, Split, Traffic, Weight,
};
pub use workload::{
    Runs, Standing, StandingWord, WORKLOAD_FORMS, Workload, WorkloadError, WorkloadKind,
};
