//! CodeDeploy's part: which deployment is followed, and what it says.

use std::collections::BTreeMap;

use aws_sdk_codedeploy::types::{
    DeploymentGroupInfo, DeploymentInfo, DeploymentStatus, RevisionLocation,
};
use jiff::{SignedDuration, Timestamp};

use crate::domain::{Fact, Fault, FaultKind, RolloutId, Target};
use crate::sources::aws::Aws;
use crate::sources::routing::Routing;

use super::appspec;
use super::calls::{deployment, destination, group, newest, routing};
use super::destination::{Destination, Platform};
use super::discover::{self, Driver};
use super::raw::{Control, Deployment, service_names};

/// How often the group is asked for a newer deployment while one runs, and while none does.
const GROUP_RUNNING: SignedDuration = SignedDuration::from_secs(60);
const GROUP_IDLE: SignedDuration = SignedDuration::from_secs(10);

/// How many deployments' targets are remembered; what is forgotten is asked for again.
const IDS: usize = 64;

/// What one look leaves for the next one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Memory {
    /// Application and group, once known.
    subject: Option<(String, String)>,
    /// The deployment that is followed.
    following: Option<String>,
    /// It was seen while it ran, so that what comes after it is of interest.
    seen_running: bool,
    group: Fact<DeploymentGroupInfo>,
    routings: BTreeMap<String, Routing>,
    undone: Option<Deployment>,
    last_good: Option<(String, RevisionLocation)>,
    /// What served before this deployment.
    before: Option<(String, Option<String>)>,
    /// What the target of this deployment said last: one failed reading must not look as if
    /// nothing had happened yet.
    target: Option<(String, Fact<Option<Destination>>)>,
    /// The ids of what deployments deploy to, by deployment.
    ids: BTreeMap<String, String>,
}

/// One look at CodeDeploy.
pub(crate) async fn look(
    aws: &Aws,
    target: &Target,
    mut memory: Memory,
) -> (Result<Control, Fault>, Memory) {
    let result = Box::pin(memory.look(aws, target)).await;
    (result, memory)
}

impl Memory {
    async fn look(&mut self, aws: &Aws, target: &Target) -> Result<Control, Fault> {
        self.find(aws, target).await?;
        // Side by side: an order waits for this.
        let known = self.following.clone();
        let ((), info) = tokio::join!(self.read_group(aws), async {
            Some(deployment(aws, known.as_deref()?).await)
        });
        self.follow_group(aws, target).await?;
        let Some(id) = self.following.clone() else {
            return Ok(Control {
                deployment: None,
                undone: None,
                last_good: None,
                before: None,
                group: self.group.clone(),
            });
        };
        let mut info = match info.filter(|_| known.as_ref() == Some(&id)) {
            Some(info) => info?,
            None => deployment(aws, &id).await?,
        };
        // The way back is another deployment; it may be over before any list shows it.
        if let Some(rollback) = rollback_id(&info) {
            info = deployment(aws, &rollback).await?;
            self.following = Some(rollback);
        }
        if self.subject.is_none() {
            self.subject = subject(&info);
            self.read_group(aws).await;
            self.follow_group(aws, target).await?;
            let read = info.deployment_id();
            if let Some(newer) = self.following.clone().filter(|id| Some(id.as_str()) != read) {
                info = deployment(aws, &newer).await?;
            }
        }
        self.seen_running |= !is_over(&info);
        let mut followed = self.complete(aws, info).await;
        self.keep_target(&mut followed);
        let undone = self.undone(aws, &followed.info).await;
        let last_good = self.last_good(aws, &followed.info).await;
        let before = self.before(aws, &followed.info).await;
        let group = self.group.clone();
        Ok(Control { deployment: Some(followed), undone, last_good, before, group })
    }

    /// The first look: what the target leads to.
    async fn find(&mut self, aws: &Aws, target: &Target) -> Result<(), Fault> {
        if self.subject.is_some() || self.following.is_some() {
            return Ok(());
        }
        match target {
            Target::CodeDeploy { application, group } => {
                self.subject = Some((application.clone(), group.clone()));
            }
            Target::Deployment(id) => self.following = Some(id.as_str().to_owned()),
            Target::Argo { .. }
            | Target::Alb(_)
            | Target::Route53 { .. }
            | Target::Beanstalk { .. } => {
                let text = format!("CodeDeploy does not know {target}");
                return Err(Fault::new(FaultKind::NotFound, "codedeploy:GetDeployment", text));
            }
            Target::Ecs { cluster, service } => {
                match discover::driver(aws, cluster, service).await? {
                    Driver::Deployment(id) => self.following = Some(id),
                    Driver::Group(application, group) => self.subject = Some((application, group)),
                }
            }
        }
        Ok(())
    }

    /// The group, when the last reading is too old.
    async fn read_group(&mut self, aws: &Aws) {
        let Some((application, name)) = &self.subject else { return };
        let period = if self.seen_running { GROUP_RUNNING } else { GROUP_IDLE };
        let fresh = |at: Timestamp| aws.now().duration_since(at) < period;
        if self.group.fault().is_none() && self.group.at().is_some_and(fresh) {
            return;
        }
        let answer = group(aws, application, name).await;
        self.group = std::mem::take(&mut self.group).after(answer, aws.now());
    }

