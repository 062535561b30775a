//! Enhanced health: the last ten seconds of requests, and what follows from them.

use jiff::SignedDuration;

use super::{Environment, Server, Status};
use crate::sim::world::World;
use crate::sim::world::time::{after, last_span};
use crate::sim::world::traffic::Minute;

/// The span of the metrics, in seconds.
pub(crate) const SPAN: i64 = 10;

/// A state of health, the calmest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Health {
    Ok,
    Info,
    Pending,
    Warning,
    Degraded,
    Severe,
}

impl Health {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Ok => "Ok",
            Self::Info => "Info",
            Self::Pending => "Pending",
            Self::Warning => "Warning",
            Self::Degraded => "Degraded",
            Self::Severe => "Severe",
        }
    }

    pub(crate) fn color(self) -> &'static str {
        match self {
            Self::Ok | Self::Info => "Green",
            Self::Pending => "Grey",
            Self::Warning => "Yellow",
            Self::Degraded | Self::Severe => "Red",
        }
    }
}

impl World {
    /// What a server answered in the last ten seconds that are over.
    pub(crate) fn server_requests(&self, environment: &Environment, server: &Server) -> Minute {
        if server.in_progress {
            return Minute::default();
        }
        let (pool, servers) = Self::server_share(environment, server);
        let same = environment.servers.iter().filter(|one| one.pool == server.pool);
        let place = same.take_while(|one| one.id != server.id).count();
        let start = last_span(self.now, SPAN);
        let end = after(start, SignedDuration::from_secs(SPAN));
        self.traffic.part(pool, (start, end), (place, servers))
    }

    /// What an environment answered in the last ten seconds that are over.
    pub(crate) fn environment_requests(&self, environment: &Environment) -> Minute {
        let mut whole = Minute::default();
        for server in &environment.servers {
            whole.merge(&self.server_requests(environment, server));
        }
        whole
    }

    /// The health of an environment, and why.
    pub(crate) fn environment_health(&self, environment: &Environment) -> (Health, Vec<String>) {
        let (mut health, mut causes) = judged(&self.environment_requests(environment));
        if environment.status != Status::Ready {
            let busy = environment.servers.iter().filter(|server| server.in_progress).count();
            let all = environment.servers.len();
            causes.push(match environment.status {
                Status::Aborting => "Environment update is being aborted.".to_owned(),
                _ if busy > 0 => {
                    format!("Application update in progress on {busy} out of {all} instances.")
                }
                _ => "Environment update in progress.".to_owned(),
            });
            health = health.max(Health::Info);
        }
        (health, causes)
    }

    /// The health of a server, and why.
    pub(crate) fn server_health(
        &self,
        environment: &Environment,
        server: &Server,
    ) -> (Health, Vec<String>) {
        if server.in_progress {
            return (Health::Pending, vec!["Application update in progress.".to_owned()]);
        }
        judged(&self.server_requests(environment, server))
    }
}

/// What the share of failed requests means.
fn judged(requests: &Minute) -> (Health, Vec<String>) {
    // With a handful of requests one failure says nothing.
    const ENOUGH: u64 = 20;
    if requests.requests < ENOUGH {
        return (Health::Ok, Vec::new());
    }
    let failing = 100.0 * requests.c5xx as f64 / requests.requests as f64;
    let health = match failing {
        rate if rate >= 20.0 => Health::Severe,
        rate if rate >= 10.0 => Health::Degraded,
        rate if rate >= 5.0 => Health::Warning,
        _ => return (Health::Ok, Vec::new()),
    };
    (health, vec![format!("{failing:.1} % of the requests are failing with HTTP 5xx.")])
}
