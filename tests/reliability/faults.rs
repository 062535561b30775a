//! What goes wrong, row by row. `{call}` stands for the order's own call.

/// A fault of the table.
pub(crate) struct Case {
    /// In words.
    pub(crate) name: &'static str,
    /// As on the command line.
    pub(crate) faults: &'static [&'static str],
    /// Whether something hangs, so that time limits count.
    pub(crate) hangs: bool,
}

const fn case(name: &'static str, faults: &'static [&'static str]) -> Case {
    Case { name, faults, hangs: false }
}

const fn hanging(name: &'static str, faults: &'static [&'static str]) -> Case {
    Case { name, faults, hangs: true }
}

/// A part of the table.
pub(crate) type Group = (&'static str, &'static [Case]);

pub(crate) const GROUPS: [Group; 6] = [
    (
        "Throttling",
        &[
            case("the order is throttled", &["{call}=throttle"]),
            case("everything is throttled", &["all=throttle"]),
            case(
                "every reading is throttled, the order is not",
                &["all=throttle", "{call}=delay:1ms"],
            ),
            case("seven in ten requests are throttled", &["all=throttle%70"]),
            case(
                "CodeDeploy is throttled for reading",
                &["codedeploy=throttle", "{call}=delay:1ms"],
            ),
            case("ECS is throttled for reading", &["ecs=throttle", "{call}=delay:1ms"]),
            case("the load balancer is throttled", &["elb=throttle"]),
            case("CloudWatch is throttled", &["cloudwatch=throttle"]),
            case("STS is throttled", &["sts=throttle"]),
        ],
    ),
    (
        "Faults of the service",
        &[
            case("the order: 500 with a body", &["{call}=error:500"]),
            case("the order: 503 with a body", &["{call}=error:503"]),
            case("the order: 502 without a body", &["{call}=error-empty:502"]),
            case("the order is carried out and answered with 500", &["{call}=error-after:500"]),
            case("the order: a proxy's page with 502", &["{call}=html:502"]),
            case("the order: a proxy's page with 403", &["{call}=html:403"]),
            case("the order: a page with 200", &["{call}=html:200"]),
            case("everything: 503", &["all=error:503"]),
            case("everything: a proxy's page with 502", &["all=html:502"]),
            case("every reading: 500, the order is taken", &["all=error:500", "{call}=delay:1ms"]),
        ],
    ),
    (
        "Connections",
        &[
            case("the order is lost before it arrives", &["{call}=drop-before"]),
            case("the order is carried out, its answer lost", &["{call}=drop-after"]),
            case("the order's answer breaks off", &["{call}=cut"]),
            case("the order's answer comes in small pieces", &["{call}=trickle:400ms"]),
            case("every connection is reset", &["all=drop-before"]),
            hanging("the order is never answered", &["{call}=no-answer"]),
            hanging("the order is carried out, the answer stalls", &["{call}=stall"]),
            hanging("the order is carried out, the answer comes too late", &["{call}=late:5s"]),
            hanging(
                "every reading hangs, the order does not",
                &["all=no-answer", "{call}=delay:1ms"],
            ),
            hanging("nothing is answered", &["all=no-answer"]),
            hanging("a fetch of metrics hangs", &["cloudwatch=no-answer"]),
        ],
    ),
    (
        "Answers",
        &[
            case("the order's answer is cut short", &["{call}=truncate"]),
            case("the order's answer is noise", &["{call}=garbage"]),
            case("the order's answer lacks members", &["{call}=missing-members"]),
            case("the order's answer has wrong types", &["{call}=wrong-types"]),
            case("every answer is cut short", &["all=truncate"]),
            case("every answer is noise", &["all=garbage"]),
            case("states that nobody knows yet", &["all=unknown-words"]),
            case("members that nobody knows yet", &["all=extra-members"]),
            case("a quarter of all members is missing", &["all=missing-members"]),
            case("a quarter of all members has another type", &["all=wrong-types"]),
            case("ECS finds nothing (failures[])", &["ecs=failures"]),
            case("three empty pages before each page", &["all=empty-pages:3"]),
            case("pages that repeat without end", &["all=same-page"]),
            case(
                "metrics late, absent",
                &["cloudwatch=points-late:20m", "cloudwatch=points-absent%50"],
            ),
            case(
                "metrics twice, revised",
                &["cloudwatch=points-twice", "cloudwatch=points-revised%50"],
            ),
        ],
    ),
    (
        "Identity and time",
        &[
            case("this machine's clock is ten minutes behind", &["all=skew:10m"]),
            case("this machine's clock is two hours ahead", &["all=skew:-2h"]),
            case("the login has expired", &["all=expired"]),
            case("the login expires with the order", &["{call}=expired"]),
            case("the key is unknown", &["all=unknown-key"]),
            case("the secret is wrong", &["all=bad-signature"]),
            case("the session was revoked", &["all=revoked"]),
            case("the order is not permitted", &["{call}=deny"]),
            case("the caller is in another account", &["sts=account:444455556666"]),
            case("codedeploy:GetDeployment is not permitted", &["codedeploy.GetDeployment=deny"]),
            case(
                "codedeploy:BatchGetDeploymentTargets is not permitted",
                &["codedeploy.BatchGetDeploymentTargets=deny"],
            ),
            case(
                "codedeploy:GetDeploymentGroup is not permitted",
                &["codedeploy.GetDeploymentGroup=deny"],
            ),
            case(
                "codedeploy:GetDeploymentConfig is not permitted",
                &["codedeploy.GetDeploymentConfig=deny"],
            ),
            case("ecs:DescribeServices is not permitted", &["ecs.DescribeServices=deny"]),
            case(
                "ecs:DescribeServiceDeployments is not permitted",
                &["ecs.DescribeServiceDeployments=deny"],
            ),
            case(
                "ecs:DescribeServiceRevisions is not permitted",
                &["ecs.DescribeServiceRevisions=deny"],
            ),
            case(
                "ecs:DescribeTaskDefinition is not permitted",
                &["ecs.DescribeTaskDefinition=deny"],
            ),
            case("the load balancer may not be read", &["elb=deny"]),
            case("CloudWatch may not be read", &["cloudwatch=deny"]),
        ],
    ),
    (
        "Somebody else at the same moment",
        &[
            case("somebody stops it just before the order", &["{call}=rival:stop*1"]),
            case("somebody rolls it back just before the order", &["{call}=rival:rollback*1"]),
            case("somebody continues it just before the order", &["{call}=rival:continue*1"]),
            case("somebody deploys just before the order", &["{call}=rival:deploy*1"]),
            case(
                "somebody stops it before it is read again",
                &["codedeploy.GetDeployment=rival:stop*1", "ecs.DescribeServices=rival:stop*1"],
            ),
            case(
                "somebody rolls it back before it is read again",
                &[
                    "codedeploy.GetDeployment=rival:rollback*1",
                    "ecs.DescribeServices=rival:rollback*1",
                ],
            ),
            case(
                "somebody continues it before it is read again",
                &[
                    "codedeploy.GetDeployment=rival:continue*1",
                    "ecs.DescribeServices=rival:continue*1",
                ],
            ),
            case(
                "somebody deploys before it is read again",
                &["codedeploy.GetDeployment=rival:deploy*1", "ecs.DescribeServices=rival:deploy*1"],
            ),
        ],
    ),
];
