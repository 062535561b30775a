//! What is told of a workload and what is read beside it: everything that a picture of it rests on.
//!
//! Unlike an AWS backend this one is told of changes. A watch that is silent may also be one whose
//! connection is dead, so the workload itself is read every few seconds as well.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

use crate::domain::{Fact, Fault, FaultKind, Identity, Reading};
use crate::sources::aws::Aws;
use crate::sources::time::later;

use super::cluster::{Cluster, Resource};
use super::orders;
use super::place::Place;
use super::raw::{Kind, News, Raw};
use super::watch::Watch;

/// How often the workload is read although it is watched.
const BEAT: SignedDuration = SignedDuration::from_secs(10);
/// How often after an order, and after an answer of a server that has just started. A Service that the
/// controller had moved before the answer to the order came was told of too early to show what the
/// order has led to, and is not told of again.
const SOON: SignedDuration = SignedDuration::from_secs(1);
/// How long after a login that failed the next one is tried.
const LOGIN: SignedDuration = SignedDuration::from_secs(5);
/// How often the caller and the permissions are asked for.
const WHO: SignedDuration = SignedDuration::from_mins(5);

/// Something that was heard from the cluster.
pub(super) enum Heard {
    /// The way into it.
    Open(Result<Cluster, Fault>),
    /// What a watch tells.
    News(Kind, News),
    /// Who asks, and what that person may not do.
    Caller(Result<Identity, Fault>, Vec<String>),
    /// The workload and the Services, read without the watch.
    Beat(Result<Vec<(Kind, Value)>, Fault>),
}

/// How much of a workload is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// All that has to do with it, and what the caller may do.
    Everything,
    /// What it runs and how it stands.
    Running,
}

/// One workload of a cluster, followed.
pub(crate) struct Follower {
    aws: Aws,
    place: Place,
    scope: Scope,
    raw: Raw,
    cluster: Option<Cluster>,
    inbox: UnboundedReceiver<Heard>,
    tell: UnboundedSender<Heard>,
    /// Everything that asks; ended with this.
    asked: JoinSet<()>,
    watches: JoinSet<()>,
    /// The Deployment that is watched because the rollout takes its template from it.
    workload: Option<String>,
    next_login: Option<Timestamp>,
    next_beat: Option<Timestamp>,
    next_who: Option<Timestamp>,
    /// The cluster did not answer the last time it was asked beside the watches.
    missed: bool,
}

impl Follower {
    /// Follows the workload at `place`; nothing is asked yet.
    pub(crate) fn new(aws: Aws, place: Place, scope: Scope) -> Self {
        let (tell, inbox) = unbounded_channel();
        let now = aws.now();
        Self {
            aws,
            place,
            scope,
            raw: Raw::default(),
            cluster: None,
            inbox,
            tell,
            asked: JoinSet::new(),
            watches: JoinSet::new(),
            workload: None,
            next_login: Some(now),
            next_beat: None,
            next_who: None,
            missed: false,
        }
    }

    /// Where it is.
    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    /// What the cluster has said of it.
    pub(crate) fn raw(&self) -> &Raw {
        &self.raw
    }

    /// The way into the cluster, once there is one.
    pub(crate) fn cluster(&self) -> Option<&Cluster> {
        self.cluster.as_ref()
    }

    /// Waits for the next that is heard and takes it in. It may be given up at any time: what was heard
    /// is kept for the next.
    pub(crate) async fn heard(&mut self) {
        loop {
            self.ask();
            let asleep = super::sleep(self.aws.clone(), self.next_due());
            tokio::select! {
                biased;
                heard = self.inbox.recv() => match heard {
                    Some(heard) => return self.hear(heard),
                    None => std::future::pending().await,
                },
                () = asleep => {}
            }
        }
    }

    /// Takes in everything that has come, and begins to ask for what is due.
    pub(crate) fn catch_up(&mut self) {
        while let Ok(heard) = self.inbox.try_recv() {
            self.hear(heard);
        }
        self.ask();
    }

