//! Any objects, as a cluster might tell them: what the picture of them is.

use jiff::Timestamp;

use crate::domain::{Fact, Identity, Snapshot, WorkloadKind};

use super::raw::{Kind, News, Raw};
use super::{Place, translate};

/// What the first letter of a message is about.
const KINDS: [(u8, Kind); 8] = [
    (b'r', Kind::Rollout),
    (b's', Kind::ReplicaSet),
    (b'o', Kind::Pod),
    (b'a', Kind::AnalysisRun),
    (b'x', Kind::Experiment),
    (b'v', Kind::Service),
    (b'e', Kind::Event),
    (b'd', Kind::Deployment),
];

/// The picture after all messages: a letter for the kind, `=` for all objects, `+` for one as it is
/// now and `-` for one that is gone, then the object.
pub(crate) fn told(messages: &[&[u8]]) -> Snapshot {
    let now = Timestamp::from_second(1_772_442_000).unwrap_or_default();
    let place = Place::new(None, "shop", "checkout");
    let caller = Identity {
        account: "cluster".to_owned(),
        arn: "operator".to_owned(),
        region: "shop".to_owned(),
    };
    let mut raw = Raw { identity: Fact::known(caller, now), ..Raw::default() };
    for message in messages {
        let Some(([letter, verb], object)) = message.split_first_chunk::<2>() else { continue };
        let Some((_, kind)) = KINDS.iter().find(|(known, _)| known == letter) else { continue };
        let Ok(object) = serde_json::from_slice(object) else { continue };
        let news = match verb {
            b'=' => News::All(vec![object]),
            b'-' => News::Gone(object),
            _ => News::Is(object),
        };
        raw.hear(*kind, news, now);
    }
    let _ = translate::versions(&place, &raw);
    for kind in [WorkloadKind::Rollout, WorkloadKind::Deployment] {
        let place = Place { kind, ..place.clone() };
        let _ = (translate::running::running(&place, &raw), translate::running::sets(&place, &raw));
    }
    translate::snapshot(&place, &raw, now)
}