    /// A newer deployment of the group takes the place of one that is over.
    ///
    /// Somebody who asked for one finished deployment keeps it, until something new begins.
    async fn follow_group(&mut self, aws: &Aws, target: &Target) -> Result<(), Fault> {
        let Some((application, name)) = self.subject.clone() else { return Ok(()) };
        if let (None, Some(fault)) = (&self.following, self.group.fault()) {
            // Without the group nothing says what exists: NotFound, denied, ...
            return Err(fault.clone());
        }
        let last = self.group.value().and_then(DeploymentGroupInfo::last_attempted_deployment);
        let newest = match last.and_then(|last| last.deployment_id()) {
            Some(id) => Some(id.to_owned()),
            None if self.following.is_none() => newest(aws, &application, &name).await?,
            None => None,
        };
        let stay = matches!(target, Target::Deployment(_)) && !self.seen_running;
        if newest.is_some() && newest != self.following && (self.following.is_none() || !stay) {
            self.following = newest;
            self.seen_running = false;
        }
        Ok(())
    }

    /// A deployment with its target and how it shifts.
    async fn complete(&mut self, aws: &Aws, info: DeploymentInfo) -> Deployment {
        let id = info.deployment_id().unwrap_or_default().to_owned();
        let names = service_names(self.group.value(), None);
        let names = names.map(|(cluster, service)| format!("{cluster}:{service}"));
        let target = names.or_else(|| self.ids.get(&id).cloned());
        let name = info.deployment_config_name().unwrap_or_default().to_owned();
        let known = self.routings.get(&name).copied();
        let now = aws.now();
        if Platform::of(&info) == Platform::Instances {
            // They are many, asked for by themselves, and have no shares.
            return Deployment { info, target: Fact::known(None, now), routing: Fact::Unasked };
        }
        let (target, routing) = tokio::join!(destination(aws, &id, target), async {
            match known {
                Some(routing) => Ok(routing),
                None => routing(aws, &name).await,
            }
        });
        if let Ok(routing) = &routing {
            self.routings.insert(name, *routing);
        }
        let target = target.map(|(target_id, told)| {
            if self.ids.len() >= IDS {
                self.ids.clear();
            }
            self.ids.extend(target_id.map(|target_id| (id, target_id)));
            told
        });
        let now = aws.now();
        Deployment {
            info,
            target: Fact::Unasked.after(target, now),
            routing: Fact::Unasked.after(routing, now),
        }
    }

    /// A reading of the target that failed leaves what it said before, as old.
    fn keep_target(&mut self, followed: &mut Deployment) {
        let before = self.target.take().filter(|(id, _)| id == followed.id());
        if let (Fact::Unknown { fault }, Some((_, before))) = (&followed.target, before) {
            let at = before.at().unwrap_or(Timestamp::UNIX_EPOCH);
            followed.target = before.after(Err(fault.clone()), at);
        }
        self.target = Some((followed.id().to_owned(), followed.target.clone()));
    }

    /// What a rollback undoes; it no longer changes, so that it is read once.
    async fn undone(&mut self, aws: &Aws, of: &DeploymentInfo) -> Option<Deployment> {
        let id = of.rollback_info()?.rollback_triggering_deployment_id()?.to_owned();
        if self.undone.as_ref().is_none_or(|undone| undone.id() != id) {
            let info = deployment(aws, &id).await.ok()?;
            let undone = self.complete(aws, info).await;
            // A target that could not be read is asked for again next time.
            if undone.target.value().is_none() {
                return Some(undone);
            }
            self.undone = Some(undone);
        }
        self.undone.clone()
    }
}

impl Memory {
    /// What the group deployed well last: where a deployment that did not end well can go back to.
    async fn last_good(&mut self, aws: &Aws, of: &DeploymentInfo) -> Option<RevisionLocation> {
        if !is_over(of) || of.status() == Some(&DeploymentStatus::Succeeded) {
            return None;
        }
        let id = self.group.value()?.last_successful_deployment()?.deployment_id()?.to_owned();
        if self.last_good.as_ref().is_none_or(|(known, _)| *known != id) {
            let revision = deployment(aws, &id).await.ok()?.revision?;
            self.last_good = Some((id, revision));
        }
        self.last_good.as_ref().map(|(_, revision)| revision.clone())
    }
}

impl Memory {
    /// What served before a deployment that ended well; it never changes.
    async fn before(&mut self, aws: &Aws, of: &DeploymentInfo) -> Option<String> {
        let of_service = Platform::of(of) == Platform::Service;
        if !of_service || of.status() != Some(&DeploymentStatus::Succeeded) {
            return None;
        }
        let id = of.deployment_id()?;
        if self.before.as_ref().is_none_or(|(known, _)| known != id) {
            self.before = Some((id.to_owned(), appspec::before(aws, of).await?));
        }
        self.before.as_ref().and_then(|(_, definition)| definition.clone())
    }
}

/// Whether nothing more will happen in it.
pub(crate) fn is_over(info: &DeploymentInfo) -> bool {
    matches!(
        info.status(),
        Some(DeploymentStatus::Succeeded | DeploymentStatus::Failed | DeploymentStatus::Stopped)
    )
}

fn rollback_id(info: &DeploymentInfo) -> Option<String> {
    let id = info.rollback_info()?.rollback_deployment_id()?;
    (!id.is_empty()).then(|| id.to_owned())
}

fn subject(info: &DeploymentInfo) -> Option<(String, String)> {
    Some((info.application_name()?.to_owned(), info.deployment_group_name()?.to_owned()))
}

impl Memory {
    /// The memory of somebody who follows this deployment of a target and has seen it run.
    pub(crate) fn of(target: &Target, rollout: &RolloutId) -> Self {
        let subject = match target {
            Target::CodeDeploy { application, group } => Some((application.clone(), group.clone())),
            _ => None,
        };
        let following = Some(rollout.as_str().to_owned());
        Self { subject, following, seen_running: true, ..Self::default() }
    }
}
