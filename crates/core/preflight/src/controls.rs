//! The organization's policies as they will be when stacks are made: what was seen, and what the plan changes first.
//!
//! The policies of a unit are compiled once and serve every account below it. Nodes that have nothing but
//! `FullAWSAccess` are left out of the paths: they decide nothing, and accounts whose paths differ only in them are
//! alike.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use stackfleet_base::{Sources, Span};
use stackfleet_organization::tree::{Node, ancestors};
use stackfleet_plan::{
    Action, Observed, Plan, guard,
    observed::{ObservedOrganization, ObservedPolicy},
    plan::{AccountRef, PolicyTarget},
};
use stackfleet_policy::{Level, Origin, Policy, PolicyKind, PolicyPath, PolicySet};
use stackfleet_project::{Project, model::PolicyFile};

const FULL_ACCESS: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

/// The policies of one kind, by where they are attached. Accounts go by their ids, those to be made by their names.
#[derive(Debug, Default)]
pub(crate) struct Controls {
    levels: BTreeMap<Node, Arc<Level>>,
    /// Paths that were asked for, each once.
    paths: Vec<PolicyPath>,
    known: BTreeMap<Vec<Node>, usize>,
}

impl Controls {
    /// Returns the service control policies.
    pub(crate) fn service(project: &Project, sources: &Sources, plan: &Plan, observed: &Observed) -> Self {
        let seen = observed.organization.as_ref();
        let switched_on = plan.steps.iter().any(|step| step.action == Action::EnableServiceControlPolicies);
        if !switched_on && !seen.is_some_and(|seen| seen.service_control_policies) {
            return Self::default();
        }
        let mut contents: BTreeMap<String, String> = BTreeMap::new();
        let mut attached: BTreeMap<Node, BTreeSet<String>> = BTreeMap::new();
        let mut bare = BTreeSet::new();
        if let Some(seen) = seen.filter(|_| !switched_on) {
            attach(&mut contents, &mut attached, &seen.policies, seen);
            bare = seen.full_access_detached.iter().filter_map(|id| node(id, seen)).collect();
        }
        for step in &plan.steps {
            change(&step.action, &mut contents, &mut attached);
        }
        let files = files(project);
        let read = |name: &String| {
            let content = contents.get(name)?;
            let file = files.iter().find(|file| file.name == *name && same(&file.content, content));
            let source = file.and_then(|file| Some((file.file, &sources.get(file.file)?.text)));
            let policy = match source {
                Some((file, text)) => {
                    Policy::read(PolicyKind::ServiceControl, name, text, Some(Origin { file, offset: 0 })).0
                }
                None => Policy::parse(PolicyKind::ServiceControl, name, content).ok(),
            };
            policy.map(Arc::new)
        };
        let policies: BTreeMap<String, Arc<Policy>> =
            contents.keys().filter_map(|name| Some((name.clone(), read(name)?))).collect();
        let full = Policy::parse(PolicyKind::ServiceControl, "FullAWSAccess", FULL_ACCESS).map(Arc::new).ok();
        Self::of(&attached, &policies, plan, |node| full.clone().filter(|_| !bare.contains(node)))
    }

    /// Returns the resource control policies. No plan changes them.
    pub(crate) fn resource(plan: &Plan, observed: &Observed) -> Self {
        let Some(seen) = &observed.organization else { return Self::default() };
        let (mut contents, mut attached) = (BTreeMap::new(), BTreeMap::new());
        attach(&mut contents, &mut attached, &seen.resource_control_policies, seen);
        let read = |(name, content): (&String, &String)| {
            let policy = Policy::parse(PolicyKind::ResourceControl, name, content).ok()?;
            Some((name.clone(), Arc::new(policy)))
        };
        let policies = contents.iter().filter_map(read).collect();
        Self::of(&attached, &policies, plan, |_| None)
    }

    fn of(
        attached: &BTreeMap<Node, BTreeSet<String>>,
        policies: &BTreeMap<String, Arc<Policy>>,
        plan: &Plan,
        full: impl Fn(&Node) -> Option<Arc<Policy>>,
    ) -> Self {
        let level = |(node, names): (&Node, &BTreeSet<String>)| {
            let own = names.iter().filter_map(|name| policies.get(name).cloned());
            let policies = own.chain(full(node)).collect();
            let level = Level { place: place(node, plan).into(), policies: PolicySet::new(policies) };
            (node.clone(), Arc::new(level))
        };
        let levels = attached.iter().filter(|(_, names)| !names.is_empty()).map(level).collect();
        Self { levels, ..Self::default() }
    }

    /// Returns the number of the path that binds an account.
    pub(crate) fn path_of(&mut self, account: &AccountRef, unit: &str) -> usize {
        let above = std::iter::once(Node::Root).chain(ancestors(unit).map(|path| Node::Unit(path.to_owned())));
        let nodes = above.chain([account_node(account)]);
        let nodes: Vec<Node> = nodes.filter(|node| self.levels.contains_key(node)).collect();
        if let Some(known) = self.known.get(&nodes) {
            return *known;
        }
        let levels = nodes.iter().filter_map(|node| self.levels.get(node).cloned()).collect();
        self.paths.push(PolicyPath::new(levels));
        self.known.insert(nodes, self.paths.len() - 1);
        self.paths.len() - 1
    }

