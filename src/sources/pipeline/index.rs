//! Which pipeline deploys what.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_codepipeline::types::{ActionCategory, ActionDeclaration, PipelineDeclaration};
use jiff::Timestamp;

use crate::domain::Fault;
use crate::sources::aws::Aws;
use crate::sources::error::fault;

use super::Deploys;

/// More pipelines than that are not read: an account has a thousand at most.
const MOST: usize = 300;
const PAGES: usize = 20;

/// Where in which pipeline something is deployed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// The pipeline.
    pub(super) pipeline: String,
    /// The stage and the action that deploy.
    pub(super) stage: String,
    pub(super) action: String,
    /// Its manual approvals: stage and action.
    pub(super) approvals: BTreeSet<(String, String)>,
}

/// All pipelines of the account and Region.
#[derive(Debug, Clone)]
pub(super) struct Index {
    /// When it was read.
    pub(super) read: Timestamp,
    /// What each deploys; of two that deploy the same the first one by name counts.
    pub(super) places: BTreeMap<Deploys, Place>,
}

/// Reads all pipelines, one after the other: it is done seldom, and nobody waits for it.
pub(super) async fn read(aws: &Aws) -> Result<Index, Fault> {
    let mut places = BTreeMap::new();
    for name in names(aws).await? {
        let call = aws.reads().codepipeline.get_pipeline().name(&name);
        let answer =
            call.send().await.map_err(|error| fault("codepipeline:GetPipeline", &error))?;
        let stages = answer.pipeline().map(PipelineDeclaration::stages).unwrap_or_default();
        let actions = || stages.iter().flat_map(|s| s.actions().iter().map(move |a| (s.name(), a)));
        let named = |(stage, action): (&str, &ActionDeclaration)| {
            (stage.to_owned(), action.name().to_owned())
        };
        let is_approval = |action: &ActionDeclaration| {
            action.action_type_id().is_some_and(|kind| *kind.category() == ActionCategory::Approval)
        };
        let approvals: BTreeSet<_> =
            actions().filter(|(_, action)| is_approval(action)).map(named).collect();
        for (stage, action) in actions() {
            let Some(deploys) = deploys(action) else { continue };
            places.entry(deploys).or_insert_with(|| Place {
                pipeline: name.clone(),
                stage: stage.to_owned(),
                action: action.name().to_owned(),
                approvals: approvals.clone(),
            });
        }
    }
    Ok(Index { read: aws.now(), places })
}

async fn names(aws: &Aws) -> Result<BTreeSet<String>, Fault> {
    let mut names = BTreeSet::new();
    let mut token = None;
    for _ in 0..PAGES {
        let call = aws.reads().codepipeline.list_pipelines().set_next_token(token);
        let answer =
            call.send().await.map_err(|error| fault("codepipeline:ListPipelines", &error))?;
        names.extend(answer.pipelines().iter().filter_map(|one| one.name()).map(str::to_owned));
        token = answer.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
        if token.is_none() || names.len() >= MOST {
            break;
        }
    }
    Ok(names.into_iter().take(MOST).collect())
}

/// What an action deploys, where that is watched here.
fn deploys(action: &ActionDeclaration) -> Option<Deploys> {
    let provider = action.action_type_id()?.provider();
    let configuration = action.configuration()?;
    let value = |name: &str| configuration.get(name).cloned();
    match provider {
        "CodeDeploy" | "CodeDeployToECS" => {
            Some(Deploys::Group(value("ApplicationName")?, value("DeploymentGroupName")?))
        }
        "ECS" => Some(Deploys::Service(value("ClusterName")?, value("ServiceName")?)),
        _ => None,
    }
}
