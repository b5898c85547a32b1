//! Names that can be there only once, in a template that goes to several regions or accounts.

use serde_json::Value;
use stackfleet_base::{Diagnostic, Severity};

use crate::codes::GLOBAL_NAME;
use crate::subject::Subject;
use crate::trace::below;

/// How far a name is unique.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// In an account, over all its regions.
    Account,
    /// In a region, over all accounts.
    Region,
    /// Over all regions and accounts.
    World,
}

/// Properties that are such names; documentation of the types.
const NAMES: [(&str, &str, Reach); 24] = [
    ("AWS::IAM::Group", "/GroupName", Reach::Account),
    ("AWS::IAM::InstanceProfile", "/InstanceProfileName", Reach::Account),
    ("AWS::IAM::ManagedPolicy", "/ManagedPolicyName", Reach::Account),
    ("AWS::IAM::OIDCProvider", "/Url", Reach::Account),
    ("AWS::IAM::Role", "/RoleName", Reach::Account),
    ("AWS::IAM::SAMLProvider", "/Name", Reach::Account),
    ("AWS::IAM::ServerCertificate", "/ServerCertificateName", Reach::Account),
    ("AWS::IAM::ServiceLinkedRole", "/AWSServiceName", Reach::Account),
    ("AWS::IAM::User", "/UserName", Reach::Account),
    ("AWS::IAM::VirtualMFADevice", "/VirtualMfaDeviceName", Reach::Account),
    ("AWS::Budgets::Budget", "/Budget/BudgetName", Reach::Account),
    ("AWS::CloudFront::CachePolicy", "/CachePolicyConfig/Name", Reach::Account),
    ("AWS::CloudFront::Function", "/Name", Reach::Account),
    ("AWS::CloudFront::KeyValueStore", "/Name", Reach::Account),
    ("AWS::CloudFront::OriginAccessControl", "/OriginAccessControlConfig/Name", Reach::Account),
    ("AWS::CloudFront::OriginRequestPolicy", "/OriginRequestPolicyConfig/Name", Reach::Account),
    ("AWS::CloudFront::PublicKey", "/PublicKeyConfig/Name", Reach::Account),
    ("AWS::CloudFront::ResponseHeadersPolicy", "/ResponseHeadersPolicyConfig/Name", Reach::Account),
    ("AWS::CloudFront::Distribution", "/DistributionConfig/Aliases/0", Reach::World),
    ("AWS::S3::Bucket", "/BucketName", Reach::World),
    ("AWS::ApiGateway::DomainName", "/DomainName", Reach::Region),
    ("AWS::ApiGatewayV2::DomainName", "/DomainName", Reach::Region),
    ("AWS::Cognito::UserPoolDomain", "/Domain", Reach::Region),
    ("AWS::ElasticBeanstalk::Environment", "/CNAMEPrefix", Reach::Region),
];

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let (regions, accounts) = (subject.deployment.regions.len() > 1, subject.deployment.several_accounts);
    if !regions && !accounts {
        return;
    }
    for resource in subject.deployed.resources() {
        // Where a condition decides, it often is the one that picks the region.
        if resource.condition().is_some() {
            continue;
        }
        for (_, property, reach) in NAMES.iter().filter(|(kind, ..)| *kind == resource.type_name()) {
            let pointer = format!("{}/Properties{property}", below("/Resources", resource.name));
            let Some(value) = subject.value(&pointer) else { continue };
            let mut holds = Holds::default();
            holds.look(subject, value);
            let clash_regions = regions && *reach != Reach::Region && !holds.region;
            let clash_accounts = accounts && *reach != Reach::Account && !holds.account;
            if holds.other || !(clash_regions || clash_accounts) {
                continue;
            }
            let told = told(property, *reach, (clash_regions, clash_accounts), holds.parameter);
            subject.at_value(found, &pointer, told);
        }
    }
}

fn told(property: &str, reach: Reach, (regions, accounts): (bool, bool), parameter: bool) -> Diagnostic {
    let name = property.trim_end_matches("/0").rsplit('/').next().unwrap_or_default();
    let (extent, add) = match (regions, accounts) {
        (true, true) => ("every region and account", "`${AWS::AccountId}` and `${AWS::Region}`"),
        (true, false) => ("every region", "`${AWS::Region}`"),
        (false, _) => ("every account", "`${AWS::AccountId}`"),
    };
    let unique = match reach {
        Reach::Account => "there can be one in an account",
        Reach::Region => "there can be one in a region of AWS",
        Reach::World => "there can be one in all of AWS",
    };
    let message = format!("`{name}` is the same in {extent} that the template goes to, and {unique}");
    let severity = if parameter { Severity::Warning } else { Severity::Error };
    let help = match parameter {
        true => format!("add {add} to it, or give the parameter another value in each"),
        false => format!("add {add} to it, or leave the name to CloudFormation"),
    };
    Diagnostic { severity, ..Diagnostic::error(GLOBAL_NAME, message) }.help(help)
}

/// What a name is made of.
#[derive(Debug, Default)]
struct Holds {
    region: bool,
    account: bool,
    /// A parameter of which no value is known.
    parameter: bool,
    /// Something that may differ anywhere: the stack's name, another resource, an import.
    other: bool,
}

impl Holds {
    fn look(&mut self, subject: &Subject<'_>, value: &Value) {
        match value {
            Value::String(text) => self.other |= text.contains("{{resolve:"),
            Value::Array(items) => items.iter().for_each(|item| self.look(subject, item)),
            Value::Object(members) => {
                for (key, argument) in members {
                    match (key.as_str(), argument) {
                        ("Ref", Value::String(name)) => self.name(subject, name),
                        ("Fn::Sub", Value::String(text)) => self.variables(subject, text, None),
                        ("Fn::Sub", Value::Array(items)) => {
                            if let [Value::String(text), own] = items.as_slice() {
                                self.variables(subject, text, Some(own));
                                self.look(subject, own);
                            }
                        }
                        ("Fn::GetAtt" | "Fn::ImportValue" | "Fn::Transform", _) => self.other = true,
                        _ => self.look(subject, argument),
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn variables(&mut self, subject: &Subject<'_>, text: &str, own: Option<&Value>) {
        self.other |= text.contains("{{resolve:");
        let names = text.split("${").skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name.trim());
        for name in names.filter(|name| !name.starts_with('!')) {
            if own.is_none_or(|own| own.get(name).is_none()) {
                self.name(subject, name);
            }
        }
    }

    fn name(&mut self, subject: &Subject<'_>, name: &str) {
        match name {
            "AWS::Region" => self.region = true,
            "AWS::AccountId" => self.account = true,
            "AWS::Partition" | "AWS::URLSuffix" | "AWS::NoValue" => {}
            name if subject.source.parameters().contains_key(name) => {
                self.parameter |= subject.deployment.parameter(name).is_none();
            }
            _ => self.other = true,
        }
    }
}
