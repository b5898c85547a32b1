//! Data that is lost with its resource: when the stack is deleted, the resource removed, or replaced by an update.

use stackfleet_base::Diagnostic;
use stackfleet_catalog::{Stateful, catalog};
use stackfleet_template::Resource;

use crate::codes::DATA_LOSS;
use crate::subject::Subject;
use crate::trace::below;

/// Of what these hold, nothing is meant to stay: logs and messages expire, nested stacks have policies of their own.
const PASSING: [&str; 4] =
    ["AWS::CloudFormation::Stack", "AWS::EMR::Cluster", "AWS::Logs::LogGroup", "AWS::SQS::Queue"];

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    for resource in subject.deployed.resources() {
        // What must be empty to be deleted is not lost by accident.
        let kind = resource.type_name();
        let stateful = catalog().resource(kind).is_some_and(|kind| kind.stateful() == Stateful::Yes);
        if !stateful || PASSING.contains(&kind) {
            continue;
        }
        let name = resource.name;
        let message = match (is_kept(&resource), resource.attribute("UpdateReplacePolicy").is_some()) {
            (true, true) => continue,
            (false, false) => format!("`{name}` holds data, which is lost when it is deleted or replaced"),
            (false, true) => format!("`{name}` holds data, which is lost when it is deleted"),
            (true, false) => format!("`{name}` holds data, which is lost when an update replaces it"),
        };
        let help =
            "say what happens to it: `DeletionPolicy` and `UpdateReplacePolicy` with `Retain`, `Snapshot` or `Delete`";
        subject.at_key(found, &below("/Resources", name), Diagnostic::note(DATA_LOSS, message).help(help));
    }
}

/// CloudFormation makes a snapshot of databases by itself, unless they belong to a cluster.
fn is_kept(resource: &Resource<'_>) -> bool {
    let in_cluster = resource.properties().is_some_and(|properties| properties.contains_key("DBClusterIdentifier"));
    resource.attribute("DeletionPolicy").is_some()
        || resource.type_name() == "AWS::RDS::DBCluster"
        || resource.type_name() == "AWS::RDS::DBInstance" && !in_cluster
}
