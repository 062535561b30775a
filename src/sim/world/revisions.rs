//! AppSpecs: what a revision's text says, and the registry of those known.

use super::World;
use super::birth::sha256;
use super::codedeploy::{Revision, RevisionKey};
use super::keys::ReleaseKey;

impl World {
    /// The revision with this AppSpec, registered now if it is new; `None` when it names no task
    /// definition that exists.
    pub(crate) fn register_revision(&mut self, content: &str) -> Option<RevisionKey> {
        let hash = sha256(content);
        let known = self.deploy.revisions.iter().position(|known| known.sha256 == hash);
        if let Some(known) = known {
            return Some(RevisionKey(known));
        }
        if self.fleet.is_some() {
            return None;
        }
        let release = match &self.lambda {
            None => self.find_definition(property(content, "TaskDefinition")?)?,
            Some(lambda) => {
                let version = lambda.find(property(content, "TargetVersion")?, self.now)?;
                lambda.version(version)?.release
            }
        };
        let key = RevisionKey(self.deploy.revisions.len());
        self.deploy.revisions.push(Revision {
            sha256: hash,
            content: content.to_owned(),
            release,
            registered: self.now,
            first_used: None,
            last_used: None,
        });
        Some(key)
    }

    /// The release of a task definition, named by ARN, `family:revision` or `family`.
    pub(crate) fn find_definition(&self, name: &str) -> Option<ReleaseKey> {
        let short = name.rsplit('/').next().unwrap_or(name);
        let family = &self.names.place.service;
        let index = match short.split_once(':') {
            None => (short == family).then(|| self.ecs.definitions.len().checked_sub(1))?,
            Some((stem, revision)) => {
                let revision: usize = revision.parse().ok().filter(|_| stem == family)?;
                self.ecs.definitions.iter().position(|known| known.revision == revision)
            }
        };
        index.map(ReleaseKey)
    }

    /// The id of the deployment group.
    pub(crate) fn group_id(&self) -> String {
        self.seed.uuid("deployment group", 0)
    }

    /// The id of the application.
    pub(crate) fn application_id(&self) -> String {
        self.seed.uuid("application", 0)
    }
}

/// What an AppSpec says of a property, in JSON or YAML.
fn property<'a>(content: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = content.split_once(name)?;
    let noise = |letter: char| letter.is_whitespace() || matches!(letter, '"' | '\'' | ':' | '\\');
    let value = rest.trim_start_matches(noise);
    let end = value.find(|letter: char| {
        letter.is_whitespace() || matches!(letter, '"' | '\'' | ',' | '}' | '\\')
    });
    value.get(..end.unwrap_or(value.len())).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::property;

    #[test]
    fn the_task_definition_is_found_in_json_and_yaml() {
        let arn = "arn:aws:ecs:eu-west-1:111122223333:task-definition/checkout:41";
        let json =
            format!(r#"{{"Properties":{{"TaskDefinition": "{arn}","LoadBalancerInfo":{{}}}}}}"#);
        let yaml = format!("Properties:\n  TaskDefinition: {arn}\n  LoadBalancerInfo:\n");
        assert_eq!(property(&json, "TaskDefinition"), Some(arn));
        assert_eq!(property(&yaml, "TaskDefinition"), Some(arn));
        assert_eq!(property("version: 0.0", "TaskDefinition"), None);
        assert_eq!(property("TaskDefinition:", "TaskDefinition"), None);
    }
}