    /// Reads it at once, unless it is being read.
    pub(crate) fn hurry(&mut self) {
        let now = self.aws.now();
        if let Some(next) = &mut self.next_beat {
            *next = now;
        }
    }

    /// Whoever has not answered yet is taken for silent.
    pub(crate) fn give_up(&mut self, fault: Fault) {
        if self.raw.age(self.place.main()) == (None, None) {
            self.hear(Heard::News(self.place.main(), News::Broken(fault)));
        }
    }

    /// Begins to ask for what is due.
    fn ask(&mut self) {
        let now = self.aws.now();
        let is_due = |at: Option<Timestamp>| at.is_some_and(|at| at <= now);
        let tell = self.tell.clone();
        let Some(cluster) = self.cluster.clone() else {
            if is_due(self.next_login) {
                self.next_login = None;
                let (aws, context) = (self.aws.clone(), self.place.context.clone());
                self.asked.spawn(async move {
                    let _ = tell.send(Heard::Open(aws.cluster(context.as_deref()).await));
                });
            }
            return;
        };
        if self.aws.is_urgent(now) {
            let soon = later(now, SOON);
            self.next_beat = self.next_beat.map(|at| at.min(soon));
        }
        if is_due(self.next_beat) {
            self.next_beat = None;
            let (cluster, place) = (cluster.clone(), self.place.clone());
            let services = match self.scope {
                Scope::Everything => self.raw.service_names(),
                Scope::Running => Vec::new(),
            };
            let tell = tell.clone();
            self.asked.spawn(async move {
                let _ = tell.send(Heard::Beat(beat(&cluster, &place, services).await));
            });
        }
        if is_due(self.next_who) {
            self.next_who = Some(later(now, WHO));
            let namespace = self.place.namespace.clone();
            self.asked.spawn(async move {
                let (caller, denied) = tokio::join!(
                    cluster.identity(&namespace),
                    orders::denied(&cluster, &namespace)
                );
                let _ = tell.send(Heard::Caller(caller, denied));
            });
        }
    }

    /// The kinds that are watched, the one everything else hangs on first.
    fn kinds(&self) -> Vec<Kind> {
        match self.scope {
            Scope::Everything => self.raw.kinds().collect(),
            Scope::Running => vec![self.place.main(), Kind::ReplicaSet, Kind::Pod, Kind::Event],
        }
    }

    /// Begins all watches anew.
    fn watch(&mut self, cluster: &Cluster) {
        self.watches.abort_all();
        self.workload = None;
        let kinds = match self.scope {
            Scope::Everything => Kind::ALL.to_vec(),
            Scope::Running => self.kinds(),
        };
        for kind in kinds {
            self.follow(cluster, kind, self.place.resource(kind));
        }
    }

    fn follow(&mut self, cluster: &Cluster, kind: Kind, resource: Resource) {
        let (aws, cluster, tell) = (self.aws.clone(), cluster.clone(), self.tell.clone());
        self.watches.spawn(Watch { aws, cluster, kind, resource, tell }.run());
    }

    /// Watches the Deployment that the rollout refers to, as soon as that is known.
    fn watch_workload(&mut self) {
        if self.scope == Scope::Running {
            return;
        }
        let named = self.raw.workload().map(str::to_owned);
        let Some(cluster) = self.cluster.clone().filter(|_| named != self.workload) else { return };
        if let Some(name) = &named {
            let fields = Some(format!("metadata.name={name}"));
            let resource = Resource { fields, ..self.place.resource(Kind::Deployment) };
            self.follow(&cluster, Kind::Deployment, resource);
        }
        self.workload = named;
    }

