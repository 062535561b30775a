//! STS: who asks. Every caller is the same person, whatever key signed the request.

use jiff::SignedDuration;

use super::{Service, unknown_operation};
use crate::sim::error::ApiError;
use crate::sim::value::{Value, map};
use crate::sim::world::World;

/// The operations that are simulated.
pub const OPERATIONS: &[&str] = &["AssumeRole", "GetCallerIdentity"];

/// How long a role's credentials are good when nobody says how long, in seconds.
const HOUR: i64 = 3600;

/// Carries out an operation.
pub fn handle(world: &mut World, operation: &str, input: &Value) -> Result<Value, ApiError> {
    match operation {
        "AssumeRole" => assume_role(world, input),
        "GetCallerIdentity" => Ok(map([
            ("UserId", Value::from("AROASIMULATEDROLE0000:operator")),
            ("Account", Value::from(world.account())),
            ("Arn", Value::from(caller_arn(world))),
        ])),
        _ => Err(unknown_operation(Service::Sts, operation)),
    }
}

/// The assumed role that every request counts as.
pub(crate) fn caller_arn(world: &World) -> String {
    format!("arn:aws:sts::{}:assumed-role/rollout-operator/operator", world.account())
}

/// Lends the credentials of a role. Of a multi-factor device every six digits are right, once, but
/// for six zeroes: the simulator knows no device's secret.
fn assume_role(world: &mut World, input: &Value) -> Result<Value, ApiError> {
    let role = text(input, "RoleArn")?;
    let session = text(input, "RoleSessionName")?;
    match (input.text("SerialNumber"), input.text("TokenCode")) {
        (None, None) => {}
        (Some(_), Some(code)) => present(world, code)?,
        (Some(_), None) | (None, Some(_)) => {
            return Err(denied(
                "MultiFactorAuthentication failed, must provide both MFA serial number and one \
                 time pass code.",
            ));
        }
    }
    let seconds = input.text("DurationSeconds").and_then(|text| text.parse().ok()).unwrap_or(HOUR);
    if !(900..=43_200).contains(&seconds) {
        return Err(invalid("DurationSeconds lies between 900 and 43200"));
    }
    let until = world.now() + SignedDuration::from_secs(seconds);
    let assumed = role.replacen(":iam:", ":sts:", 1).replacen(":role/", ":assumed-role/", 1);
    Ok(map([
        (
            "Credentials",
            map([
                ("AccessKeyId", "ASIASIMULATEDROLE000".into()),
                ("SecretAccessKey", "simulated".into()),
                ("SessionToken", "simulated".into()),
                ("Expiration", until.into()),
            ]),
        ),
        (
            "AssumedRoleUser",
            map([
                ("AssumedRoleId", format!("AROASIMULATEDROLE0000:{session}").into()),
                ("Arn", format!("{assumed}/{session}").into()),
            ]),
        ),
    ]))
}

fn present(world: &mut World, code: &str) -> Result<(), ApiError> {
    let digits = code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit());
    if !digits {
        return Err(invalid("TokenCode is six digits"));
    }
    if code == "000000" || !world.spent_codes.insert(code.to_owned()) {
        return Err(denied(
            "MultiFactorAuthentication failed with invalid MFA one time pass code.",
        ));
    }
    Ok(())
}

fn text<'a>(input: &'a Value, name: &str) -> Result<&'a str, ApiError> {
    input
        .text(name)
        .filter(|text| !text.is_empty())
        .ok_or_else(|| invalid(&format!("{name} is missing")))
}

fn invalid(message: &str) -> ApiError {
    ApiError::client("ValidationError", message)
}

fn denied(message: &str) -> ApiError {
    ApiError { status: 403, ..ApiError::client("AccessDenied", message) }
}
