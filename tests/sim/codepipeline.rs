//! CodePipeline: the state with its token, the answer, and the deployment that follows from it.

use aws_sdk_codepipeline::Client;
use aws_sdk_codepipeline::types::{
    ActionExecution, ActionExecutionFilter, ActionExecutionStatus, ApprovalResult, ApprovalStatus,
    PipelineExecutionFilter, PipelineExecutionStatus, SucceededInStageFilter, TriggerType,
};

use super::Running;

/// What an action of the pipeline is at.
async fn action(client: &Client, name: &str) -> ActionExecution {
    let state = client.get_pipeline_state().name("shop").send().await.unwrap();
    let mut actions = state
        .stage_states()
        .iter()
        .flat_map(aws_sdk_codepipeline::types::StageState::action_states);
    let found = actions.find(|action| action.action_name() == Some(name)).unwrap();
    found.latest_execution().unwrap().clone()
}

async fn answer(
    client: &Client,
    token: &str,
    status: ApprovalStatus,
) -> Result<(), aws_sdk_codepipeline::operation::put_approval_result::PutApprovalResultError> {
    let result = ApprovalResult::builder().status(status).summary("looks good").build().unwrap();
    let order = client.put_approval_result().pipeline_name("shop").stage_name("Approval");
    let sent = order.action_name("Approve").token(token).result(result).send().await;
    sent.map(|_| ()).map_err(aws_sdk_codepipeline::error::SdkError::into_service_error)
}

#[tokio::test]
async fn every_read_decodes() {
    let sim = Running::scenario("pipeline", 1).await;
    let client = sim.codepipeline();
    let all = client.list_pipelines().send().await.unwrap();
    assert_eq!(all.pipelines()[0].name(), Some("shop"));
    let pipeline = client.get_pipeline().name("shop").send().await.unwrap().pipeline.unwrap();
    let deploy =
        pipeline.stages().iter().flat_map(aws_sdk_codepipeline::types::StageDeclaration::actions);
    let deploy = deploy.last().unwrap();
    assert_eq!(deploy.action_type_id().unwrap().provider(), "CodeDeployToECS");
    let configuration = deploy.configuration().unwrap();
    assert_eq!(configuration.get("DeploymentGroupName").map(String::as_str), Some("checkout"));
    let executions = client.list_pipeline_executions().pipeline_name("shop").send().await.unwrap();
    let newest = &executions.pipeline_execution_summaries()[0];
    assert_eq!(newest.status(), Some(&PipelineExecutionStatus::InProgress));
    let source = &newest.source_revisions()[0];
    assert_eq!(source.revision_id().map(str::len), Some(40));
    assert!(source.revision_summary().unwrap().contains("release 1.9.0"));
    let filter = ActionExecutionFilter::builder();
    let filter = filter.pipeline_execution_id(newest.pipeline_execution_id().unwrap()).build();
    let actions = client.list_action_executions().pipeline_name("shop").filter(filter);
    let actions = actions.send().await.unwrap().action_execution_details.unwrap();
    let names: Vec<_> = actions.iter().filter_map(|one| one.action_name()).collect();
    assert_eq!(names, ["Approve", "Build", "Source"]);
    let error = client.get_pipeline_state().name("none").send().await.unwrap_err();
    assert!(error.into_service_error().is_pipeline_not_found_exception());
}

#[tokio::test]
async fn an_approval_starts_the_deployment_once() {
    let sim = Running::scenario("pipeline", 1).await;
    let client = sim.codepipeline();
    let waiting = action(&client, "Approve").await;
    assert_eq!(waiting.status(), Some(&ActionExecutionStatus::InProgress));
    let token = waiting.token().unwrap();
    let error = answer(&client, "none", ApprovalStatus::Approved).await.unwrap_err();
    assert!(error.is_invalid_approval_token_exception());
    answer(&client, token, ApprovalStatus::Approved).await.unwrap();
    let error = answer(&client, token, ApprovalStatus::Rejected).await.unwrap_err();
    assert!(error.is_approval_already_completed_exception());
    let approved = action(&client, "Approve").await;
    assert_eq!((approved.token(), approved.summary()), (None, Some("looks good")));
    assert!(approved.last_updated_by().unwrap().contains("rollout-operator"));

    let deploying = action(&client, "Deploy").await;
    let id = deploying.external_execution_id().unwrap();
    let deployments = sim.codedeploy().list_deployments().send().await.unwrap();
    assert_eq!(deployments.deployments()[0], id);
    sim.pass(120);
    let deployed = action(&client, "Deploy").await;
    assert_eq!(deployed.status(), Some(&ActionExecutionStatus::Succeeded));
}

#[tokio::test]
async fn a_stage_rolls_back_to_what_succeeded_in_it() {
    let sim = Running::scenario("pipeline", 1).await;
    let client = sim.codepipeline();
    let token = action(&client, "Approve").await.token.unwrap();
    answer(&client, &token, ApprovalStatus::Approved).await.unwrap();
    sim.pass(180);
    let filter = SucceededInStageFilter::builder().stage_name("Production").build();
    let filter = PipelineExecutionFilter::builder().succeeded_in_stage(filter).build();
    let list = client.list_pipeline_executions().pipeline_name("shop").filter(filter);
    let list = list.send().await.unwrap().pipeline_execution_summaries.unwrap();
    let roll_back = |id: &str| {
        let order = client.rollback_stage().pipeline_name("shop").stage_name("Production");
        order.target_pipeline_execution_id(id).send()
    };
    let [current, previous] = [0, 1].map(|at| list[at].pipeline_execution_id().unwrap());
    let error = roll_back(current).await.unwrap_err();
    assert!(error.into_service_error().is_unable_to_rollback_stage_exception());
    let id = roll_back(previous).await.unwrap().pipeline_execution_id;
    let all = client.list_pipeline_executions().pipeline_name("shop").send().await.unwrap();
    let newest = &all.pipeline_execution_summaries()[0];
    assert_eq!(newest.pipeline_execution_id(), Some(id.as_str()));
    let trigger = newest.trigger().unwrap().trigger_type();
    assert_eq!(trigger, Some(&TriggerType::ManualRollback));
}

#[tokio::test]
async fn a_stopped_execution_says_why_and_stops_once() {
    let sim = Running::scenario("pipeline", 1).await;
    let client = sim.codepipeline();
    let all = client.list_pipeline_executions().pipeline_name("shop").send().await.unwrap();
    let id = all.pipeline_execution_summaries()[0].pipeline_execution_id().unwrap().to_owned();
    let stop = || {
        let order = client.stop_pipeline_execution().pipeline_name("shop");
        order.pipeline_execution_id(&id).abandon(true).reason("wrong build").send()
    };
    stop().await.unwrap();
    let error = stop().await.unwrap_err().into_service_error();
    assert!(error.is_pipeline_execution_not_stoppable_exception());
    let all = client.list_pipeline_executions().pipeline_name("shop").send().await.unwrap();
    let stopped = &all.pipeline_execution_summaries()[0];
    assert_eq!(stopped.status(), Some(&PipelineExecutionStatus::Stopped));
    assert_eq!(stopped.stop_trigger().unwrap().reason(), Some("wrong build"));
}
