//! Logs, topics, queues and alarms.

use serde_json::Value;

use crate::required::{Calls, Step};

pub(super) fn log_group(calls: &mut Calls<'_>, step: Step) {
    let own = own(calls);
    // Logs asks for a group with an empty stream behind it, as its refusals show; tagging for the group itself.
    let group = format!("{own}:log-stream:");
    let every = calls.stack.fill("logs", "log-group", &[("LogGroupName", "")]) + ":log-stream:";
    match step {
        Step::Create => {
            calls.need("logs:CreateLogGroup", &group);
            calls.need("logs:DescribeLogGroups", &every);
            calls.given("RetentionInDays", |calls| {
                calls.need("logs:PutRetentionPolicy", &group);
            });
            calls.tagged("logs:CreateLogGroup", "logs:TagResource", &own);
        }
        Step::Update => {
            calls.need("logs:DescribeLogGroups", &every);
            let retention =
                calls.get("RetentionInDays").map_or("logs:DeleteRetentionPolicy", |_| "logs:PutRetentionPolicy");
            calls.when_changed(&["RetentionInDays"], retention, &group);
            calls.when_changed(&["Tags"], "logs:TagResource", &own);
        }
        Step::Delete => {
            calls.need("logs:DeleteLogGroup", &group);
        }
    }
}

pub(super) fn topic(calls: &mut Calls<'_>, step: Step) {
    let own = own(calls);
    match step {
        Step::Create => {
            // CreateTopic does not mind a topic that is there; the handler looks first.
            calls.need("sns:GetTopicAttributes", &own);
            calls.need("sns:CreateTopic", &own);
            let subscriptions: Vec<Value> = calls.items("Subscription").into_iter().cloned().collect();
            calls.given("Subscription", |calls| {
                for subscription in &subscriptions {
                    subscribe(calls, &own, subscription.get("Protocol"), subscription.get("Endpoint"));
                }
            });
            calls.tagged("sns:CreateTopic", "sns:TagResource", &own);
        }
        Step::Update => {
            let attributes =
                ["ContentBasedDeduplication", "DisplayName", "KmsMasterKeyId", "SignatureVersion", "TracingConfig"];
            calls.when_changed(&attributes, "sns:SetTopicAttributes", &own);
            calls.when_changed(&["Tags"], "sns:TagResource", &own);
        }
        Step::Delete => {
            calls.need("sns:DeleteTopic", &own);
        }
    }
}

fn subscribe(calls: &mut Calls<'_>, topic: &str, protocol: Option<&Value>, endpoint: Option<&Value>) {
    let text = |value: Option<&Value>| value.map(|value| calls.stack.text(value)).unwrap_or_default();
    let (protocol, endpoint) = (text(protocol), text(endpoint));
    calls.need("sns:Subscribe", topic).key("sns:Protocol", protocol).key("sns:Endpoint", endpoint);
}

pub(super) fn topic_policy(calls: &mut Calls<'_>, _: Step) {
    for topic in calls.items("Topics").iter().map(|topic| calls.stack.text(topic)).collect::<Vec<_>>() {
        calls.need("sns:SetTopicAttributes", &topic);
    }
}

pub(super) fn subscription(calls: &mut Calls<'_>, step: Step) {
    let Some(topic) = calls.text("TopicArn") else { return };
    match step {
        Step::Create => {
            let (protocol, endpoint) = (calls.get("Protocol").cloned(), calls.get("Endpoint").cloned());
            subscribe(calls, &topic, protocol.as_ref(), endpoint.as_ref());
            calls.pass_role_in("SubscriptionRoleArn", "sns.amazonaws.com");
        }
        Step::Update => {}
        Step::Delete => {
            calls.need("sns:Unsubscribe", &topic);
        }
    }
}

pub(super) fn queue(calls: &mut Calls<'_>, step: Step) {
    let own = own(calls);
    match step {
        Step::Create => {
            calls.need("sqs:CreateQueue", &own);
            // The handler waits until the queue is there.
            calls.need("sqs:GetQueueAttributes", &own);
            calls.tagged("sqs:CreateQueue", "sqs:TagQueue", &own);
        }
        Step::Update => {
            let mut names: Vec<&str> = calls.properties.keys().map(String::as_str).collect();
            names.extend(calls.before.into_iter().flat_map(|before| before.keys().map(String::as_str)));
            names.retain(|name| *name != "Tags");
            calls.when_changed(&names, "sqs:SetQueueAttributes", &own);
            calls.when_changed(&["Tags"], "sqs:TagQueue", &own);
        }
        Step::Delete => {
            calls.need("sqs:DeleteQueue", &own);
        }
    }
}

/// A policy of queues, which are named by their URLs.
pub(super) fn queue_policy(calls: &mut Calls<'_>, _: Step) {
    for url in calls.items("Queues").iter().map(|queue| calls.stack.text(queue)).collect::<Vec<_>>() {
        let name = url.rsplit('/').next().unwrap_or_default();
        let queue = calls.stack.fill("sqs", "queue", &[("QueueName", name)]);
        calls.need("sqs:SetQueueAttributes", &queue);
    }
}

pub(super) fn alarm(calls: &mut Calls<'_>, step: Step) {
    let own = own(calls);
    if step == Step::Delete {
        calls.need("cloudwatch:DeleteAlarms", &own);
        return;
    }
    calls.need("cloudwatch:PutMetricAlarm", &own);
    if step == Step::Create {
        calls.tagged("cloudwatch:PutMetricAlarm", "cloudwatch:TagResource", &own);
    }
}

fn own(calls: &Calls<'_>) -> String {
    calls.stack.arn(calls.id).unwrap_or_else(|| "*".to_owned())
}
