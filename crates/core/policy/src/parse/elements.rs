//! Principals, actions, resources and conditions of a statement.

use super::Reader;
use crate::{
    arn::ArnPattern,
    codes,
    condition::{Condition, ConditionError, Operator},
    json::{Member, Node, Range, Value},
    policy::{ActionPattern, Actions, Effect, PolicyKind, Resources, Version},
    principal::{Named, PrincipalElement},
};

impl Reader<'_> {
    pub(super) fn principal(&mut self, node: &Node, negated: bool) -> Option<PrincipalElement> {
        let mut named = Vec::new();
        match &node.value {
            Value::Unknown => {}
            Value::String(text) if text == "*" => named.push(Named::Everyone),
            Value::Object(members) => {
                self.repeated(members);
                for member in members {
                    for (text, range) in self.texts(&member.node, &member.key) {
                        named.extend(self.named(&member.key, text, range));
                    }
                    if !matches!(member.key.as_str(), "AWS" | "Service" | "Federated" | "CanonicalUser") {
                        let message = format!("`{}` is no type of principal", member.key);
                        let help = "use AWS, Service, Federated or CanonicalUser";
                        self.error_help(codes::PRINCIPAL, member.key_range, message, help);
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                let help = "write `\"*\"` or an object such as `{\"AWS\": \"111122223333\"}`";
                self.error_help(codes::PRINCIPAL, node.range, "this names no principal".to_owned(), help);
            }
        }
        (!named.is_empty()).then(|| PrincipalElement { negated, named: named.into() })
    }

    fn named(&mut self, kind: &str, text: &str, range: Range) -> Option<Named> {
        match kind {
            "AWS" => {
                let named = Named::aws(text);
                if named.is_none() {
                    let help = "name an account, user, role or session; wildcards inside ARNs are not allowed here, \
                        compare `aws:PrincipalArn` in a condition instead";
                    self.error_help(codes::PRINCIPAL, range, format!("`{text}` is no AWS principal"), help);
                }
                named
            }
            "Service" if text == "*" || text.contains('.') => Some(Named::Service(text.into())),
            "Service" => {
                let help = "write the service's domain, such as `lambda.amazonaws.com`";
                self.error_help(codes::PRINCIPAL, range, format!("`{text}` is no service principal"), help);
                None
            }
            "Federated" if text == "*" => Some(Named::Everyone),
            "Federated" => Some(Named::Federated(text.into())),
            _ => Some(Named::Nobody),
        }
    }

    pub(super) fn actions(&mut self, node: &Node, negated: bool) -> Option<Actions> {
        let element = if negated { "NotAction" } else { "Action" };
        let texts = self.texts(node, element);
        let patterns: Vec<_> = texts.into_iter().filter_map(|(text, range)| self.action(text, range)).collect();
        (!patterns.is_empty()).then(|| Actions { negated, patterns: patterns.into() })
    }

    fn action(&mut self, text: &str, range: Range) -> Option<ActionPattern> {
        let read = ActionPattern::read(text);
        if read.is_none() {
            let help = "write `service:Name`, such as `s3:GetObject`, or `*`";
            self.error_help(codes::ACTION, range, format!("`{text}` is no action"), help);
        }
        read
    }

    pub(super) fn resources(&mut self, node: &Node, negated: bool) -> Option<Resources> {
        let element = if negated { "NotResource" } else { "Resource" };
        let variables = self.version == Version::V2012;
        let mut patterns = Vec::new();
        for (text, range) in self.texts(node, element) {
            self.check_variables(text, range);
            patterns.extend(self.resource(text, range, variables));
        }
        match (negated, patterns.contains(&ArnPattern::Anything)) {
            _ if patterns.is_empty() => None,
            (false, true) => Some(Resources::Everything),
            (false, false) => Some(Resources::Only(patterns.into())),
            (true, _) => Some(Resources::Except(patterns.into())),
        }
    }

    fn resource(&mut self, text: &str, range: Range, variables: bool) -> Option<ArnPattern> {
        let is_arn = text.starts_with("arn:") || text.starts_with("${") && variables;
        let is_everything = !text.is_empty() && text.chars().all(|sign| sign == '*');
        if !is_arn && !is_everything {
            let help = "write an ARN, such as `arn:aws:s3:::bucket/*`, or `*`";
            self.error_help(codes::RESOURCE, range, format!("`{text}` is neither an ARN nor `*`"), help);
            return None;
        }
        if is_arn && text.matches(':').count() < 5 {
            let message = format!("`{text}` leaves out parts of the ARN; they match anything");
            self.warning(codes::RESOURCE, range, message, "write all six parts");
        }
        Some(ArnPattern::resource(text, variables))
    }

    pub(super) fn conditions(&mut self, node: &Node) -> Vec<Condition> {
        if matches!(node.value, Value::Unknown) {
            return Vec::new();
        }
        let Value::Object(operators) = &node.value else {
            self.error(codes::WRONG_KIND, node.range, format!("`Condition` is an object, not {}", node.value.kind()));
            return Vec::new();
        };
        let mut conditions = Vec::new();
        self.repeated(operators);
        for member in operators {
            let Some(operator) = Operator::parse(&member.key) else {
                let message = format!("there is no condition operator `{}`", member.key);
                let help = "use an operator of IAM, such as StringEquals, ArnLike or Bool";
                self.error_help(codes::OPERATOR, member.key_range, message, help);
                continue;
            };
            if matches!(member.node.value, Value::Unknown) {
                continue;
            }
            let Value::Object(keys) = &member.node.value else {
                let message = format!("`{}` holds an object of keys, not {}", member.key, member.node.value.kind());
                self.error(codes::WRONG_KIND, member.node.range, message);
                continue;
            };
            self.repeated(keys);
            for key in keys {
                self.check_key(&key.key, key.key_range);
                conditions.push(self.condition(operator, &member.key, &key.key, &key.node));
            }
        }
        conditions
    }

    /// Reports members that are there twice: readers of JSON differ in which of them counts.
    fn repeated(&mut self, members: &[Member]) {
        for (index, member) in members.iter().enumerate() {
            if members.iter().take(index).any(|earlier| earlier.key == member.key) {
                self.error(codes::REPEATED_ELEMENT, member.key_range, format!("`{}` is there twice", member.key));
            }
        }
    }

    fn condition(&mut self, operator: Operator, operator_name: &str, key: &str, node: &Node) -> Condition {
        let mut values: Vec<(&str, Range)> = Vec::new();
        let items = match &node.value {
            Value::Array(items) => items.iter().collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) | Value::Unknown => {
                vec![node]
            }
        };
        for item in items {
            match &item.value {
                Value::String(text) | Value::Number(text) => values.push((text, item.range)),
                Value::Bool(true) => values.push(("true", item.range)),
                Value::Bool(false) => values.push(("false", item.range)),
                Value::Unknown => {}
                Value::Null | Value::Array(_) | Value::Object(_) => {
                    let message = format!("a condition's value is a string, not {}", item.value.kind());
                    self.error(codes::WRONG_KIND, item.range, message);
                }
            }
        }
        for (text, range) in &values {
            self.check_variables(text, *range);
        }
        let texts: Vec<&str> = values.iter().map(|(text, _)| *text).collect();
        let (condition, error) = Condition::new(operator, key, &texts, self.version == Version::V2012);
        if let Some(ConditionError { wanted, wrong }) = error {
            for (text, range) in wrong.iter().filter_map(|index| values.get(*index)) {
                let message = format!("`{operator_name}` compares {wanted}; `{text}` matches nothing");
                self.warning(codes::CONDITION_VALUE, *range, message, "correct the value");
            }
        }
        condition
    }

    fn check_key(&mut self, key: &str, range: Range) {
        let good = key.split_once(':').is_some_and(|(prefix, name)| {
            !prefix.is_empty() && !name.is_empty() && !prefix.contains(|sign: char| sign.is_whitespace())
        });
        if !good {
            let message = format!("`{key}` is no condition key");
            self.error_help(codes::CONDITION_KEY, range, message, "write `prefix:Name`, such as `aws:PrincipalOrgID`");
        }
    }

    /// Reports `${...}` that will not be replaced.
    fn check_variables(&mut self, text: &str, range: Range) {
        let Some((_, after)) = text.split_once("${") else { return };
        if self.version == Version::V2008 {
            let message = format!("`{text}` has a policy variable, which this version takes literally");
            self.warning(codes::VARIABLE, range, message, "write `\"Version\": \"2012-10-17\"`");
        } else if !after.contains('}') {
            self.warning(codes::VARIABLE, range, format!("a `}}` is missing in `{text}`"), "close the variable");
        }
    }

    /// What Organizations asks of its policies beyond their elements.
    pub(super) fn check_organization_rules(
        &mut self,
        effect: Effect,
        principal: &Option<PrincipalElement>,
        actions: &Actions,
        resources: &Resources,
        range: Range,
    ) {
        if self.kind != PolicyKind::ResourceControl {
            return;
        }
        let everyone = principal.as_ref().is_none_or(|element| !element.negated && *element.named == [Named::Everyone]);
        if !everyone {
            let help = "write `\"Principal\": \"*\"` and name principals in a condition";
            self.error_help(
                codes::PRINCIPAL,
                range,
                "a resource control policy speaks of every principal".into(),
                help,
            );
        }
        if actions.negated {
            let help = "list the actions with `Action`";
            self.error_help(
                codes::FORBIDDEN_ELEMENT,
                range,
                "a resource control policy has no `NotAction`".into(),
                help,
            );
        }
        let all = actions.patterns.iter().any(|pattern| pattern.service.is_none() && pattern.name.is_anything());
        let is_full_access = effect == Effect::Allow && all && *resources == Resources::Everything;
        if effect == Effect::Allow && !is_full_access {
            let help = "deny what must not be; RCPFullAWSAccess allows the rest";
            self.error_help(codes::EFFECT, range, "a resource control policy can only deny".to_owned(), help);
        } else if effect == Effect::Deny && all {
            let help = "list the services, such as `s3:*`";
            self.warning(
                codes::ACTION,
                range,
                "AWS takes no `*` as the action of a resource control policy".into(),
                help,
            );
        }
    }
}
