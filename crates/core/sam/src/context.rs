//! The state that one transform shares between resources: later resources see what earlier ones changed.

use crate::api::usage_plan::SharedUsagePlan;
use crate::deployment_preference::DeploymentPreferences;
use crate::environment::Environment;
use crate::error::Result;
use crate::generated::{self, Generated};
use crate::intrinsics::{self, Generations, Renames};
use crate::node::{Map, Node, Text};
use crate::tables;
use std::collections::BTreeMap;

/// Everything that expanding a resource may read and change besides the resource itself.
#[derive(Debug)]
pub(crate) struct Context<'e> {
    pub(crate) environment: &'e Environment,
    pub(crate) partition: &'static str,
    /// Parameter values: the caller's, the template's defaults, `AWS::Region` and `AWS::Partition`.
    pub(crate) parameters: Map,
    pub(crate) mappings: Map,
    pub(crate) conditions: Map,
    /// All resources of the template by logical id, as changed so far.
    pub(crate) resources: Map,
    pub(crate) generations: Generations,
    pub(crate) renames: Renames,
    pub(crate) deployments: DeploymentPreferences,
    /// Names of the functions behind each REST API, one after the other.
    pub(crate) function_names: BTreeMap<String, String>,
    /// Ids of the resources that each connector became.
    pub(crate) connector_resources: BTreeMap<String, Vec<Text>>,
    /// Types of SAM's resources as the template says them.
    pub(crate) written_kinds: BTreeMap<String, String>,
    pub(crate) applications_not_ready: Vec<String>,
    /// Destinations of asynchronous invocations that got a queue or topic, with its ARN. One that comes from `Globals` is
    /// the same for all functions: the first makes the queue, the others use it.
    pub(crate) generated_destinations: Vec<(Map, Node)>,
    pub(crate) shared_usage_plan: SharedUsagePlan,
    /// Record set groups by logical id, shared by the domains of a hosted zone.
    pub(crate) record_set_groups: BTreeMap<String, Generated>,
}

impl Context<'_> {
    /// Replaces parameters in place.
    pub(crate) fn resolve(&self, node: &mut Node) -> Result<()> {
        intrinsics::resolve_parameters(node, &self.parameters)
    }
    /// Replaces parameters and mappings in place.
    pub(crate) fn resolve_all(&self, node: &mut Node) -> Result<()> {
        intrinsics::resolve_parameters(node, &self.parameters)?;
        intrinsics::resolve_mappings(node, &self.mappings)
    }
    /// A copy with parameters replaced.
    pub(crate) fn resolved(&self, node: &Node) -> Result<Node> {
        intrinsics::resolved(node, &self.parameters)
    }
    pub(crate) fn resource(&self, id: &str) -> Option<&Map> {
        self.resources.map(id)
    }
    pub(crate) fn resource_mut(&mut self, id: &str) -> Option<&mut Map> {
        self.resources.map_mut(id)
    }
    /// The type of a resource of the template.
    pub(crate) fn kind(&self, id: &str) -> Option<&str> {
        self.resource(id).and_then(|resource| resource.str("Type"))
    }
    /// The attributes that every resource derived from `resource` gets.
    pub(crate) fn passthrough(&self, resource: &Map) -> Map {
        generated::passthrough(resource, self.environment.passthrough_metadata)
    }
    /// `arn:<partition>:<rest>`
    pub(crate) fn arn(&self, rest: &str) -> String {
        format!("arn:{}:{rest}", self.partition)
    }
    /// The ARN of a managed policy given by name or ARN; an unknown name stays as it is.
    pub(crate) fn managed_policy(&self, name: &Node) -> Node {
        let Some(text) = name.as_str() else { return name.clone() };
        if let Some(arn) = tables::managed_policy(self.partition, text) {
            return arn.into();
        }
        if !text.starts_with("arn:")
            && let Some(arn) = self.environment.managed_policies.get(text)
        {
            return arn.as_str().into();
        }
        name.clone()
    }
    /// The ARN of a managed policy with a path of its own, `service-role/` for instance.
    pub(crate) fn aws_policy(&self, path: &str) -> Node {
        self.arn(&format!("iam::aws:policy/{path}")).into()
    }
    /// The managed policy for sending traces.
    pub(crate) fn xray_policy(&self) -> Node {
        match self.partition {
            "aws" => self.aws_policy("AWSXrayWriteOnlyAccess"),
            _other => self.aws_policy("AWSXRayDaemonWriteAccess"),
        }
    }
    /// The author's tags after the one that marks what the transform made.
    pub(crate) fn tags(&self, marker: &str, tags: Option<&Map>) -> Vec<Node> {
        generated::tags_with_origin(marker, tags)
    }
    /// Adds a condition under a name derived from it unless it is there.
    pub(crate) fn add_condition(&mut self, name: &Text, condition: Node) {
        if !self.conditions.contains(name) {
            self.conditions.insert(name.clone(), condition);
        }
    }
}