    /// Returns a path by its number.
    pub(crate) fn path(&self, number: usize) -> Option<&PolicyPath> {
        self.paths.get(number)
    }

    /// Returns the nodes that a policy is attached to.
    pub(crate) fn attached(&self, policy: &str) -> impl Iterator<Item = &Node> {
        let has = move |level: &Arc<Level>| level.policies.policies().iter().any(|own| own.name() == policy);
        self.levels.iter().filter(move |(_, level)| has(level)).map(|(node, _)| node)
    }

    /// Returns every policy, some several times.
    pub(crate) fn policies(&self) -> impl Iterator<Item = &Arc<Policy>> {
        self.levels.values().flat_map(|level| level.policies.policies())
    }

    /// Returns the nodes that have policies of their own with the number of all their policies.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = (&Node, usize)> {
        self.levels.iter().map(|(node, level)| (node, level.policies.policies().len()))
    }
}

fn attach(
    contents: &mut BTreeMap<String, String>,
    attached: &mut BTreeMap<Node, BTreeSet<String>>,
    policies: &BTreeMap<String, ObservedPolicy>,
    seen: &ObservedOrganization,
) {
    for (name, policy) in policies {
        contents.insert(name.clone(), policy.content.clone());
        for node in policy.targets.iter().filter_map(|id| node(id, seen)) {
            attached.entry(node).or_default().insert(name.clone());
        }
    }
}

fn node(id: &str, seen: &ObservedOrganization) -> Option<Node> {
    if id == seen.root {
        return Some(Node::Root);
    }
    if let Some((path, _)) = seen.units.iter().find(|(_, unit)| unit.id == id) {
        return Some(Node::Unit(path.clone()));
    }
    Some(Node::Account(id.to_owned()))
}

fn account_node(account: &AccountRef) -> Node {
    Node::Account(account.id.as_ref().map_or_else(|| account.name.clone(), ToString::to_string))
}

/// Returns how people call a node.
pub(crate) fn place(node: &Node, plan: &Plan) -> String {
    let Node::Account(id) = node else { return node.to_string() };
    let named = plan.cells.iter().find(|cell| cell.account.id.as_ref().is_some_and(|own| own.as_str() == id));
    Node::Account(named.map_or_else(|| id.clone(), |cell| cell.account.name.clone())).to_string()
}

fn change(action: &Action, contents: &mut BTreeMap<String, String>, attached: &mut BTreeMap<Node, BTreeSet<String>>) {
    let node = |target: &PolicyTarget| match target {
        PolicyTarget::Root => Node::Root,
        PolicyTarget::Unit(path) => Node::Unit(path.clone()),
        PolicyTarget::Account(account) => account_node(account),
    };
    match action {
        Action::CreatePolicy { name, content, .. } | Action::UpdatePolicy { name, content } => {
            contents.insert(name.clone(), content.clone());
        }
        Action::AttachPolicy { policy, target } => {
            attached.entry(node(target)).or_default().insert(policy.clone());
        }
        Action::DetachPolicy { policy, target } => {
            if let Some(policies) = attached.get_mut(&node(target)) {
                policies.remove(policy);
            }
        }
        Action::CreateOrganization
        | Action::EnableServiceControlPolicies
        | Action::ActivateStackSetsAccess
        | Action::CreateUnit { .. }
        | Action::CreateAccount { .. }
        | Action::MoveAccount { .. }
        | Action::TagAccount { .. }
        | Action::PutAdministrationRole { .. }
        | Action::PutBucket { .. }
        | Action::UploadArtifact { .. }
        | Action::CreateStackSet { .. }
        | Action::UpdateStackSet { .. }
        | Action::SetAutoDeployment { .. }
        | Action::CreateInstances { .. }
        | Action::UpdateInstances { .. }
        | Action::FollowOperation { .. } => {}
    }
}

fn same(one: &str, other: &str) -> bool {
    let parsed = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    one == other || parsed(one).is_some_and(|one| Some(one) == parsed(other))
}

/// Returns the policy files of a project.
pub(crate) fn files(project: &Project) -> Vec<&PolicyFile> {
    let Some(organization) = &project.organization else { return Vec::new() };
    let units = organization.all_units();
    let of_units = units.iter().flat_map(|unit| &unit.policies);
    let of_accounts = units.iter().flat_map(|unit| &unit.accounts).flat_map(|account| &account.policies);
    organization.policies.iter().chain(of_units).chain(of_accounts).collect()
}

/// Returns where the generated policy of regions is declared.
pub(crate) fn guard_span(project: &Project, policy: &str) -> Option<Span> {
    let organization = project.organization.as_ref().filter(|_| policy == guard::NAME)?;
    organization.regions.first().map(|region| region.span)
}
