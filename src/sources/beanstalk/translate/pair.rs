//! Two environments that swap their names: all or nothing, and clients follow as their DNS answers
//! run out.

use aws_sdk_elasticbeanstalk::types::EnvironmentDescription;
use jiff::{SignedDuration, Timestamp};

use crate::domain::{
    Action, Due, Fact, ListenerSplit, Means, Next, NextStep, Offered, Percent, Phase, Refusal,
    Rollout, RolloutId, RolloutKind, ShareOf, Side, Split, Stage, StageKind, StageState, Traffic,
};
use crate::sources::time::{later, moment};

use super::super::raw::{Raw, Roles, name, named, status};
use super::super::roles::swaps;
use super::{call, sides};

/// How long clients keep an answer: what Elastic Beanstalk's names live.
const LAG: SignedDuration = SignedDuration::from_secs(60);

/// The two, with their roles.
struct Pair<'a> {
    blue: &'a EnvironmentDescription,
    green: &'a EnvironmentDescription,
    serves: Side,
    roles: &'a Roles,
    /// When the names were swapped last.
    swapped: Option<Timestamp>,
    swapping: bool,
}

impl<'a> Pair<'a> {
    fn of(raw: &'a Raw, both: &'a [EnvironmentDescription]) -> Option<Self> {
        let roles = raw.roles.as_ref()?;
        let blue = named(both, &roles.blue)?;
        let green = both.iter().find(|one| name(one) != roles.blue)?;
        let events = raw.events.value().map(Vec::as_slice).unwrap_or_default();
        let busy = [blue, green].iter().all(|one| status(one) == "Updating");
        Some(Self {
            serves: if green.cname() == Some(&roles.served_name) {
                Side::Green
            } else {
                Side::Blue
            },
            swapped: swaps(events, None).into_iter().map(|(at, _)| at).max(),
            // Nothing else changes both at once; what is said about it comes later.
            swapping: busy,
            blue,
            green,
            roles,
        })
    }

    fn split(&self) -> Split {
        match self.serves {
            Side::Blue => Split::ALL_BLUE,
            Side::Green => Split::ALL_GREEN,
        }
    }

    /// Whoever is not ready, with what it does.
    fn busy(&self) -> Option<String> {
        let busy = [self.green, self.blue].into_iter().find(|one| status(one) != "Ready")?;
        Some(format!("{} is {}", name(busy), status(busy)))
    }

    fn phase(&self) -> Phase {
        match (status(self.green), status(self.blue)) {
            ("Ready", "Ready") => Phase::Held,
            ("Updating", "Updating") if self.swapping => Phase::Shifting,
            ("Ready", other) => Phase::Other(format!("blue is {other}")),
            ("Launching" | "Updating", _) => Phase::Preparing,
            (other, _) => Phase::Other(format!("green is {other}")),
        }
    }
}

/// The rollout; nothing while it is not known which is which.
pub(super) fn rollout(
    raw: &Raw,
    both: &[EnvironmentDescription],
    now: Timestamp,
) -> Option<Rollout> {
    let pair = Pair::of(raw, both)?;
    let phase = pair.phase();
    Some(Rollout {
        id: RolloutId::new(&pair.roles.served_name),
        kind: RolloutKind::Rollout,
        name: pair.green.application_name().unwrap_or_default().to_owned(),
        configuration: "swap of environment names".to_owned(),
        creator: "user".to_owned(),
        description: None,
        created: pair.roles.deployed.or(moment(pair.green.date_created())),
        ended: None,
        stages: stages(&pair, &phase),
        gate: None,
        next: arrives(&pair, now),
        instant_rollback_until: None,
        traffic: traffic(raw, &pair),
        blue: sides::whole(raw, pair.blue),
        green: sides::whole(raw, pair.green),
        sides_are_guessed: pair.roles.guessed,
        keepers: Vec::new(),
        paused: false,
        restart: None,
        end_reason: None,
        rollback: None,
        offers: offers(&pair),
        phase,
    })
}

/// Which name leads where is read with the environments: it is what was asked for and what holds.
fn traffic(raw: &Raw, pair: &Pair<'_>) -> Traffic {
    let split = pair.split();
    let planned: Fact<Split> = raw.environments.map(|_| split);
    Traffic {
        of: ShareOf::Answers,
        listener: planned.map(|split| ListenerSplit::Split(*split)),
        planned,
        lag: Some(LAG),
        ..Traffic::default()
    }
}

/// Until when some clients follow the name to where it led before.
fn arrives(pair: &Pair<'_>, now: Timestamp) -> Option<Next> {
    let until = later(pair.swapped?, LAG);
    (now < until).then(|| Next { step: NextStep::Arrive, due: Due::estimate(until) })
}

fn stages(pair: &Pair<'_>, phase: &Phase) -> Vec<Stage> {
    let ready = status(pair.green) == "Ready" || pair.swapping;
    let deployed = Stage {
        state: if ready { StageState::Done } else { StageState::Running },
        ended: pair.roles.deployed.filter(|_| ready),
        ..Stage::pending(StageKind::GreenTasks)
    };
    let state = match (phase, pair.serves) {
        (Phase::Shifting, _) => StageState::Running,
        (_, Side::Green) => StageState::Done,
        (_, Side::Blue) => StageState::Pending,
    };
    let swapped = pair.swapped.filter(|_| state == StageState::Done);
    let swap =
        Stage { state, started: swapped, ..Stage::pending(StageKind::Shift(Split::ALL_GREEN)) };
    vec![deployed, swap]
}

fn offers(pair: &Pair<'_>) -> Vec<Offered> {
    let no = |action, text: &str| Offered::of(action, Err(Refusal::NoSuchCall(text.to_owned())));
    vec![
        Offered::of(Action::RollBack, swap(pair, Side::Blue)),
        Offered::of(Action::Continue, swap(pair, Side::Green)),
        no(Action::Finish, "both environments stay: end the old one when no client needs it"),
        no(Action::Stop, "a swap is one step: there is nothing to stop"),
        no(Action::Shift(Percent::ALL), "names are swapped, all or nothing"),
    ]
}

/// The swap that makes a side serve. It is the same call either way; blue stands first, so that
/// the order tells which one it is.
fn swap(pair: &Pair<'_>, wanted: Side) -> Result<(Means, crate::domain::Call), Refusal> {
    if let Some(busy) = pair.busy() {
        return Err(Refusal::NoSuchCall(format!("{busy}: both have to be Ready for a swap")));
    }
    if pair.serves == wanted {
        return Err(Refusal::AlreadyThere);
    }
    let params = [
        ("SourceEnvironmentName", name(pair.blue)),
        ("DestinationEnvironmentName", name(pair.green)),
    ];
    Ok((Means::SwapNames, call("SwapEnvironmentCNAMEs", &params)))
}
