//! Which statement of the project's own policies stands behind a refusal.
//!
//! AWS names the kind of policy that denied a call, never the policy. Where the project declares the service control
//! policies, the same decision is made again with them, and the deciding statement has a file and a line.

use std::sync::Arc;

use stackfleet_base::{Region, Sources};
use stackfleet_organization::tree::{Account, Node, Tree};
use stackfleet_plan::guard;
use stackfleet_policy::{
    Context, Decision, Layer, Layers, Level, Origin, Policy, PolicyKind, PolicyPath, PolicySet, Principal, Request,
    decide,
};
use stackfleet_project::{FILE_NAME, Project, model::PolicyFile};
use stackfleet_rollout::Problem;

/// Fills in the places of problems that a service control policy of the project caused.
pub(crate) fn name_places(problems: &mut [Problem], project: &Project, sources: &Sources) {
    let Some(organization) = &project.organization else { return };
    let tree = organization.tree();
    for problem in problems.iter_mut().filter(|problem| problem.place.is_none()) {
        let denied = problem.denial.as_ref().is_some_and(|denial| denial.service_control_policy);
        let Some((account, region)) = problem
            .names
            .first()
            .and_then(|name| Some((tree.account(&name.account.name)?, &name.region)))
            .filter(|_| denied)
        else {
            continue;
        };
        if let Some(refused) = Refused::read(&problem.example) {
            problem.place = place(&refused, account, region, project, &tree, sources);
        }
    }
}

/// What AWS's text says was refused.
struct Refused<'a> {
    principal: &'a str,
    action: &'a str,
    resource: &'a str,
}

impl<'a> Refused<'a> {
    /// Reads `User: P is not authorized to perform: A on resource: R with an explicit deny in ...`.
    fn read(text: &'a str) -> Option<Self> {
        let (_, text) = text.split_once("User: ")?;
        let (principal, text) = text.split_once(" is not authorized to perform: ")?;
        let (action, text) = text.split_once(char::is_whitespace)?;
        let resource = text.strip_prefix("on resource: ").and_then(|rest| rest.split_whitespace().next());
        Some(Self { principal, action, resource: resource.unwrap_or("*") })
    }
}

fn place(
    refused: &Refused<'_>,
    account: &Account,
    region: &Region,
    project: &Project,
    tree: &Tree,
    sources: &Sources,
) -> Option<String> {
    let path = path(account, project, tree, sources);
    let everything = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    let identity = PolicySet::of(Policy::parse(PolicyKind::Identity, "everything", everything).ok()?);
    let principal = Principal::parse(refused.principal).ok()?;
    let mut context = Context::new();
    principal.describe(&mut context);
    context.set("aws:RequestedRegion", region.as_str());
    let request = Request {
        principal: &principal,
        action: refused.action,
        resource: refused.resource,
        resource_account: None,
        context: &context,
    };
    let layers = Layers { identity: Some(&identity), scps: Some(&path), ..Layers::default() };
    let Decision::ExplicitlyDenied(deciding) = decide(&request, &layers) else { return None };
    if !matches!(deciding.layer, Layer::ServiceControl) {
        return None;
    }
    let statement = deciding.found.statement;
    let named = statement.sid().map(|sid| format!(" ({sid})")).unwrap_or_default();
    match statement.span().and_then(|span| sources.location(span)) {
        Some(at) => Some(format!("{}:{}{named}", at.path, at.line)),
        None => Some(format!("{FILE_NAME}: organization.regions (policy {})", deciding.found.policy.name())),
    }
}

/// The service control policies that the project declares for an account, level by level. `FullAWSAccess` stands
/// beside them at every level, as Organizations attaches it.
fn path(account: &Account, project: &Project, tree: &Tree, sources: &Sources) -> PolicyPath {
    let files = files(project);
    let mut levels: Vec<(String, Vec<Arc<Policy>>)> = Vec::new();
    let mut add = |place: String, policy: Option<Policy>| {
        let Some(policy) = policy.map(Arc::new) else { return };
        match levels.iter_mut().find(|(known, _)| *known == place) {
            Some((_, policies)) => policies.push(policy),
            None => levels.push((place, vec![policy])),
        }
    };
    if let Some(organization) = &project.organization {
        let text = guard::policy(organization.regions.iter().map(|region| &region.value));
        add(Node::Root.to_string(), Policy::parse(PolicyKind::ServiceControl, guard::NAME, &text).ok());
    }
    for (node, name) in tree.policies_of(account) {
        let Some(file) = files.iter().find(|file| file.name == name) else { continue };
        let text = sources.get(file.file).map(|source| Arc::clone(&source.text)).unwrap_or_default();
        let origin = Some(Origin { file: file.file, offset: 0 });
        add(node.to_string(), Policy::read(PolicyKind::ServiceControl, name, &text, origin).0);
    }
    let full = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    let full = Policy::parse(PolicyKind::ServiceControl, "FullAWSAccess", full).map(Arc::new).ok();
    let level = |(place, mut policies): (String, Vec<Arc<Policy>>)| {
        policies.extend(full.clone());
        Arc::new(Level { place: place.into(), policies: PolicySet::new(policies) })
    };
    PolicyPath::new(levels.into_iter().map(level).collect())
}

fn files(project: &Project) -> Vec<&PolicyFile> {
    let Some(organization) = &project.organization else { return Vec::new() };
    let units = organization.all_units();
    let of_units = units.iter().flat_map(|unit| &unit.policies);
    let of_accounts = units.iter().flat_map(|unit| &unit.accounts).flat_map(|account| &account.policies);
    organization.policies.iter().chain(of_units).chain(of_accounts).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_read_from_awss_words() {
        let text = "Resource handler returned message: \"User: arn:aws:sts::111122223333:assumed-role/r/s is not \
                    authorized to perform: lambda:TagResource on resource: arn:aws:lambda:eu-west-1:1:function:f with \
                    an explicit deny in a service control policy\"";
        let refused = Refused::read(text).unwrap();
        assert_eq!(refused.principal, "arn:aws:sts::111122223333:assumed-role/r/s");
        assert_eq!((refused.action, refused.resource), ("lambda:TagResource", "arn:aws:lambda:eu-west-1:1:function:f"));
        assert!(Refused::read("Rate exceeded").is_none());
    }
}