    /// Takes in what was heard.
    fn hear(&mut self, heard: Heard) {
        let (now, main) = (self.aws.now(), self.place.main());
        match heard {
            Heard::Open(Ok(cluster)) => {
                self.watch(&cluster);
                self.cluster = Some(cluster);
                self.next_beat = Some(later(now, BEAT));
                self.next_who = (self.scope == Scope::Everything).then_some(now);
            }
            Heard::Open(Err(fault)) => {
                self.next_login = Some(later(now, LOGIN));
                self.raw.identity =
                    std::mem::take(&mut self.raw.identity).after(Err(fault.clone()), now);
                self.raw.hear(main, News::Broken(fault), now);
            }
            Heard::News(kind, news) => {
                self.raw.hear(kind, news, now);
                if kind == Kind::Rollout {
                    self.watch_workload();
                }
            }
            Heard::Caller(caller, denied) => {
                if let Err(fault) = &caller {
                    let wait = if fault.kind == FaultKind::Server { SOON } else { LOGIN };
                    self.next_who = Some(later(now, wait));
                }
                self.raw.identity = std::mem::take(&mut self.raw.identity).after(caller, now);
                self.raw.denied = denied;
            }
            Heard::Beat(Ok(objects)) => {
                self.next_beat = Some(later(now, BEAT));
                for (kind, object) in objects {
                    self.raw.hear(kind, News::Is(object), now);
                }
                // Watches may have died without a word together with the answers.
                if std::mem::take(&mut self.missed)
                    && let Some(cluster) = self.cluster.clone()
                {
                    self.watch(&cluster);
                }
            }
            Heard::Beat(Err(fault)) => {
                self.next_beat = Some(later(now, BEAT));
                if fault.kind == FaultKind::NotFound {
                    // A cluster that does not know Rollouts at all has said so to the list.
                    if self.raw.age(main).0.is_some() {
                        self.raw.hear(main, News::All(Vec::new()), now);
                    }
                } else {
                    self.missed = true;
                    self.raw.hear(main, News::Broken(fault), now);
                }
            }
        }
    }

    /// When something is to be asked again.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        match self.cluster {
            Some(_) => [self.next_beat, self.next_who].into_iter().flatten().min(),
            None => self.next_login,
        }
    }

    /// How fresh what it says is.
    pub(crate) fn reading(&self) -> Reading {
        let (at, fault) = self.raw.age(self.place.main());
        let also = || self.kinds().into_iter().find_map(|kind| self.raw.age(kind).1);
        Reading {
            at,
            fault: fault.or_else(also).cloned(),
            next: self.next_due(),
            period_seconds: BEAT.as_secs_f64(),
        }
    }

    /// Whether a server answers that has nothing to say yet.
    pub(crate) fn is_starting(&self) -> bool {
        let kinds = self.kinds();
        let mut faults = kinds.into_iter().filter_map(|kind| self.raw.age(kind).1);
        let starts = |fault: &Fault| fault.kind == FaultKind::Server;
        self.raw.identity.fault().is_some_and(starts) || faults.any(starts)
    }

    /// Whether everything has answered at least once.
    pub(crate) fn is_whole(&self) -> bool {
        let heard = |kind: Kind| self.raw.age(kind) != (None, None);
        let who = self.raw.identity != Fact::Unasked || self.scope == Scope::Running;
        let lost = self.cluster.is_none() && self.raw.age(self.place.main()).1.is_some();
        lost || (who && self.kinds().into_iter().all(heard))
    }
}

/// Reads what an order is judged by, beside the watches.
async fn beat(
    cluster: &Cluster,
    place: &Place,
    services: Vec<String>,
) -> Result<Vec<(Kind, Value)>, Fault> {
    let main = place.main();
    let object = cluster.get(&place.resource(main), &place.name).await?;
    let mut found = vec![(main, object)];
    for name in services {
        // One that cannot be read says so in its own watch.
        if let Ok(service) = cluster.get(&place.resource(Kind::Service), &name).await {
            found.push((Kind::Service, service));
        }
    }
    Ok(found)
}
