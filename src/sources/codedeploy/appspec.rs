//! What a revision deploys: its AppSpec names the task definition.

use aws_sdk_codedeploy::types::{DeploymentInfo, RevisionLocation};

use crate::sources::aws::Aws;

/// The revision with its content, as it was registered; CodeDeploy gives the content out nowhere
/// else. One that lies in S3 stays where it is.
pub(super) async fn registered(
    aws: &Aws,
    application: Option<String>,
    location: RevisionLocation,
) -> Option<RevisionLocation> {
    let call = aws.reads().codedeploy.get_application_revision().set_application_name(application);
    call.revision(location).send().await.ok()?.revision
}

/// The task definition that served before a deployment, inside an option that says whether it could
/// be asked for.
pub(super) async fn before(aws: &Aws, info: &DeploymentInfo) -> Option<Option<String>> {
    let Some(location) = info.previous_revision().cloned() else { return Some(None) };
    let application = info.application_name().map(str::to_owned);
    let revision = registered(aws, application, location).await?;
    let content = revision.app_spec_content().and_then(|spec| spec.content());
    // In the older form the content is a plain string.
    let string = revision.string().and_then(|spec| spec.content());
    Some(content.or(string).and_then(task_definition))
}

/// The task definition's ARN in the text of an AppSpec, which may be JSON or YAML: in both it is the
/// word after the key.
fn task_definition(text: &str) -> Option<String> {
    const KEY: &str = "TaskDefinition";
    let after = text.match_indices(KEY).map(|(at, _)| &text[at + KEY.len()..]);
    let values = after.filter_map(|rest| {
        let rest = rest.trim_start_matches(['"', '\'']).trim_start().strip_prefix(':')?;
        let value = rest.trim_start().trim_start_matches(['"', '\'']);
        value.split(|c: char| c.is_whitespace() || "\"',}".contains(c)).next()
    });
    // A placeholder of a pipeline, e.g. `<TASK_DEFINITION>`, is no ARN.
    values.into_iter().find(|value| value.starts_with("arn:")).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_task_definition_is_read_from_json_and_yaml() {
        const ARN: &str = "arn:aws:ecs:eu-west-1:111122223333:task-definition/checkout:41";
        for text in [
            format!(r#"{{"Resources":[{{"T":{{"Properties":{{"TaskDefinition":"{ARN}"}}}}}}]}}"#),
            format!("Resources:\n  - T:\n      Properties:\n        TaskDefinition: {ARN}\n"),
            format!("      TaskDefinition : '{ARN}'   # the last one\n"),
        ] {
            assert_eq!(task_definition(&text).as_deref(), Some(ARN), "{text}");
        }
        for text in
            ["", "TaskDefinition", "TaskDefinition: <TASK_DEFINITION>", "TaskDefinition: \""]
        {
            assert_eq!(task_definition(text), None, "{text}");
        }
    }
}
