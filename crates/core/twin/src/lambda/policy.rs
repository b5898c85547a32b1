//! The resource policy of a function: statements that `AddPermission` makes.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use stackfleet_api::lambda::AddPermissionInput;

/// One statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Statement {
    pub(crate) id: String,
    action: String,
    pub(crate) principal: String,
    source_arn: Option<String>,
    source_account: Option<String>,
    organization: Option<String>,
}

impl Statement {
    /// Makes a statement from a request.
    pub(crate) fn new(input: AddPermissionInput) -> Self {
        Self {
            id: input.statement_id,
            action: input.action,
            principal: input.principal,
            source_arn: input.source_arn,
            source_account: input.source_account,
            organization: input.principal_org_id,
        }
    }

    /// Returns the statement as a policy document has it.
    pub(crate) fn document(&self, function: &str) -> Value {
        let principal = match self.principal.as_str() {
            "*" => json!("*"),
            account if account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()) => {
                json!({ "AWS": format!("arn:aws:iam::{account}:root") })
            }
            arn if arn.starts_with("arn:") => json!({ "AWS": arn }),
            service => json!({ "Service": service }),
        };
        let mut equal = Map::new();
        if let Some(account) = &self.source_account {
            equal.insert("AWS:SourceAccount".to_owned(), json!(account));
        }
        if let Some(organization) = &self.organization {
            equal.insert("aws:PrincipalOrgID".to_owned(), json!(organization));
        }
        let mut condition = Map::new();
        if !equal.is_empty() {
            condition.insert("StringEquals".to_owned(), Value::Object(equal));
        }
        if let Some(arn) = &self.source_arn {
            condition.insert("ArnLike".to_owned(), json!({ "AWS:SourceArn": arn }));
        }
        let mut statement = json!({
            "Sid": self.id,
            "Effect": "Allow",
            "Principal": principal,
            "Action": self.action,
            "Resource": function,
        });
        if let Some(members) = statement.as_object_mut().filter(|_| !condition.is_empty()) {
            members.insert("Condition".to_owned(), Value::Object(condition));
        }
        statement
    }
}

/// Returns the whole policy of a function.
pub(crate) fn document(statements: &[Statement], function: &str) -> String {
    let statements: Vec<Value> = statements.iter().map(|statement| statement.document(function)).collect();
    json!({ "Version": "2012-10-17", "Id": "default", "Statement": statements }).to_string()
}
