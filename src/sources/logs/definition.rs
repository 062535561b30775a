//! Where the tasks of a definition write. Pure.

use aws_sdk_ecs::types::{ContainerDefinition, LogDriver, TaskDefinition};

use crate::domain::{Fact, Fault, FaultKind, LogPlace};

/// Where the tasks write, by what is known of their definition.
pub(crate) fn place<T>(definition: Option<&TaskDefinition>, read: &Fact<T>) -> Fact<LogPlace> {
    match (definition.map(of), read.fault()) {
        (Some(Ok(place)), _) => read.map(|_| place.clone()),
        (Some(Err(why)), _) => Fact::Unknown {
            fault: Fault::new(FaultKind::Absent, "ecs:DescribeTaskDefinition", why),
        },
        (None, Some(fault)) => Fact::Unknown { fault: fault.clone() },
        (None, None) => Fact::Unasked,
    }
}

/// What is not read here, and why.
pub(crate) fn unread(why: &str) -> Fact<LogPlace> {
    Fact::Unknown { fault: Fault::new(FaultKind::Absent, "cutover:log", why) }
}

/// The same, or why it cannot be read.
fn of(definition: &TaskDefinition) -> Result<LogPlace, String> {
    let main = main(definition.container_definitions());
    let main = main.ok_or_else(|| "the task definition has no container".to_owned())?;
    let container = main.name().unwrap_or("the container").to_owned();
    let Some(config) = main.log_configuration() else {
        return Err(format!("{container} has no log driver, so that nothing it writes is kept"));
    };
    if *config.log_driver() != LogDriver::Awslogs {
        let driver = config.log_driver().as_str();
        return Err(format!("{container} writes by the driver {driver}, not to CloudWatch Logs"));
    }
    let option = |name: &str| {
        let value = config.options().and_then(|options| options.get(name));
        value.filter(|value| !value.is_empty()).cloned()
    };
    let group = option("awslogs-group")
        .ok_or_else(|| format!("the log driver of {container} names no log group"))?;
    // Without a prefix a stream is called after the id of a Docker container, which nobody tells.
    let prefix = option("awslogs-stream-prefix").ok_or_else(|| {
        format!(
            "the log streams of {container} in {group} have no prefix, and do not name their task"
        )
    })?;
    let prefix = format!("{prefix}/{container}/");
    Ok(LogPlace::Group { container, region: option("awslogs-region"), group, prefix })
}

/// The container that answers requests: one with a port, else one that the task cannot do without.
fn main(containers: &[ContainerDefinition]) -> Option<&ContainerDefinition> {
    let has_port = |container: &&ContainerDefinition| !container.port_mappings().is_empty();
    let is_essential = |container: &&ContainerDefinition| container.essential().unwrap_or(true);
    let find = |fits: &dyn Fn(&&ContainerDefinition) -> bool| containers.iter().find(fits);
    find(&|one| has_port(one) && is_essential(one))
        .or_else(|| find(&has_port))
        .or_else(|| find(&is_essential))
        .or(containers.first())
}

#[cfg(test)]
mod tests {
    use aws_sdk_ecs::types::{LogConfiguration, PortMapping};

    use super::*;

    fn logs(driver: LogDriver, options: &[(&str, &str)]) -> LogConfiguration {
        let mut config = LogConfiguration::builder().log_driver(driver);
        for (key, value) in options {
            config = config.options(*key, *value);
        }
        config.build().unwrap()
    }

    fn of_app(config: Option<LogConfiguration>) -> Result<LogPlace, String> {
        let agent = ContainerDefinition::builder().name("agent").build();
        let port = PortMapping::builder().container_port(8080).build();
        let app = ContainerDefinition::builder().name("app").port_mappings(port);
        let app = app.set_log_configuration(config).build();
        let tasks = TaskDefinition::builder().container_definitions(agent);
        of(&tasks.container_definitions(app).build())
    }

    #[test]
    fn the_container_with_the_port_is_read_where_its_driver_puts_it() {
        let options = [
            ("awslogs-group", "/ecs/shop"),
            ("awslogs-region", "eu-west-1"),
            ("awslogs-stream-prefix", "ecs"),
        ];
        assert_eq!(
            of_app(Some(logs(LogDriver::Awslogs, &options))),
            Ok(LogPlace::Group {
                container: "app".to_owned(),
                region: Some("eu-west-1".to_owned()),
                group: "/ecs/shop".to_owned(),
                prefix: "ecs/app/".to_owned(),
            })
        );
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        for (config, why) in [
            (None, "app has no log driver, so that nothing it writes is kept"),
            (
                Some(logs(LogDriver::Awsfirelens, &[])),
                "app writes by the driver awsfirelens, not to CloudWatch Logs",
            ),
            (Some(logs(LogDriver::Awslogs, &[])), "the log driver of app names no log group"),
            (
                Some(logs(LogDriver::Awslogs, &[("awslogs-group", "/ecs/shop")])),
                "the log streams of app in /ecs/shop have no prefix, and do not name their task",
            ),
        ] {
            assert_eq!(of_app(config), Err(why.to_owned()));
        }
        assert!(of(&TaskDefinition::builder().build()).is_err());
    }
}
