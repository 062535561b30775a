"""A load balancer with a divided rule, and a hosted zone with weighted records, on a server that
speaks AWS: made with `seed`, read back with `read`; `measure` puts the last minutes of both sides
into CloudWatch. The port comes first; JSON goes to stdout."""

import json
import sys
import time

import boto3

port, what = sys.argv[1:3]


def client(service, region="eu-west-1"):
    return boto3.client(
        service,
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name=region,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )


def record(identifier, weight, value):
    record = {
        "Name": "api.example.com",
        "Type": "A",
        "SetIdentifier": identifier,
        "Weight": weight,
        "TTL": 30,
        "ResourceRecords": [{"Value": value}],
    }
    return {"Action": "CREATE", "ResourceRecordSet": record}


def seed():
    ec2, elb, route53 = client("ec2"), client("elbv2"), client("route53")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(
            VpcId=vpc, CidrBlock=f"10.0.{index}.0/24", AvailabilityZone=f"eu-west-1{zone}"
        )["Subnet"]["SubnetId"]
        for index, zone in enumerate("ab")
    ]
    balancer = elb.create_load_balancer(Name="shop", Subnets=subnets)["LoadBalancers"][0]
    groups = [
        elb.create_target_group(
            Name=name, Protocol="HTTP", Port=80, VpcId=vpc, TargetType="ip"
        )["TargetGroups"][0]["TargetGroupArn"]
        for name in ("shop-a", "shop-b")
    ]
    for index, group in enumerate(groups):
        elb.register_targets(
            TargetGroupArn=group, Targets=[{"Id": f"10.0.0.{10 + index}", "Port": 80}]
        )
    listener = elb.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"],
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": groups[0]}],
    )["Listeners"][0]["ListenerArn"]
    login = {
        "UserPoolArn": "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_x",
        "UserPoolClientId": "client",
        "UserPoolDomain": "shop",
    }
    forward = {
        "TargetGroups": [
            {"TargetGroupArn": groups[0], "Weight": 100},
            {"TargetGroupArn": groups[1], "Weight": 0},
        ],
        "TargetGroupStickinessConfig": {"Enabled": True, "DurationSeconds": 600},
    }
    rule = elb.create_rule(
        ListenerArn=listener,
        Priority=10,
        Conditions=[{"Field": "path-pattern", "Values": ["/x/*"]}],
        Actions=[
            {"Type": "authenticate-cognito", "Order": 1, "AuthenticateCognitoConfig": login},
            {"Type": "forward", "Order": 2, "ForwardConfig": forward},
        ],
    )["Rules"][0]
    zone = route53.create_hosted_zone(Name="example.com", CallerReference="x")["HostedZone"]["Id"]
    changes = [record("blue", 100, "192.0.2.1"), record("green", 0, "192.0.2.2")]
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})
    return {"rule": rule["RuleArn"]}


def read():
    elb, route53 = client("elbv2"), client("route53")
    zone = route53.list_hosted_zones()["HostedZones"][0]["Id"]
    records = route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    rule = elb.describe_rules(RuleArns=[sys.argv[3]])["Rules"][0]
    return {
        "rule": rule,
        "records": [record for record in records if "Weight" in record],
    }


def measure():
    """The requests and errors of two target groups, green's in the Region that is named, and a queue
    of each side every ten seconds."""
    now = int(time.time()) // 60 * 60
    sides = [("eu-west-1", "a", 600, 0, 7), (sys.argv[3], "b", 120, 6, 42)]
    for region, name, requests, errors, queue in sides:
        balancer = {"Name": "LoadBalancer", "Value": f"app/shop-{name}/1111111111111111"}
        group = {"Name": "TargetGroup", "Value": f"targetgroup/shop-{name}/2222222222222222"}

        def datum(metric, at, value, unit, dimensions):
            return {
                "MetricName": metric,
                "Dimensions": dimensions,
                "Timestamp": at,
                "Value": value,
                "Unit": unit,
            }

        cloudwatch = client("cloudwatch", region)
        minutes = [
            datum(metric, now - 60 * minute, value, "Count", [balancer, group])
            for minute in range(1, 31)
            for metric, value in [
                ("RequestCount", requests),
                ("HTTPCode_Target_5XX_Count", errors),
            ]
            if value
        ]
        cloudwatch.put_metric_data(Namespace="AWS/ApplicationELB", MetricData=minutes)
        # A newest minute that would be another number as a whole.
        tens = [
            datum("Queue", now - 300 + 10 * ten, queue, "Count", [balancer]) | {"StorageResolution": 1}
            for ten in range(int(time.time() - now) // 10 + 31)
        ]
        cloudwatch.put_metric_data(Namespace="Shop", MetricData=tens)
    return {}


print(json.dumps({"seed": seed, "read": read, "measure": measure}[what]()))
