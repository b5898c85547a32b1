//! AWS's own managed policies, as far as the twin has them.
//!
//! Documents are those of the "AWS managed policy reference guide" (2026), with two exceptions that are said where
//! they stand: `ReadOnlyAccess` has only the part about services of the twin.

use std::sync::{Arc, LazyLock};

use stackfleet_base::{Digest, Timestamp};

use crate::document::Document;

pub(crate) const ADMINISTRATOR: &str = "arn:aws:iam::aws:policy/AdministratorAccess";
pub(crate) const ORGANIZATIONS_TRUST: &str =
    "arn:aws:iam::aws:policy/aws-service-role/AWSOrganizationsServiceTrustPolicy";
pub(crate) const STACKSETS_ADMIN: &str =
    "arn:aws:iam::aws:policy/aws-service-role/CloudFormationStackSetsOrgAdminServiceRolePolicy";
pub(crate) const STACKSETS_MEMBER: &str =
    "arn:aws:iam::aws:policy/aws-service-role/CloudFormationStackSetsOrgMemberServiceRolePolicy";

/// When the policies are said to have been made: 2015-02-06, the day on which AWS made the first ones.
pub(crate) const CREATED: Timestamp = Timestamp::from_millis(1_423_246_740_000);

/// A policy of AWS: the part of the ARN after `policy/`, and its statements.
pub(crate) struct Entry {
    name: &'static str,
    statements: &'static str,
}

const fn entry_of(name: &'static str, statements: &'static str) -> Entry {
    Entry { name, statements }
}

