//! Orders: the records are read again, then the one call goes out, once.

use aws_sdk_route53::error::ProvideErrorMetadata;
use aws_sdk_route53::operation::RequestId;
use aws_sdk_route53::types::Change;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use serde_json::Value;

use crate::domain::{Fact, FaultKind, Order, Progress, Snapshot, Target};
use crate::sources::aws::{Aws, Changes};
use crate::sources::order::{failed, param, unknown_call};

use super::records::{batch, identifier};
use super::translate::snapshot;
use super::{Place, Raw, find, roles};

/// Reads afresh what an order rests on: the caller and the records.
pub(in super::super) async fn read_again(aws: &Aws, target: &Target) -> Snapshot {
    let Some(place) = Place::of(target) else {
        return Snapshot::unasked(target.clone(), aws.now());
    };
    let records = async {
        let zone = find::zone(aws, &place.zone).await?;
        let pair = find::pair(aws, &zone, place.record()).await?;
        let roles = roles(aws.weighted(), &place, &pair)?;
        Ok((pair, roles))
    };
    let (identity, records) = tokio::join!(aws.identity(), records);
    let now = aws.now();
    let raw = Raw {
        records: Fact::default().after(records, now),
        sync: aws.weighted().answers(target),
        ..Raw::default()
    };
    snapshot(&place, &Fact::default().after(identity, now), &raw, now)
}

/// Sends the one call of an order; who watches the records learns of the change from the account's
/// memory. It is never sent again.
pub(in super::super) async fn send(aws: &Aws, changes: &Changes, order: &Order) -> Progress {
    let zone = param(order, "HostedZoneId").and_then(Value::as_str);
    let batch = param(order, "ChangeBatch").and_then(batch);
    let (Some(zone), Some(batch)) = (zone, batch) else { return unknown_call(order) };
    if order.call.operation != "ChangeResourceRecordSets" {
        return unknown_call(order);
    }
    let memory = aws.weighted();
    memory.note(&order.target, |sync| sync.sends(order.action.goal()));
    let call = changes.route53.change_resource_record_sets();
    match call.hosted_zone_id(zone).change_batch(batch).send().await {
        Ok(answer) => {
            let change = answer.change_info();
            let id = change.map(|change| change.id().rsplit('/').next().unwrap_or_default());
            memory.note(&order.target, |sync| match id.filter(|id| !id.is_empty()) {
                Some(id) => sync.taken(id.to_owned()),
                None => sync.unnamed(),
            });
            Progress::Accepted {
                request_id: answer.request_id().map(str::to_owned),
                answer: id.map(|id| format!("change {id}")).unwrap_or_default(),
                rollout: None,
            }
        }
        Err(error) => {
            memory.note(&order.target, super::Sync::unnamed);
            refused(order, &error)
        }
    }
}

/// Whether the weights are those that an order sets; what else is there says nothing about it.
pub(in super::super) async fn is_set(aws: &Aws, order: &Order) -> bool {
    let Some(place) = Place::of(&order.target) else { return false };
    let zone = param(order, "HostedZoneId").and_then(Value::as_str);
    let batch = param(order, "ChangeBatch").and_then(batch);
    let (Some(zone), Some(batch)) = (zone, batch) else { return false };
    let Ok(pair) = find::pair(aws, zone, place.record()).await else { return false };
    let sent = batch.changes().iter().filter_map(Change::resource_record_set);
    let sent: Vec<_> = sent.map(|set| (identifier(set), set.weight())).collect();
    pair.records.iter().all(|record| sent.contains(&(identifier(record), record.weight())))
}

/// What a failed call means. Route 53 has a second way to say that a batch is wrong, without a code
/// where the SDK looks for one; its words are in the answer all the same.
fn refused<E>(order: &Order, error: &SdkError<E, HttpResponse>) -> Progress
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let progress = failed(order, error);
    let body = error.raw_response().and_then(|response| response.body().bytes());
    let body = body.map(String::from_utf8_lossy).unwrap_or_default();
    match progress {
        Progress::Refused { mut fault } | Progress::Unknown { mut fault }
            if fault.kind == FaultKind::Garbled && body.contains("<InvalidChangeBatch") =>
        {
            fault.kind = FaultKind::Rejected { code: "InvalidChangeBatch".to_owned() };
            fault.message = messages(&body).join("; ");
            Progress::Refused { fault }
        }
        progress => progress,
    }
}

/// What stands between `<Message>` and `</Message>`.
fn messages(body: &str) -> Vec<&str> {
    let parts = body.split("<Message>").skip(1);
    parts.filter_map(|part| part.split_once("</Message>").map(|(text, _)| text)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_a_refused_batch_are_found_without_a_code() {
        let body = "<?xml version=\"1.0\"?><InvalidChangeBatch xmlns=\"x\"><Messages>\
                    <Message>no such record</Message><Message>and more</Message></Messages>\
                    </InvalidChangeBatch>";
        assert_eq!(messages(body), ["no such record", "and more"]);
        assert_eq!(messages("<Message>cut"), Vec::<&str>::new());
    }
}
