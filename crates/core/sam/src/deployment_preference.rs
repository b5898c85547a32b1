//! `DeploymentPreference` of functions: CodeDeploy moves traffic to a new version bit by bit.
//!
//! One application and one service role serve all functions of a template; each function gets a deployment group.

use crate::context::Context;
use crate::error::{Fault, Result};
use crate::generated::Generated;
use crate::intrinsics::{self, get_att, is_intrinsic, reference, sub_with};
use crate::node::{Map, Node, Text, list, map};
use crate::properties::should_be;
use crate::role;

const APPLICATION: &str = "ServerlessDeploymentApplication";
const SERVICE_ROLE: &str = "CodeDeployServiceRole";
const CONDITION: &str = "ServerlessCodeDeployCondition";

const PREDEFINED: [&str; 9] = [
    "Canary10Percent5Minutes",
    "Canary10Percent10Minutes",
    "Canary10Percent15Minutes",
    "Canary10Percent30Minutes",
    "Linear10PercentEvery1Minute",
    "Linear10PercentEvery2Minutes",
    "Linear10PercentEvery3Minutes",
    "Linear10PercentEvery10Minutes",
    "AllAtOnce",
];

/// The preference of one function.
#[derive(Clone, Debug)]
pub(crate) struct Preference {
    enabled: bool,
    configuration: Option<Node>,
    before: Option<Node>,
    after: Option<Node>,
    alarms: Option<Node>,
    role: Option<Node>,
    triggers: Option<Node>,
    /// The function's condition if it is passed on.
    condition: Option<Node>,
}

impl Preference {
    /// Reads a `DeploymentPreference` property.
    ///
    /// # Errors
    /// A fault for a property that is not as documented.
    pub(crate) fn read(context: &Context<'_>, id: &Text, value: &Node, condition: Option<&Node>) -> Result<Preference> {
        let mut value = value.clone();
        let Node::Map(properties) = &mut value else {
            return Err(Fault::resource(id, should_be("DeploymentPreference", "a map")));
        };
        for key in ["Enabled", "PassthroughCondition", "Type"] {
            if let Some(value) = properties.get_mut(key) {
                context.resolve_all(value)?;
            }
        }
        let properties = &*properties;
        let enabled = match properties.get("Enabled") {
            None => true,
            Some(Node::Text(text)) => !matches!(text.to_lowercase().as_str(), "false" | "no" | "0"),
            Some(other) => other.truthy(),
        };
        let hooks = match properties.truthy("Hooks") {
            None => None,
            Some(Node::Map(hooks)) => Some(hooks),
            Some(_other) => {
                return Err(Fault::resource(id, "'Hooks' property of 'DeploymentPreference' must be a dictionary"));
            }
        };
        let passes = passthrough_condition(id, properties)?;
        if enabled && !properties.contains("Type") {
            return Err(Fault::resource(id, "'DeploymentPreference' is missing required Property 'Type'"));
        }
        if let Some(alarms) = properties.truthy("Alarms") {
            let lists = match intrinsics::if_arguments(alarms) {
                Some(Ok((_, then, otherwise))) => vec![then, otherwise],
                Some(Err(message)) => return Err(Fault::resource(id, message.trim_end_matches('.'))),
                None => vec![alarms],
            };
            if lists.iter().any(|list| list.as_list().is_none()) {
                return Err(Fault::resource(id, "Alarms must be a list"));
            }
        }
        Ok(Preference {
            enabled,
            configuration: properties.present("Type").cloned(),
            before: hooks.and_then(|hooks| hooks.present("PreTraffic")).cloned(),
            after: hooks.and_then(|hooks| hooks.present("PostTraffic")).cloned(),
            alarms: properties.truthy("Alarms").cloned(),
            role: properties.truthy("Role").cloned(),
            triggers: properties.present("TriggerConfigurations").cloned(),
            condition: condition.filter(|_| passes).cloned(),
        })
    }

    pub(crate) fn is_enabled(&self) -> bool {
        self.enabled
    }

    /// What the alias needs so that CloudFormation hands its updates to CodeDeploy.
    pub(crate) fn update_policy(&self, function: &Text) -> Node {
        let mut policy = Map::new();
        policy.insert("ApplicationName", reference(APPLICATION));
        policy.insert("DeploymentGroupName", reference(group_id(function)));
        policy.set("BeforeAllowTrafficHook", self.before.clone());
        policy.set("AfterAllowTrafficHook", self.after.clone());
        Node::Map(policy)
    }
}

fn passthrough_condition(id: &Text, properties: &Map) -> Result<bool> {
    match properties.get("PassthroughCondition") {
        None => Ok(false),
        Some(Node::Bool(passes)) => Ok(*passes),
        Some(Node::Text(text)) => match text.to_lowercase().as_str() {
            "true" => Ok(true),
            "false" => Ok(false),
            _other => Err(Fault::resource(id, "Invalid value for property PassthroughCondition.")),
        },
        Some(other) if is_intrinsic(other) => Err(Fault::resource(
            id,
            "Unsupported intrinsic: the only intrinsic functions supported for property PassthroughCondition are FindInMap \
             and parameter Refs.",
        )),
        Some(_other) => Err(Fault::resource(id, "Invalid value for property PassthroughCondition.")),
    }
}

fn group_id(function: &Text) -> Text {
    function.with("DeploymentGroup")
}

#[derive(Clone, Debug)]
struct Entry {
    function: Text,
    preference: Preference,
    tags: Option<Map>,
}

