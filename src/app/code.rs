//! The code of a multi-factor device, without which there is no identity.

use crate::domain::{Fault, FaultKind, OneTimeCode};

use super::{Asks, Effect, Overlay, Screen, State, field};

/// What stands in the way of an identity, if it is a code.
pub(super) fn wanted(state: &State) -> Option<(String, u32, String)> {
    let fault: &Fault = match &state.screen {
        Screen::Cockpit(cockpit) => cockpit.snapshot.identity.fault(),
        Screen::Picker(picker) => picker.rollouts.fault(),
    }?;
    match &fault.kind {
        FaultKind::CodeWanted { device, tried } => {
            Some((device.clone(), *tried, fault.message.clone()))
        }
        _ => None,
    }
}

/// Opens the field when a code is newly wanted. It opens by itself once for each code: whoever has
/// closed it is not asked again and again, and nothing that is open is covered.
pub(super) fn notice(state: &mut State) {
    let Some((device, tried, said)) = wanted(state) else { return };
    let free = matches!(state.overlay, None | Some(Overlay::Help(_)));
    if free && state.code_asked != Some(tried) {
        state.code_asked = Some(tried);
        field::open(state, Asks::Code(device), Some(said).filter(|said| !said.is_empty()));
    }
}

/// The key that opens the field.
pub(super) fn ask(state: &mut State) -> Vec<Effect> {
    match wanted(state) {
        Some((device, tried, _)) if state.overlay.is_none() => {
            state.code_asked = Some(tried);
            field::open(state, Asks::Code(device), None);
        }
        Some(_) => {}
        None => state.say("no code of a multi-factor device is wanted"),
    }
    Vec::new()
}

/// The code was typed.
pub(super) fn typed(state: &mut State, code: OneTimeCode) -> Vec<Effect> {
    state.overlay = None;
    state.say("logging in");
    vec![Effect::Present(code)]
}
