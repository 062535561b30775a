//! The code of a multi-factor device: asked for, typed, and never in the way.

use cutover::app::{Asks, Effect, Field, Overlay};
use cutover::domain::{Fault, FaultKind, Snapshot};

use crate::harness::fixtures::{NOW, Scene};
use crate::harness::keyboard::{Desk, settings};

const DEVICE: &str = "arn:aws:iam::111122223333:mfa/phone";

fn wanted(tried: u32, said: &str) -> Fault {
    let kind = FaultKind::CodeWanted { device: DEVICE.into(), tried };
    Fault::new(kind, "sts:GetCallerIdentity", said)
}

/// The picture when a code is wanted, after so many that were tried.
fn locked(after: i64, tried: u32, said: &str) -> Snapshot {
    let scene = Scene::shifting().at(NOW + after).picture(|picture| {
        let failed = Err(wanted(tried, said));
        picture.identity = std::mem::take(&mut picture.identity).after(failed, picture.taken);
    });
    scene.shot()
}

fn field(desk: &Desk) -> Option<&Field> {
    match &desk.state.overlay {
        Some(Overlay::Field(field)) => Some(field),
        _ => None,
    }
}

#[test]
fn a_code_is_asked_for_and_handed_over_once() {
    let mut desk = Desk::watching(Scene::shifting().shot());
    desk.sees(locked(5, 0, ""));
    assert_eq!(field(&desk).unwrap().asks, Asks::Code(DEVICE.into()));
    desk.presses("1").types("2345").presses("enter");
    assert_eq!(field(&desk).unwrap().complaint.as_deref(), Some("a code has six digits"));
    desk.types("6").presses("enter");
    assert!(desk.state.overlay.is_none());
    assert_eq!(desk.effects.last(), Some(&Effect::Present("123456".parse().unwrap())));
    let told = format!("{:?}", desk.effects);
    assert!(!told.contains("123456"), "a code is in no log: {told}");
    // A picture that was on its way asks for the same code: it is answered already.
    desk.sees(locked(6, 0, ""));
    assert!(field(&desk).is_none());
    desk.sees(Scene::shifting().at(NOW + 7).shot()).presses("R").presses("y");
    assert_eq!(desk.orders().len(), 1);
}

#[test]
fn a_wrong_code_is_asked_for_again_with_what_was_said() {
    let mut desk = Desk::watching(Scene::shifting().shot());
    desk.sees(locked(5, 0, "")).presses("1").types("23456").presses("enter");
    desk.sees(locked(6, 1, "invalid MFA one time pass code"));
    let field = field(&desk).unwrap();
    assert_eq!(field.typed, "");
    assert_eq!(field.complaint.as_deref(), Some("invalid MFA one time pass code"));
}

#[test]
fn who_closes_the_field_is_not_asked_again_until_they_want_to() {
    let mut desk = Desk::watching(Scene::shifting().shot());
    desk.sees(locked(5, 0, "")).presses("esc").sees(locked(10, 0, ""));
    assert!(field(&desk).is_none());
    desk.presses("i");
    assert!(field(&desk).is_some());
    desk.presses("esc").sees(Scene::shifting().at(NOW + 15).shot()).presses("i");
    assert!(field(&desk).is_none());
    assert_eq!(desk.notice(), "no code of a multi-factor device is wanted");
}

#[test]
fn nothing_that_is_open_is_covered() {
    let mut desk = Desk::watching(Scene::shifting().shot());
    desk.presses("S").types("pa").sees(locked(5, 0, "")).types("y");
    assert_eq!(desk.state.confirm().unwrap().typed, "pay", "the letters are the name's");
    desk.presses("esc").sees(locked(10, 0, ""));
    assert!(field(&desk).is_some(), "it is asked for as soon as there is room");
    assert_eq!(desk.orders().len(), 0);
}

#[test]
fn the_list_asks_too() {
    let mut desk = Desk::starting(settings(), None, Scene::shifting().shot().taken);
    desk.happens(cutover::app::Event::Listed(Err(wanted(0, ""))));
    desk.presses("1").types("23456").presses("enter");
    assert_eq!(desk.effects.last(), Some(&Effect::Present("123456".parse().unwrap())));
}
