//! What resources of a few types certainly need when they are made: the calls without which they cannot be, with their
//! properties.
//!
//! Source: the `create` handlers of the public resource schemas, narrowed by hand to the calls that are always made for
//! the properties given, and the Service Authorization Reference for resources and for what tags need (2026). Types and
//! operations that are not here need nothing that is known: nothing is said of them.

use serde_json::Value;
use stackfleet_template::{Evaluated, EvaluatedResource, is_known};

use crate::requirement::{Operation, Requirement, Requirements, Site};

/// Knows them.
#[derive(Debug, Clone, Copy, Default)]
pub struct Known;

impl Requirements for Known {
    fn of(&self, stack: &Evaluated, logical_id: &str, site: &Site, operation: Operation) -> Vec<Requirement> {
        match (stack.resources.get(logical_id), operation) {
            (Some(resource), Operation::Create) => Making { stack, logical_id, resource, site }.needs(),
            (_, Operation::Create | Operation::Update | Operation::Delete) => Vec::new(),
        }
    }
}

/// A resource while its needs are told.
struct Making<'a> {
    stack: &'a Evaluated,
    logical_id: &'a str,
    resource: &'a EvaluatedResource,
    site: &'a Site,
}

impl Making<'_> {
    fn needs(&self) -> Vec<Requirement> {
        match self.resource.type_name.as_str() {
            "AWS::DynamoDB::Table" => {
                let on = self.regional("dynamodb", &format!("table/{}", self.name("TableName")));
                self.tagged("dynamodb:CreateTable", "dynamodb:TagResource", &on)
            }
            "AWS::Events::Rule" => self.rule(),
            "AWS::IAM::ManagedPolicy" => self.managed_policy(),
            "AWS::IAM::Policy" => self.on_roles("iam:PutRolePolicy"),
            "AWS::IAM::Role" => self.role(),
            "AWS::Lambda::Function" => self.function(),
            "AWS::Lambda::Permission" => self.function_permission(),
            "AWS::Logs::LogGroup" => self.log_group(),
            "AWS::S3::Bucket" => self.bucket(),
            "AWS::SNS::Topic" => {
                let on = self.regional("sns", &self.name("TopicName"));
                self.tagged("sns:CreateTopic", "sns:TagResource", &on)
            }
            "AWS::SQS::Queue" => {
                let on = self.regional("sqs", &self.name("QueueName"));
                self.tagged("sqs:CreateQueue", "sqs:TagQueue", &on)
            }
            "AWS::SSM::Parameter" => {
                let name = self.name("Name");
                let on = self.regional("ssm", &format!("parameter/{}", name.trim_start_matches('/')));
                self.tagged("ssm:PutParameter", "ssm:AddTagsToResource", &on)
            }
            _ => Vec::new(),
        }
    }

    fn has(&self, property: &str) -> bool {
        self.resource.properties.get(property).is_some_and(|value| match value {
            Value::Array(items) => !items.is_empty(),
            Value::Null => false,
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => true,
        })
    }

    fn texts(&self, property: &str) -> impl Iterator<Item = &Value> {
        self.resource.properties.get(property).and_then(Value::as_array).into_iter().flatten()
    }

    /// The name that the template gives, or the form of the one that CloudFormation makes.
    fn name(&self, property: &str) -> String {
        self.name_of(self.logical_id, self.resource, property)
    }

    fn name_of(&self, logical_id: &str, resource: &EvaluatedResource, property: &str) -> String {
        let given = resource.properties.get(property).and_then(Value::as_str);
        given.map_or_else(|| format!("{}-{logical_id}-*", self.site.stack_name), str::to_owned)
    }

    fn regional(&self, service: &str, resource: &str) -> String {
        let Site { account, region, .. } = self.site;
        format!("arn:{}:{service}:{region}:{account}:{resource}", region.partition().as_str())
    }

    fn global(&self, resource: &str) -> String {
        let Site { account, region, .. } = self.site;
        format!("arn:{}:iam::{account}:{resource}", region.partition().as_str())
    }

    /// Tags that the resource gets: the stack's, then its own.
    fn tags(&self) -> Vec<(String, String)> {
        let mut tags = self.site.tags.clone();
        match self.resource.properties.get("Tags") {
            Some(Value::Object(members)) => {
                tags.extend(members.iter().filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))));
            }
            Some(Value::Array(items)) => {
                let part = |item: &Value, name: &str| item.get(name).and_then(Value::as_str).map(str::to_owned);
                tags.extend(items.iter().filter_map(|item| part(item, "Key").zip(part(item, "Value"))));
            }
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) | None => {}
        }
        tags
    }

    /// A call that makes something with tags: the call itself, and the permission to tag.
    fn tagged(&self, action: &str, tag: &str, on: &str) -> Vec<Requirement> {
        let tags = self.tags();
        let mut keys: Vec<(String, Vec<String>)> =
            tags.iter().map(|(key, value)| (format!("aws:RequestTag/{key}"), vec![value.clone()])).collect();
        keys.push(("aws:TagKeys".to_owned(), tags.iter().map(|(key, _)| key.clone()).collect()));
        let mut needs = vec![Requirement { keys: keys.clone(), ..need(action, on) }];
        if !tags.is_empty() {
            needs.push(Requirement { keys, ..need(tag, on) });
        }
        needs
    }

    fn role(&self) -> Vec<Requirement> {
        let on = self.role_arn(self.logical_id, self.resource);
        let mut needs = self.tagged("iam:CreateRole", "iam:TagRole", &on);
        if let Some(boundary) = self.resource.properties.get("PermissionsBoundary").and_then(Value::as_str) {
            needs.iter_mut().for_each(|need| {
                need.keys.push(("iam:PermissionsBoundary".to_owned(), vec![boundary.to_owned()]));
            });
        }
        if self.has("Policies") {
            needs.push(need("iam:PutRolePolicy", &on));
        }
        for arn in self.texts("ManagedPolicyArns") {
            needs.push(with_policy(need("iam:AttachRolePolicy", &on), arn));
        }
        needs
    }

    fn role_arn(&self, logical_id: &str, role: &EvaluatedResource) -> String {
        let path = role.properties.get("Path").and_then(Value::as_str).unwrap_or("/");
        self.global(&format!("role{path}{}", self.name_of(logical_id, role, "RoleName")))
    }

    fn managed_policy(&self) -> Vec<Requirement> {
        let path = self.resource.properties.get("Path").and_then(Value::as_str).unwrap_or("/");
        let on = self.global(&format!("policy{path}{}", self.name("ManagedPolicyName")));
        let mut needs = vec![need("iam:CreatePolicy", &on)];
        let attach = self.on_roles("iam:AttachRolePolicy").into_iter();
        needs.extend(attach.map(|attach| with_policy(attach, &Value::from(on.as_str()))));
        needs
    }

    /// A call on each role that `Roles` names, where it is known which that is.
    fn on_roles(&self, action: &str) -> Vec<Requirement> {
        let role = |value: &Value| match value {
            Value::String(name) => {
                let own = self.stack.resources.iter().find(|(_, found)| {
                    found.type_name == "AWS::IAM::Role" && found.properties.get("RoleName") == Some(value)
                });
                // The path of a role that another stack made is not known.
                own.map(|(id, found)| self.role_arn(id, found)).or_else(|| Some(self.global(&format!("role/{name}"))))
            }
            Value::Object(_) => self.referred_role(value),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
        };
        self.texts("Roles").filter_map(role).map(|on| need(action, &on)).collect()
    }

    /// Returns the ARN of a role of the same stack that a value refers to.
    fn referred_role(&self, value: &Value) -> Option<String> {
        let id = match value.get("Fn::GetAtt") {
            Some(Value::Array(parts)) => parts.first()?.as_str()?,
            Some(_) | None => value.get("Ref")?.as_str()?,
        };
        let role = self.stack.resources.get(id).filter(|found| found.type_name == "AWS::IAM::Role")?;
        Some(self.role_arn(id, role))
    }

    fn pass_role(&self, value: &Value, service: &str) -> Option<Requirement> {
        let on = match value {
            Value::String(arn) if is_known(value) && arn.contains(":role/") => Some(arn.clone()),
            Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
            Value::Object(_) => self.referred_role(value),
        };
        let keys = vec![("iam:PassedToService".to_owned(), vec![service.to_owned()])];
        Some(Requirement { keys, ..need("iam:PassRole", &on?) })
    }

    fn function(&self) -> Vec<Requirement> {
        let on = self.regional("lambda", &format!("function:{}", self.name("FunctionName")));
        let mut needs = self.tagged("lambda:CreateFunction", "lambda:TagResource", &on);
        needs.push(need("lambda:GetFunction", &on));
        let role = self.resource.properties.get("Role");
        needs.extend(role.and_then(|role| self.pass_role(role, "lambda.amazonaws.com")));
        let code = self.resource.properties.get("Code");
        let part = |name: &str| code.and_then(|code| code.get(name)).and_then(Value::as_str);
        if let (Some(bucket), Some(key)) = (part("S3Bucket"), part("S3Key")) {
            let partition = self.site.region.partition().as_str();
            needs.push(need("s3:GetObject", &format!("arn:{partition}:s3:::{bucket}/{key}")));
        }
        needs
    }

    fn function_permission(&self) -> Vec<Requirement> {
        let function = self.resource.properties.get("FunctionName");
        let id = function.and_then(|value| match value.get("Fn::GetAtt") {
            Some(Value::Array(parts)) => parts.first()?.as_str(),
            Some(_) | None => value.get("Ref")?.as_str(),
        });
        let found = id.and_then(|id| self.stack.resources.get_key_value(id));
        let Some((id, found)) = found.filter(|(_, found)| found.type_name == "AWS::Lambda::Function") else {
            return Vec::new();
        };
        let on = self.regional("lambda", &format!("function:{}", self.name_of(id, found, "FunctionName")));
        let principal = self.resource.properties.get("Principal").and_then(Value::as_str);
        let keys = principal.map(|principal| ("lambda:Principal".to_owned(), vec![principal.to_owned()]));
        vec![Requirement { keys: keys.into_iter().collect(), ..need("lambda:AddPermission", &on) }]
    }

    fn rule(&self) -> Vec<Requirement> {
        if self.resource.properties.get("EventBusName").is_some_and(|bus| bus != "default") {
            return Vec::new();
        }
        let on = self.regional("events", &format!("rule/{}", self.name("Name")));
        let mut needs = self.tagged("events:PutRule", "events:TagResource", &on);
        if self.has("Targets") {
            needs.push(need("events:PutTargets", &on));
        }
        let roles = self.texts("Targets").filter_map(|target| target.get("RoleArn"));
        needs.extend(roles.filter_map(|role| self.pass_role(role, "events.amazonaws.com")));
        needs
    }

    /// Most calls ask for the group with an empty stream behind it, as AWS's refusals show; tagging for the group.
    fn log_group(&self) -> Vec<Requirement> {
        let group = self.regional("logs", &format!("log-group:{}", self.name("LogGroupName")));
        let stream = format!("{group}:log-stream:");
        let mut needs = self.tagged("logs:CreateLogGroup", "logs:TagResource", &stream);
        needs.iter_mut().filter(|need| need.action == "logs:TagResource").for_each(|need| need.on.clone_from(&group));
        if self.has("RetentionInDays") {
            needs.push(need("logs:PutRetentionPolicy", &stream));
        }
        needs
    }

    fn bucket(&self) -> Vec<Requirement> {
        const BY_PROPERTY: [(&str, &str); 6] = [
            ("BucketEncryption", "s3:PutEncryptionConfiguration"),
            ("LifecycleConfiguration", "s3:PutLifecycleConfiguration"),
            ("LoggingConfiguration", "s3:PutBucketLogging"),
            ("OwnershipControls", "s3:PutBucketOwnershipControls"),
            ("PublicAccessBlockConfiguration", "s3:PutBucketPublicAccessBlock"),
            ("VersioningConfiguration", "s3:PutBucketVersioning"),
        ];
        let partition = self.site.region.partition().as_str();
        let on = format!("arn:{partition}:s3:::{}", self.name("BucketName").to_ascii_lowercase());
        let set = BY_PROPERTY.iter().filter(|(property, _)| self.has(property)).map(|(_, action)| need(action, &on));
        let tag = (!self.tags().is_empty()).then(|| need("s3:PutBucketTagging", &on));
        std::iter::once(need("s3:CreateBucket", &on)).chain(set).chain(tag).collect()
    }
}

fn need(action: &str, on: &str) -> Requirement {
    Requirement { action: action.to_owned(), on: on.to_owned(), certain: true, keys: Vec::new() }
}

fn with_policy(need: Requirement, arn: &Value) -> Requirement {
    let keys = arn.as_str().map(|arn| ("iam:PolicyARN".to_owned(), vec![arn.to_owned()]));
    Requirement { keys: keys.into_iter().collect(), ..need }
}