const ALL: [Entry; 22] = [
    entry_of("AdministratorAccess", r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#),
    entry_of(
        "PowerUserAccess",
        r#"{"Effect":"Allow","NotAction":["iam:*","organizations:*","account:*"],"Resource":"*"},
           {"Effect":"Allow","Action":["account:GetAccountInformation","account:GetGovCloudAccountInformation","account:GetPrimaryEmail","account:ListRegions","iam:CreateServiceLinkedRole","iam:DeleteServiceLinkedRole","iam:ListRoles","organizations:DescribeEffectivePolicy","organizations:DescribeOrganization"],"Resource":"*"}"#,
    ),
    // Only the part about services of the twin; the real one names hundreds of services.
    entry_of(
        "ReadOnlyAccess",
        r#"{"Sid":"ReadOnlyActions","Effect":"Allow","Action":["account:GetAccountInformation","account:GetAlternateContact","account:GetChallengeQuestions","account:GetContactInformation","account:GetRegionOptStatus","account:ListRegions","cloudformation:Describe*","cloudformation:Detect*","cloudformation:Estimate*","cloudformation:Get*","cloudformation:List*","cloudformation:ValidateTemplate","events:Describe*","events:List*","events:Test*","iam:Generate*","iam:Get*","iam:List*","iam:Simulate*","lambda:Get*","lambda:List*","logs:Describe*","logs:FilterLogEvents","logs:Get*","logs:ListTagsForResource","logs:ListTagsLogGroup","logs:StartQuery","logs:StopQuery","logs:TestMetricFilter","organizations:Describe*","organizations:List*","s3:DescribeJob","s3:Get*","s3:List*","sns:Check*","sns:Get*","sns:List*","ssm:Describe*","ssm:Get*","ssm:List*","sts:GetAccessKeyInfo","sts:GetCallerIdentity","sts:GetSessionToken"],"Resource":"*"}"#,
    ),
    entry_of(
        "IAMFullAccess",
        r#"{"Effect":"Allow","Action":["iam:*","organizations:DescribeAccount","organizations:DescribeOrganization","organizations:DescribeOrganizationalUnit","organizations:DescribePolicy","organizations:ListChildren","organizations:ListParents","organizations:ListPoliciesForTarget","organizations:ListRoots","organizations:ListPolicies","organizations:ListTargetsForPolicy"],"Resource":"*"}"#,
    ),
    entry_of(
        "IAMReadOnlyAccess",
        r#"{"Effect":"Allow","Action":["iam:GenerateCredentialReport","iam:GenerateServiceLastAccessedDetails","iam:Get*","iam:List*","iam:SimulateCustomPolicy","iam:SimulatePrincipalPolicy"],"Resource":"*"}"#,
    ),
    entry_of("AmazonS3FullAccess", r#"{"Effect":"Allow","Action":["s3:*","s3-object-lambda:*"],"Resource":"*"}"#),
    entry_of(
        "AmazonS3ReadOnlyAccess",
        r#"{"Effect":"Allow","Action":["s3:Get*","s3:List*","s3:Describe*","s3-object-lambda:Get*","s3-object-lambda:List*"],"Resource":"*"}"#,
    ),
    entry_of("AmazonSNSFullAccess", r#"{"Sid":"SNSFullAccess","Effect":"Allow","Action":"sns:*","Resource":"*"}"#),
    entry_of(
        "AmazonSNSReadOnlyAccess",
        r#"{"Effect":"Allow","Action":["sns:GetTopicAttributes","sns:List*","sns:CheckIfPhoneNumberIsOptedOut","sns:GetEndpointAttributes","sns:GetDataProtectionPolicy","sns:GetPlatformApplicationAttributes","sns:GetSMSAttributes","sns:GetSMSSandboxAccountStatus","sns:GetSubscriptionAttributes"],"Resource":"*"}"#,
    ),
    entry_of(
        "AmazonSSMReadOnlyAccess",
        r#"{"Effect":"Allow","Action":["ssm:Describe*","ssm:Get*","ssm:List*"],"Resource":"*"}"#,
    ),
    entry_of(
        "AmazonEventBridgeFullAccess",
        r#"{"Sid":"EventBridgeActions","Effect":"Allow","Action":["events:*","schemas:*","scheduler:*","pipes:*"],"Resource":"*"},{"Sid":"IAMCreateServiceLinkedRoleForApiDestinations","Effect":"Allow","Action":"iam:CreateServiceLinkedRole","Resource":"arn:aws:iam::*:role/aws-service-role/AmazonEventBridgeApiDestinationsServiceRolePolicy","Condition":{"StringEquals":{"iam:AWSServiceName":"apidestinations.events.amazonaws.com"}}},{"Sid":"IAMPassRoleAccessForEventBridge","Effect":"Allow","Action":"iam:PassRole","Resource":"arn:aws:iam::*:role/*","Condition":{"StringLike":{"iam:PassedToService":"events.amazonaws.com"}}}"#,
    ),
    entry_of("AWSCloudFormationFullAccess", r#"{"Effect":"Allow","Action":["cloudformation:*"],"Resource":"*"}"#),
    entry_of(
        "AWSCloudFormationReadOnlyAccess",
        r#"{"Effect":"Allow","Action":["cloudformation:Describe*","cloudformation:EstimateTemplateCost","cloudformation:Get*","cloudformation:List*","cloudformation:ValidateTemplate","cloudformation:Detect*"],"Resource":"*"}"#,
    ),
    entry_of(
        "CloudWatchLogsFullAccess",
        r#"{"Sid":"CloudWatchLogsFullAccess","Effect":"Allow","Action":["logs:*","cloudwatch:GenerateQuery","cloudwatch:GenerateQueryResultsSummary"],"Resource":"*"}"#,
    ),
    entry_of(
        "CloudWatchLogsReadOnlyAccess",
        r#"{"Effect":"Allow","Action":["logs:Describe*","logs:Get*","logs:List*","logs:StartQuery","logs:StopQuery","logs:TestMetricFilter","logs:FilterLogEvents","logs:StartLiveTail","logs:StopLiveTail","cloudwatch:GenerateQuery"],"Resource":"*"}"#,
    ),
    entry_of(
        "AWSOrganizationsReadOnlyAccess",
        r#"{"Sid":"AWSOrganizationsReadOnly","Effect":"Allow","Action":["organizations:Describe*","organizations:List*"],"Resource":"*"},{"Sid":"AWSOrganizationsReadOnlyAccount","Effect":"Allow","Action":["account:GetAlternateContact","account:GetContactInformation","account:ListRegions","account:GetRegionOptStatus","account:GetPrimaryEmail"],"Resource":"*"}"#,
    ),
    entry_of(
        "service-role/AWSLambdaBasicExecutionRole",
        r#"{"Effect":"Allow","Action":["logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents"],"Resource":"*"}"#,
    ),
    entry_of("service-role/AWSLambdaRole", r#"{"Effect":"Allow","Action":["lambda:InvokeFunction"],"Resource":["*"]}"#),
    entry_of(
        "AWSXRayDaemonWriteAccess",
        r#"{"Effect":"Allow","Action":["xray:PutTraceSegments","xray:PutTelemetryRecords","xray:GetSamplingRules","xray:GetSamplingTargets","xray:GetSamplingStatisticSummaries"],"Resource":["*"]}"#,
    ),
    entry_of(
        "aws-service-role/AWSOrganizationsServiceTrustPolicy",
        r#"{"Sid":"AllowDeletionOfServiceLinkedRoleForOrganizations","Effect":"Allow","Action":["iam:DeleteRole"],"Resource":["arn:aws:iam::*:role/aws-service-role/organizations.amazonaws.com/*"]},{"Sid":"AllowCreationOfServiceLinkedRoles","Effect":"Allow","Action":["iam:CreateServiceLinkedRole"],"Resource":"*"}"#,
    ),
    entry_of(
        "aws-service-role/CloudFormationStackSetsOrgAdminServiceRolePolicy",
        r#"{"Sid":"AllowsAWSOrganizationsReadAPIs","Effect":"Allow","Action":["organizations:List*","organizations:Describe*"],"Resource":"*"},{"Sid":"AllowAssumeRoleInMemberAccounts","Effect":"Allow","Action":"sts:AssumeRole","Resource":"arn:aws:iam::*:role/stacksets-exec-*"}"#,
    ),
    entry_of(
        "aws-service-role/CloudFormationStackSetsOrgMemberServiceRolePolicy",
        r#"{"Effect":"Allow","Action":["iam:CreateRole","iam:DeleteRole","iam:GetRole"],"Resource":["arn:aws:iam::*:role/stacksets-exec-*"]},{"Effect":"Allow","Action":["iam:DetachRolePolicy","iam:AttachRolePolicy"],"Resource":["arn:aws:iam::*:role/stacksets-exec-*"],"Condition":{"StringEquals":{"iam:PolicyARN":"arn:aws:iam::aws:policy/AdministratorAccess"}}}"#,
    ),
];

/// The compiled documents in the order of [`ALL`].
static DOCUMENTS: LazyLock<Vec<Option<Document>>> = LazyLock::new(|| {
    let text = |entry: &Entry| {
        let statements = format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, entry.statements);
        let pretty = serde_json::from_str::<serde_json::Value>(&statements);
        pretty.and_then(|value| serde_json::to_string_pretty(&value)).unwrap_or(statements)
    };
    ALL.iter().map(|entry| Document::identity(&text(entry)).ok()).collect()
});

impl Entry {
    /// Returns an id that looks like one of AWS's and is the same in every world.
    pub(crate) fn id(&self) -> String {
        let digest: Arc<str> = Digest::of(self.name).to_string().to_uppercase().into();
        format!("ANPA{}", digest.get(..17).unwrap_or_default())
    }
}

/// Returns the ARNs of all.
pub(crate) fn arns() -> impl Iterator<Item = String> {
    ALL.iter().map(|entry| format!("arn:aws:iam::aws:policy/{}", entry.name))
}

/// Returns the policy with this ARN.
pub(crate) fn entry(arn: &str) -> Option<&'static Entry> {
    let name = arn.strip_prefix("arn:aws:iam::aws:policy/")?;
    ALL.iter().find(|entry| entry.name == name)
}

/// Returns the document of the policy with this ARN.
pub(crate) fn document(arn: &str) -> Option<Document> {
    let name = arn.strip_prefix("arn:aws:iam::aws:policy/")?;
    let index = ALL.iter().position(|entry| entry.name == name)?;
    DOCUMENTS.get(index)?.clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_them_are_accepted() {
        let broken: Vec<String> = arns().filter(|arn| document(arn).is_none()).collect();
        assert_eq!(broken, Vec::<String>::new());
    }
}
