//! AWS Lambda: a function's alias, its versions, and the move of the alias by hand.

use super::{Service, unknown_operation};
use crate::sim::error::ApiError;
use crate::sim::value::{Value, list, map};
use crate::sim::world::World;
use crate::sim::world::keys::SetKey;
use crate::sim::world::lambda::{Alias, Lambda, Version};

/// The operations that are simulated.
pub const OPERATIONS: &[&str] =
    &["GetAlias", "GetFunction", "GetFunctionConfiguration", "ListAliases", "UpdateAlias"];

/// Carries out an operation.
pub(crate) fn handle(world: &mut World, operation: &str, input: &Value) -> Result<Value, ApiError> {
    match operation {
        "GetAlias" => get_alias(world, input),
        "GetFunction" => get_function(world, input),
        "GetFunctionConfiguration" => configuration(world, input),
        "ListAliases" => list_aliases(world, input),
        "UpdateAlias" => update_alias(world, input),
        _ => Err(unknown_operation(Service::Lambda, operation)),
    }
}

fn get_alias(world: &World, input: &Value) -> Result<Value, ApiError> {
    alias(world, input)?;
    Ok(described(world, function(world, input)?))
}

fn list_aliases(world: &World, input: &Value) -> Result<Value, ApiError> {
    let lambda = function(world, input)?;
    let named = |key: SetKey| Some(number(lambda, key).as_str()) == input.text("FunctionVersion");
    let Alias { main, extra, .. } = lambda.alias;
    let wanted = !input.has("FunctionVersion")
        || named(main)
        || extra.is_some_and(|(version, _)| named(version));
    Ok(map([("Aliases", list(wanted.then(|| described(world, lambda))))]))
}

fn get_function(world: &World, input: &Value) -> Result<Value, ApiError> {
    let code = map([("RepositoryType", Value::from("S3"))]);
    Ok(map([("Configuration", configuration(world, input)?), ("Code", code)]))
}

/// A `FunctionConfiguration` of the version that `Qualifier` means: a number, the alias, or the newest one.
fn configuration(world: &World, input: &Value) -> Result<Value, ApiError> {
    let lambda = function(world, input)?;
    let (qualifier, key) = match input.text("Qualifier") {
        None | Some("$LATEST") => {
            let newest = |version: &Version| version.published <= world.now();
            ("$LATEST", lambda.versions.iter().rposition(newest).map(SetKey))
        }
        Some(name) if name == lambda.config.alias => (name, Some(lambda.alias.main)),
        Some(number) => (number, lambda.find(number, world.now())),
    };
    let version = key.and_then(|key| lambda.version(key));
    let version = version.ok_or_else(|| not_found(&arn(world, lambda, Some(qualifier))))?;
    let release = world.releases.get(version.release.0);
    let env = release.map(|release| {
        let pairs = release.env.iter().map(|(name, value)| (name.clone(), value.as_str().into()));
        map([("Variables", Value::Map(pairs.collect()))])
    });
    let shown =
        if qualifier == "$LATEST" { qualifier.to_owned() } else { version.number.to_string() };
    Ok(map([
        ("FunctionName", lambda.config.function.as_str().into()),
        ("FunctionArn", arn(world, lambda, input.text("Qualifier")).into()),
        ("Runtime", "provided.al2023".into()),
        ("Role", world.names.role("checkout-function").into()),
        ("Handler", "bootstrap".into()),
        ("Description", release.map(|release| format!("release {}", release.tag)).into()),
        ("Timeout", 30_i64.into()),
        ("MemorySize", 512_i64.into()),
        (
            "LastModified",
            version.published.strftime("%Y-%m-%dT%H:%M:%S%.3f+0000").to_string().into(),
        ),
        ("CodeSha256", version.sha256.as_str().into()),
        ("Version", shown.into()),
        ("Environment", env.into()),
        ("State", "Active".into()),
        ("LastUpdateStatus", "Successful".into()),
        ("PackageType", "Zip".into()),
        ("Architectures", list(["x86_64"])),
    ]))
}

