//! Resource policies of APIs: who may call from where, method by method.

use super::{ANY_METHOD, POLICY, Swagger, is_method, is_parameter, path_with_wildcards};
use crate::error::{Fault, Result};
use crate::node::{Map, Node, Text, map};

impl Swagger {
    /// Adds the statements that `policy` asks for on one path.
    pub(crate) fn add_resource_policy(&mut self, policy: &Map, path: &str, stage: Option<&Node>) -> Result<()> {
        let list = |key: &str| policy.truthy(key).map(as_list);
        let resources = self.method_resources(path, stage)?;
        if let Some(accounts) = list("AwsAccountWhitelist") {
            self.add_account_statement("Allow", accounts, &resources);
        }
        if let Some(accounts) = list("AwsAccountBlacklist") {
            self.add_account_statement("Deny", accounts, &resources);
        }
        for (key, condition) in [("IpRangeWhitelist", "NotIpAddress"), ("IpRangeBlacklist", "IpAddress")] {
            if let Some(ranges) = list(key) {
                let mut inner = Map::hashed();
                inner.insert("aws:SourceIp", ranges);
                self.add_denial(condition, inner, &resources);
            }
        }
        self.add_vpc_statements(policy, &resources)
    }

    fn add_vpc_statements(&mut self, policy: &Map, resources: &Node) -> Result<()> {
        let list = |key: &str| policy.truthy(key).map(as_list).unwrap_or_default();
        for (colour, condition) in [("Blacklist", "StringEquals"), ("Whitelist", "StringNotEquals")] {
            let key = format!("SourceVpc{colour}");
            let (mut networks, mut endpoints) = (Vec::new(), Vec::new());
            for source in list(&key) {
                match source.as_str() {
                    Some(text) if text.starts_with("vpce-") => endpoints.push(source),
                    Some(text) if text.starts_with("vpc-") => networks.push(source),
                    Some(_) => {}
                    None => {
                        return Err(Fault::document(format!(
                            "{key} must be a list of strings. Use IntrinsicVpc{colour} instead for values that use Intrinsic Functions"
                        )));
                    }
                }
            }
            networks.extend(list(&format!("IntrinsicVpc{colour}")));
            endpoints.extend(list(&format!("IntrinsicVpce{colour}")));
            if networks.is_empty() && endpoints.is_empty() {
                continue;
            }
            let mut inner = Map::hashed();
            if !networks.is_empty() {
                inner.insert("aws:SourceVpc", networks);
            }
            if !endpoints.is_empty() {
                inner.insert("aws:SourceVpce", endpoints);
            }
            self.add_denial(condition, inner, resources);
        }
        Ok(())
    }

    fn add_account_statement(&mut self, effect: &str, accounts: Vec<Node>, resources: &Node) {
        let mut principal = Map::hashed();
        principal.insert("AWS", accounts);
        let statement = statement(effect, Node::Map(principal), resources, None);
        // The first statement of all stands alone, not in a list: observed.
        if let Some(policy) = self.policy()
            && policy.present("Statement").is_none()
        {
            policy.insert("Statement", statement);
            return;
        }
        self.add_statements(vec![statement]);
    }

    fn add_denial(&mut self, operator: &str, inner: Map, resources: &Node) {
        let mut condition = Map::hashed();
        condition.insert(operator, inner);
        let allow = statement("Allow", "*".into(), resources, None);
        let deny = statement("Deny", "*".into(), resources, Some(condition));
        self.add_statements(vec![allow, deny]);
    }

    fn policy(&mut self) -> Option<&mut Map> {
        let policy = self.section(POLICY)?;
        policy.insert("Version", "2012-10-17");
        Some(policy)
    }

    fn add_statements(&mut self, made: Vec<Node>) {
        let Some(policy) = self.policy() else { return };
        let mut statements = match policy.get("Statement") {
            None | Some(Node::Null) => Vec::new(),
            Some(Node::List(list)) => list.clone(),
            Some(single) => vec![single.clone()],
        };
        for statement in made {
            if !statements.contains(&statement) {
                statements.push(statement);
            }
        }
        policy.insert("Statement", statements);
    }

    /// Adds the author's own statements as they are.
    pub(crate) fn add_custom_statements(&mut self, custom: &Node) {
        let Some(policy) = self.policy() else { return };
        match policy.get("Statement") {
            None | Some(Node::Null) => policy.insert("Statement", custom),
            Some(existing) => {
                let mut statements = as_list(existing);
                for statement in as_list(custom) {
                    if !statements.contains(&statement) {
                        statements.push(statement);
                    }
                }
                policy.insert("Statement", statements);
            }
        }
    }

    /// The ARNs of all methods of a path, at a stage.
    fn method_resources(&mut self, path: &str, stage: Option<&Node>) -> Result<Node> {
        let mut methods: Vec<Text> = Vec::new();
        for variant in self.needed_path(path)? {
            methods.extend(variant.keys().filter(|name| is_method(name)).cloned());
        }
        let path = path_with_wildcards(path, is_parameter);
        let resources = methods.into_iter().map(|method| {
            let method = if method == ANY_METHOD { "*".to_owned() } else { method.to_uppercase() };
            let text = Text::template(format!("execute-api:/${{__Stage__}}/{method}{path}"));
            let stage = stage.cloned().unwrap_or(Node::Null);
            crate::intrinsics::sub_with(text, map! {"__Stage__" => stage})
        });
        Ok(Node::List(resources.collect()))
    }
}

fn statement(effect: &str, principal: Node, resources: &Node, condition: Option<Map>) -> Node {
    let mut statement = Map::hashed();
    statement.insert("Effect", effect);
    statement.insert("Action", "execute-api:Invoke");
    statement.insert("Resource", resources);
    statement.set("Condition", condition);
    statement.insert("Principal", principal);
    Node::Map(statement)
}

fn as_list(node: &Node) -> Vec<Node> {
    match node {
        Node::List(list) => list.clone(),
        other => vec![other.clone()],
    }
}
