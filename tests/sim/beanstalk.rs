//! Elastic Beanstalk: environments, the swap, health as it words it, a split that is aborted.

use aws_sdk_elasticbeanstalk::Client;
use aws_sdk_elasticbeanstalk::error::ProvideErrorMetadata;
use aws_sdk_elasticbeanstalk::operation::RequestId;
use aws_sdk_elasticbeanstalk::types::{
    EnvironmentDescription, EnvironmentHealth, EnvironmentHealthAttribute, EnvironmentStatus,
};

use super::Running;

async fn environments(client: &Client) -> Vec<EnvironmentDescription> {
    let all = client.describe_environments().application_name("shop").send().await.unwrap();
    all.environments.unwrap()
}

/// The version behind the name that clients ask for.
async fn served(client: &Client) -> String {
    let all = environments(client).await;
    let name = "shop.eu-west-1.elasticbeanstalk.com";
    let one = all.into_iter().find(|one| one.cname() == Some(name)).unwrap();
    one.version_label.unwrap()
}

#[tokio::test]
async fn every_read_decodes() {
    let sim = Running::scenario("beanstalk", 2).await;
    let client = sim.beanstalk();
    let all = environments(&client).await;
    assert_eq!(all.len(), 2);
    assert!(all.iter().all(|one| one.status() == Some(&EnvironmentStatus::Ready)));
    assert!(all.iter().all(|one| one.health() == Some(&EnvironmentHealth::Green)));
    assert!(all.iter().all(|one| one.abortable_operation_in_progress() == Some(false)));
    let applications = client.describe_applications().send().await.unwrap();
    assert!(applications.applications()[0].versions().contains(&"1.9.0".to_owned()));
    let name = all[0].environment_name().unwrap();
    let settings = client.describe_configuration_settings().application_name("shop");
    let settings = settings.environment_name(name).send().await.unwrap();
    let options = settings.configuration_settings()[0].option_settings();
    assert!(options.iter().any(|one| one.option_name() == Some("DeploymentPolicy")));
    let health = client.describe_environment_health().environment_name(name);
    let health = health.attribute_names(EnvironmentHealthAttribute::All).send().await.unwrap();
    // The model types this member with the colours.
    assert_eq!(health.status().unwrap().as_str(), "Ready");
    assert_eq!(health.instances_health().unwrap().ok(), Some(4));
    let metrics = health.application_metrics().unwrap();
    assert_eq!(metrics.duration(), Some(10));
    let instances = client.describe_instances_health().environment_name(name);
    let instances = instances.attribute_names("All".into()).send().await.unwrap();
    let instances = instances.instance_health_list();
    assert_eq!(instances.len(), 4);
    assert_eq!(instances[0].deployment().unwrap().status(), Some("Deployed"));
    let error = client.describe_environment_health().environment_name("none").send().await;
    let error = error.unwrap_err();
    assert_eq!(error.code(), Some("InvalidParameterValue"));
    assert_eq!(error.message(), Some("No Environment found for EnvironmentName = 'none'."));
}

#[tokio::test]
async fn a_swap_exchanges_the_names_and_its_events_carry_its_request() {
    let sim = Running::scenario("beanstalk", 2).await;
    let client = sim.beanstalk();
    assert_eq!(served(&client).await, "1.8.2");
    let swap = || {
        let order = client.swap_environment_cnames().source_environment_name("shop-blue");
        order.destination_environment_name("shop-green").send()
    };
    let accepted = swap().await.unwrap();
    let all = environments(&client).await;
    assert!(all.iter().all(|one| one.status() == Some(&EnvironmentStatus::Updating)));
    let error = swap().await.unwrap_err();
    assert!(error.message().unwrap().contains("Must be Ready"), "{error:?}");
    sim.pass(1);
    assert_eq!(served(&client).await, "1.9.0");
    let events = client.describe_events().request_id(accepted.request_id().unwrap());
    let events = events.send().await.unwrap().events.unwrap();
    let first = events.last().unwrap().message().unwrap();
    assert_eq!(first, "swapEnvironmentCNAMEs is starting.");
    let done = |text: &str| text.starts_with("Completed swapping CNAMEs for environments");
    assert!(events.iter().any(|event| event.message().is_some_and(done)), "{events:?}");
    // Back again is the same order.
    swap().await.unwrap();
    sim.pass(1);
    assert_eq!(served(&client).await, "1.8.2");
}

#[tokio::test]
async fn a_split_shows_the_new_instances_and_can_be_aborted() {
    let sim = Running::scenario("beanstalk-split", 3).await;
    let client = sim.beanstalk();
    let one = environments(&client).await.remove(0);
    assert_eq!(one.abortable_operation_in_progress(), Some(true));
    let list = client.describe_instances_health().environment_name("shop").send().await.unwrap();
    let (new, old): (Vec<_>, Vec<_>) = list
        .instance_health_list()
        .iter()
        .partition(|instance| instance.deployment().unwrap().version_label() == Some("1.9.0"));
    assert_eq!((new.len(), old.len()), (4, 4));
    let requests = |side: &[&aws_sdk_elasticbeanstalk::types::SingleInstanceHealth]| -> i32 {
        side.iter().map(|one| one.application_metrics().unwrap().request_count()).sum()
    };
    let share = f64::from(requests(&new)) / f64::from(requests(&new) + requests(&old));
    assert!((0.13..0.27).contains(&share), "{share}");
    client.abort_environment_update().environment_name("shop").send().await.unwrap();
    let one = environments(&client).await.remove(0);
    assert_eq!(one.status().unwrap().as_str(), "Aborting");
    sim.pass(2);
    let one = environments(&client).await.remove(0);
    assert_eq!(one.status(), Some(&EnvironmentStatus::Ready));
    assert_eq!(one.version_label(), Some("1.8.2"));
    let error = client.abort_environment_update().environment_name("shop").send().await;
    assert!(error.unwrap_err().message().unwrap().contains("Must be pending deployment"));
}

#[tokio::test]
async fn other_services_have_nothing_in_such_an_account() {
    let sim = Running::scenario("beanstalk", 2).await;
    let clusters = sim.ecs().list_clusters().send().await.unwrap();
    assert!(clusters.cluster_arns().is_empty());
    let applications = sim.codedeploy().list_applications().send().await.unwrap();
    assert!(applications.applications().is_empty());
    let balancers = sim.elb().describe_load_balancers().send().await.unwrap();
    assert!(balancers.load_balancers().is_empty());
    let error = sim.lambda().get_alias().function_name("checkout").name("live").send().await;
    assert!(error.unwrap_err().into_service_error().is_resource_not_found_exception());
}