fn update_alias(world: &mut World, input: &Value) -> Result<Value, ApiError> {
    alias(world, input)?;
    let lambda = function(world, input)?;
    if input.text("RevisionId").is_some_and(|known| known != lambda.revision_id()) {
        let message = "The RevisionId provided does not match the latest RevisionId. Call the \
                       GetAlias API to retrieve the latest RevisionId for your resource.";
        return Err(ApiError {
            status: 412,
            ..ApiError::client("PreconditionFailedException", message)
        });
    }
    let version = |number: &str| {
        let key = lambda.find(number, world.now());
        key.ok_or_else(|| not_found(&arn(world, lambda, Some(number))))
    };
    let main = match input.text("FunctionVersion") {
        Some(number) => version(number)?,
        None => lambda.alias.main,
    };
    let extra = match input.get("RoutingConfig") {
        // Left out, the alias keeps the split that it has.
        Value::Null => lambda.alias.extra,
        routing => match routing.get("AdditionalVersionWeights") {
            Value::Map(weights) => match weights.as_slice() {
                [] => None,
                [(number, weight)] => Some((version(number)?, share(weight)?)),
                _ => return Err(invalid("Only one additional version is allowed.")),
            },
            _ => None,
        },
    };
    if extra.is_some_and(|(extra, _)| extra == main) {
        return Err(invalid("The additional version is the version of the alias itself."));
    }
    world.set_alias(main, extra);
    Ok(described(world, function(world, input)?))
}

fn share(weight: &Value) -> Result<f64, ApiError> {
    let share = match weight {
        Value::Double(share) => *share,
        Value::Int(share) => *share as f64,
        _ => f64::NAN,
    };
    if (0.0..=1.0).contains(&share) {
        return Ok(share);
    }
    Err(invalid("The weight of an additional version must be between 0.0 and 1.0."))
}

/// An `AliasConfiguration`.
fn described(world: &World, lambda: &Lambda) -> Value {
    let Alias { main, extra, .. } = lambda.alias;
    let routing = extra.map(|(extra, share)| {
        let weights = Value::Map(vec![(number(lambda, extra), share.into())]);
        map([("AdditionalVersionWeights", weights)])
    });
    let alias = lambda.config.alias.as_str();
    map([
        ("AliasArn", arn(world, lambda, Some(alias)).into()),
        ("Name", alias.into()),
        ("FunctionVersion", number(lambda, main).into()),
        ("Description", "".into()),
        ("RoutingConfig", routing.into()),
        ("RevisionId", lambda.revision_id().into()),
    ])
}

fn number(lambda: &Lambda, key: SetKey) -> String {
    lambda.version(key).map_or_else(String::new, |version| version.number.to_string())
}

fn arn(world: &World, lambda: &Lambda, qualifier: Option<&str>) -> String {
    let whole = world.names.function(&lambda.config.function);
    qualifier.map_or_else(|| whole.clone(), |qualifier| format!("{whole}:{qualifier}"))
}

/// The function that the request names, by name or ARN.
fn function<'w>(world: &'w World, input: &Value) -> Result<&'w Lambda, ApiError> {
    let name = input.text("FunctionName").unwrap_or_default();
    let ours = |lambda: &&Lambda| {
        let function = &lambda.config.function;
        name == function || name == world.names.function(function)
    };
    let whole = if name.starts_with("arn:") { name.to_owned() } else { world.names.function(name) };
    world.lambda.as_ref().filter(ours).ok_or_else(|| not_found(&whole))
}

/// Refuses a request for another alias.
fn alias(world: &World, input: &Value) -> Result<(), ApiError> {
    let lambda = function(world, input)?;
    let name = input.text("Name").unwrap_or_default();
    if name == lambda.config.alias {
        return Ok(());
    }
    let arn = arn(world, lambda, Some(name));
    let message = format!("Cannot find alias arn: {arn}");
    Err(ApiError { status: 404, ..ApiError::client("ResourceNotFoundException", message) })
}

fn not_found(arn: &str) -> ApiError {
    let message = format!("Function not found: {arn}");
    ApiError { status: 404, ..ApiError::client("ResourceNotFoundException", message) }
}

fn invalid(message: &str) -> ApiError {
    ApiError::client("InvalidParameterValueException", message)
}
