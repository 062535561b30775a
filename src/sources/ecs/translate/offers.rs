//! What ECS would do in this state, each with the exact call, and what it would refuse.

use serde_json::{Value, json};

use crate::domain::{Action, Call, Means, Offered, Phase, Refusal};

use super::super::raw::{Control, Raw};
use super::phase::paused;
use super::sides::Sides;

/// Everything that decides what is offered.
pub(crate) struct Situation<'a> {
    /// What was read.
    pub(crate) raw: &'a Raw,
    /// The followed deployment.
    pub(crate) control: &'a Control,
    /// Blue and green.
    pub(crate) sides: &'a Sides<'a>,
    /// Where it stands.
    pub(crate) phase: &'a Phase,
}

type Offer = Result<(Means, Call), Refusal>;

/// One entry for each action.
pub(crate) fn offers(situation: &Situation<'_>) -> Vec<Offered> {
    vec![
        Offered::of(Action::RollBack, roll_back(situation)),
        Offered::of(Action::Continue, answer(situation)),
        Offered::of(Action::Finish, end_bake(situation)),
        Offered::of(Action::Stop, stop(situation)),
    ]
}

fn call(operation: &str, params: Vec<(&str, Value)>) -> Call {
    Call {
        service: "ecs".to_owned(),
        operation: operation.to_owned(),
        params: params.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
    }
}

/// The answer to the hook that waits; nothing when none does.
fn hook_call(control: &Control, action: &str) -> Option<Call> {
    let id = paused(control)?.hook_id()?;
    let params = vec![
        ("serviceDeploymentArn", json!(control.arn())),
        ("hookId", json!(id)),
        ("action", json!(action)),
    ];
    Some(call("ContinueServiceDeployment", params))
}

fn roll_back(situation: &Situation<'_>) -> Offer {
    let control = situation.control;
    match control.status() {
        // `CLEAN_UP` has begun to take blue away.
        "IN_PROGRESS" if *situation.phase == Phase::Finishing => Err(Refusal::BlueIsGoing),
        "PENDING" | "IN_PROGRESS" if situation.sides.blue.arn.is_none() => {
            Err(Refusal::NothingToGoBackTo)
        }
        "PENDING" | "IN_PROGRESS" => {
            let stop = || {
                let params = vec![
                    ("serviceDeploymentArn", json!(control.arn())),
                    ("stopType", json!("ROLLBACK")),
                ];
                call("StopServiceDeployment", params)
            };
            let call = hook_call(control, "ROLLBACK").unwrap_or_else(stop);
            let rolling = control.strategy() == "ROLLING";
            Ok((if rolling { Means::TurnRound } else { Means::StopAndRollBack }, call))
        }
        "ROLLBACK_REQUESTED" | "ROLLBACK_IN_PROGRESS" => Err(Refusal::AlreadyGoingBack),
        "ROLLBACK_SUCCESSFUL" => Err(Refusal::Over),
        "SUCCESSFUL" | "STOPPED" | "ROLLBACK_FAILED" => redeploy(situation),
        "STOP_REQUESTED" => Err(Refusal::NoSuchCall("it is being stopped".to_owned())),
        _ => Err(Refusal::StateUnknown),
    }
}

fn answer(situation: &Situation<'_>) -> Offer {
    match hook_call(situation.control, "CONTINUE") {
        Some(call) => Ok((Means::OpenGate, call)),
        None if situation.phase.is_over() => Err(Refusal::Over),
        None => Err(Refusal::NoGate),
    }
}

fn end_bake(situation: &Situation<'_>) -> Offer {
    Err(match situation.phase {
        Phase::Baking => Refusal::NoSuchCall("ECS ends the bake by itself, not sooner".to_owned()),
        Phase::Finishing => Refusal::BlueIsGoing,
        phase if phase.is_over() => Refusal::Over,
        _ => Refusal::NoBake,
    })
}

fn stop(situation: &Situation<'_>) -> Offer {
    Err(if situation.phase.is_over() {
        Refusal::Over
    } else {
        Refusal::NoSuchCall("ECS stops a deployment only by rolling it back".to_owned())
    })
}

/// A new deployment of the task definition that served before, with the service's own strategy.
fn redeploy(situation: &Situation<'_>) -> Offer {
    let Situation { raw, control, sides, .. } = situation;
    let service = raw.service.value().ok_or(Refusal::StateUnknown)?;
    let newer = service.current_service_deployment().is_some_and(|arn| arn != control.arn());
    if newer {
        return Err(Refusal::Over);
    }
    let previous = sides.blue.definition().ok_or(Refusal::NothingToGoBackTo)?;
    // The same task definition on both sides would deploy what is there already.
    if sides.green.definition() == Some(previous) {
        return Err(Refusal::NothingToGoBackTo);
    }
    let name = |text: Option<&str>| text.map(str::to_owned).ok_or(Refusal::StateUnknown);
    let params = vec![
        ("cluster", json!(name(service.cluster_arn())?)),
        ("service", json!(name(service.service_name())?)),
        ("taskDefinition", json!(previous)),
    ];
    Ok((Means::RedeployPrevious, call("UpdateService", params)))
}