/// The enabled preferences of a template.
#[derive(Clone, Debug, Default)]
pub(crate) struct DeploymentPreferences {
    entries: Vec<Entry>,
}

impl DeploymentPreferences {
    pub(crate) fn add(&mut self, function: &Text, preference: Preference, tags: Option<Map>) {
        self.entries.push(Entry { function: function.clone(), preference, tags });
    }

    /// The CodeDeploy resources, and the condition to add to the template.
    pub(crate) fn resources(&self, context: &Context<'_>) -> (Vec<Generated>, Option<(Text, Node)>) {
        if self.entries.is_empty() {
            return (Vec::new(), None);
        }
        let (condition, definition) = self.condition();
        let mut application = Generated::new(APPLICATION, "AWS::CodeDeploy::Application");
        application.put("ComputePlatform", "Lambda");
        application.attributes.set("Condition", condition.clone());
        let mut made = Vec::new();
        if self.entries.iter().any(|entry| entry.preference.role.is_none()) {
            made.push(service_role(context, condition));
        }
        for entry in &self.entries {
            if let Some(tags) = &entry.tags {
                crate::function::assign_tags(&mut application, tags);
            }
            let mut group = deployment_group(entry);
            if let Some(tags) = &entry.tags {
                crate::function::assign_tags(&mut group, tags);
            }
            made.push(group);
        }
        made.insert(0, application);
        (made, definition)
    }

    /// If every group is conditional, the application is needed where any group is.
    fn condition(&self) -> (Option<Node>, Option<(Text, Node)>) {
        let mut distinct: Vec<Node> = Vec::new();
        for entry in &self.entries {
            match &entry.preference.condition {
                None => return (None, None),
                Some(condition) if distinct.contains(condition) => {}
                Some(condition) => distinct.push(condition.clone()),
            }
        }
        if distinct.len() == 1 {
            return (distinct.pop(), None);
        }
        let conditions: Vec<Node> = distinct.into_iter().map(|name| Node::Map(map! {"Condition" => name})).collect();
        let definition = Node::Map(map! {"Fn::Or" => conditions});
        (Some(CONDITION.into()), Some((CONDITION.into(), definition)))
    }
}

fn service_role(context: &Context<'_>, condition: Option<Node>) -> Generated {
    let mut role = Generated::new(SERVICE_ROLE, "AWS::IAM::Role");
    role.put("AssumeRolePolicyDocument", role::assume_role_policy("codedeploy.amazonaws.com"));
    let policy = "service-role/AWSCodeDeployRoleForLambda";
    role.put("ManagedPolicyArns", list![context.aws_policy(policy)]);
    role.attributes.set("Condition", condition);
    role
}

fn deployment_group(entry: &Entry) -> Generated {
    let preference = &entry.preference;
    let mut group = Generated::new(group_id(&entry.function), "AWS::CodeDeploy::DeploymentGroup");
    group.attributes.set("Condition", preference.condition.clone());
    group.set("AlarmConfiguration", preference.alarms.as_ref().map(alarm_configuration));
    group.put("ApplicationName", reference(APPLICATION));
    let events = list!["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"];
    group.put("AutoRollbackConfiguration", map! {"Enabled" => true, "Events" => events});
    group.set("DeploymentConfigName", preference.configuration.clone().map(configuration_name));
    group.put("DeploymentStyle", map! {"DeploymentType" => "BLUE_GREEN", "DeploymentOption" => "WITH_TRAFFIC_CONTROL"});
    let role = preference.role.clone().unwrap_or_else(|| get_att(SERVICE_ROLE, "Arn"));
    group.put("ServiceRoleArn", role);
    group.set("TriggerConfigurations", preference.triggers.clone());
    group
}

/// CodeDeploy's own configurations get its prefix; anything else is the name of a custom one.
fn configuration_name(configuration: Node) -> Node {
    match configuration {
        Node::Text(name) if PREDEFINED.contains(&name.as_str()) => {
            sub_with("CodeDeployDefault.Lambda${ConfigName}", map! {"ConfigName" => Node::Text(name)})
        }
        Node::List(items) => Node::List(items.into_iter().map(configuration_name).collect()),
        Node::Map(mut entries) => {
            // `!Sub AllAtOnce`: the plain name inside takes the place of the whole.
            if let Some(Node::Text(name)) = entries.get("Fn::Sub")
                && entries.len() == 1
                && PREDEFINED.contains(&name.as_str())
            {
                return configuration_name(Node::from(name));
            }
            for value in entries.values_mut() {
                *value = configuration_name(std::mem::replace(value, Node::Null));
            }
            Node::Map(entries)
        }
        other => other,
    }
}

fn alarm_configuration(alarms: &Node) -> Node {
    let named = |list: &Node| match list {
        Node::List(alarms) => Node::List(alarms.iter().map(|alarm| Node::Map(map! {"Name" => alarm})).collect()),
        other => other.clone(),
    };
    let configuration = |list: &Node| match list {
        Node::List(alarms) if alarms.is_empty() => Node::Map(Map::new()),
        list => Node::Map(map! {"Enabled" => true, "Alarms" => named(list)}),
    };
    match intrinsics::if_arguments(alarms) {
        Some(Ok((condition, then, otherwise))) => {
            intrinsics::if_(condition, configuration(then), configuration(otherwise))
        }
        Some(Err(_)) | None => configuration(alarms),
    }
}
