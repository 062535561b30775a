//! Elastic Beanstalk: an application with two environments whose CNAMEs can be swapped, or with one
//! that splits its traffic between two versions while it is updated.
//!
//! | file | what |
//! |---|---|
//! | `steps` | what an environment goes through, and what it says about it |
//! | `orders` | what people ask |
//! | `health` | the last ten seconds of requests, and what health follows |

mod health;
mod orders;
mod steps;

use jiff::Timestamp;

pub(crate) use self::health::{Health, SPAN};
pub(crate) use self::steps::EnvironmentStep;

use super::World;
use super::keys::{Pool, ReleaseKey};
use super::names::Names;
use super::random::Seed;
use crate::sim::scenario;

/// The state of the application.
#[derive(Debug, Clone)]
pub(crate) struct Beanstalk {
    pub(crate) config: scenario::Beanstalk,
    pub(crate) created: Timestamp,
    pub(crate) environments: Vec<Environment>,
    /// Oldest first.
    pub(crate) notices: Vec<Notice>,
    /// The name that clients ask for.
    production: String,
}

/// An environment.
#[derive(Debug, Clone)]
pub(crate) struct Environment {
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) cname: String,
    pub(crate) endpoint: String,
    pub(crate) release: ReleaseKey,
    pub(crate) status: Status,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
    pub(crate) servers: Vec<Server>,
    /// What is being deployed, while it can be aborted.
    pub(crate) coming: Option<Coming>,
    /// The stream of requests that its servers answer.
    pool: Pool,
    /// How many deployments it has had.
    deployments: u32,
    /// The request that began what is under way.
    request: String,
    /// Steps planned under an older number are void.
    plan: u32,
}

/// A version on its way, and its share of the requests in per cent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Coming {
    pub(crate) release: ReleaseKey,
    pub(crate) percent: u8,
}

/// An instance of an environment.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    pub(crate) id: String,
    pub(crate) zone: usize,
    pub(crate) launched: Timestamp,
    pub(crate) release: ReleaseKey,
    /// The deployment that brought its version, and when.
    pub(crate) deployment: u32,
    pub(crate) deployed: Timestamp,
    /// It is being worked on.
    pub(crate) in_progress: bool,
    pool: Pool,
}

/// What happens to an environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Ready,
    Updating,
    Aborting,
}

impl Status {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Ready => "Ready",
            Self::Updating => "Updating",
            Self::Aborting => "Aborting",
        }
    }
}

/// An event as the API tells it.
#[derive(Debug, Clone)]
pub(crate) struct Notice {
    pub(crate) at: Timestamp,
    pub(crate) environment: usize,
    pub(crate) message: String,
    pub(crate) severity: Severity,
    pub(crate) request: String,
}

/// How grave an event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Severity {
    Info,
    Warn,
}

impl Severity {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Info => "INFO",
            Self::Warn => "WARN",
        }
    }
}

impl Beanstalk {
    /// Environments that have long been running the founding release; the first one serves.
    pub(super) fn new(
        config: scenario::Beanstalk,
        names: &Names,
        seed: Seed,
        now: Timestamp,
    ) -> Self {
        let place = &names.place;
        let host = |name: &str| format!("{name}.{}.elasticbeanstalk.com", place.region);
        let production = host(&place.application);
        let environment = |(index, name): (usize, &String)| {
            let server = |number: usize| Server {
                id: server_id(seed, (index, 0, number)),
                zone: number % 3,
                launched: now,
                release: ReleaseKey(0),
                deployment: 1,
                deployed: now,
                in_progress: false,
                pool: Pool::ALL[index % 2],
            };
            let idle = host(&format!("{}-next", place.application));
            Environment {
                name: name.clone(),
                id: format!("e-{}", seed.digits("environment", index, 10)),
                cname: if index == 0 { production.clone() } else { idle },
                endpoint: format!("awseb-{name}.{}.elb.amazonaws.com", place.region),
                release: ReleaseKey(0),
                status: Status::Ready,
                created: now,
                updated: now,
                servers: (0..place.desired as usize).map(server).collect(),
                coming: None,
                pool: Pool::ALL[index % 2],
                deployments: 1,
                request: String::new(),
                plan: 0,
            }
        };
        let environments = config.environments.iter().enumerate().map(environment).collect();
        Self { created: now, environments, notices: Vec::new(), production, config }
    }

    /// The environment that clients reach, and the other one.
    pub(crate) fn serving(&self) -> (usize, Option<usize>) {
        let serves = |environment: &Environment| environment.cname == self.production;
        let serving = self.environments.iter().position(serves).unwrap_or_default();
        (serving, (0..self.environments.len()).find(|index| *index != serving))
    }

    pub(crate) fn find(&self, name: Option<&str>, id: Option<&str>) -> Option<usize> {
        let means = |environment: &Environment| {
            name == Some(&environment.name) || id == Some(&environment.id)
        };
        self.environments.iter().position(means)
    }
}

impl Environment {
    /// Whether what is under way can be aborted.
    pub(crate) fn is_abortable(&self) -> bool {
        self.status == Status::Updating && self.coming.is_some()
    }
}

fn server_id(seed: Seed, (environment, deployment, number): (usize, u32, usize)) -> String {
    let index = (environment as u64) << 40 | u64::from(deployment) << 16 | number as u64;
    format!("i-0{}", seed.hex("server", index, 16))
}

impl World {
    /// The version label of a release.
    pub(crate) fn version_label(&self, release: ReleaseKey) -> &str {
        self.releases.get(release.0).map_or("", |release| release.tag.as_str())
    }
}
