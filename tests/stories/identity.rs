//! Credentials that belong to somebody else than before.

use cutover::app::Overlay;
use cutover::domain::{Action, Fact, FaultKind, Identity, Snapshot};

use crate::harness::fixtures::{NOW, Scene, fault};
use crate::harness::keyboard::Desk;

/// The picture as another caller sees it.
fn seen_by(scene: Scene, change: impl FnOnce(&mut Identity)) -> Snapshot {
    let scene = scene.picture(|picture| {
        if let Fact::Known { value, .. } = &mut picture.identity {
            change(value);
        }
    });
    scene.shot()
}

fn elsewhere(at: i64) -> Snapshot {
    seen_by(Scene::shifting().at(at), |identity| identity.account = "999999999999".into())
}

#[test]
fn nothing_is_sent_in_a_new_name_until_that_is_acknowledged() {
    let mut desk = Desk::watching(Scene::shifting().shot());
    desk.sees(elsewhere(NOW + 5));
    assert!(matches!(desk.state.overlay, Some(Overlay::NewIdentity(_))));
    assert_eq!(desk.notice(), "identity changed: now prod-admin in 999999999999, eu-west-1");
    assert_eq!(desk.seen()[0], desk.notice());
    desk.presses("esc");
    desk.presses("R").presses("enter").presses("R");
    assert!(matches!(desk.state.overlay, Some(Overlay::NewIdentity(_))), "it asks again");
    assert_eq!(desk.orders().len(), 0);
    desk.strikes("y");
    assert!(desk.state.overlay.is_some(), "deaf in the first moments");
    desk.presses("y").presses("R").presses("y");
    assert_eq!(desk.orders().len(), 1);
    assert_eq!(desk.orders()[0].expected.account, "999999999999");
}

#[test]
fn an_open_question_does_not_survive_a_new_name() {
    let mut desk = Desk::watching(Scene::shifting().shot());
    desk.presses("R").sees(elsewhere(NOW + 5));
    assert!(desk.state.confirm().is_none());
    desk.presses("y");
    assert_eq!(desk.orders().len(), 0, "the yes was to another question");
}

#[test]
fn a_letter_of_a_typed_name_acknowledges_nothing() {
    let mut desk = Desk::watching(Scene::shifting().shot());
    desk.presses("S").types("pa").sees(elsewhere(NOW + 5)).types("y");
    assert!(desk.state.cockpit().unwrap().new_identity().is_some());
    assert_eq!(desk.state.confirm().unwrap().typed, "pay");
    assert!(desk.complaint().starts_with("close this and look again: the identity is now"));
}

#[test]
fn a_renewed_session_of_the_same_role_is_the_same_caller() {
    let mut desk = Desk::watching(Scene::shifting().shot());
    desk.sees(seen_by(Scene::shifting().at(NOW + 5), |identity| identity.arn.push_str("-2")));
    assert!(desk.state.overlay.is_none());
    desk.presses("R").presses("y");
    assert_eq!(desk.orders().len(), 1);
}

/// The picture after a question about the caller that failed like this.
fn unsure(kind: FaultKind) -> Snapshot {
    let scene = Scene::shifting().at(NOW + 5).picture(|picture| {
        let failed = Err(fault(kind, "sts:GetCallerIdentity"));
        picture.identity = std::mem::take(&mut picture.identity).after(failed, picture.taken);
    });
    scene.shot()
}

#[test]
fn a_silent_identity_service_holds_up_no_roll_back() {
    let mut desk = Desk::watching(Scene::shifting().shot());
    desk.sees(unsure(FaultKind::Throttled)).presses("R").presses("y");
    assert_eq!(desk.orders().len(), 1);
    // The world is read again before the call, and the caller is silent there too. The call names a
    // deployment that no other account has, so it can hit nothing else.
    let order = desk.orders()[0].clone();
    let mut again = unsure(FaultKind::Throttled);
    again.identity = Fact::Unknown { fault: fault(FaultKind::Timeout, "sts:GetCallerIdentity") };
    assert_eq!(order.expected.change(Action::RollBack, &again), None);
    assert!(order.expected.change(Action::Stop, &again).is_some(), "nothing else goes on trust");
}

#[test]
fn a_refused_login_leaves_the_caller_in_doubt() {
    let mut desk = Desk::watching(Scene::shifting().shot());
    desk.sees(unsure(FaultKind::CredentialsExpired)).presses("R");
    assert!(desk.state.confirm().is_none());
    assert!(desk.notice().starts_with("roll back: not possible, identity is not known"));
}
