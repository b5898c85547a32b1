//! Everything that rules look at.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use stackfleet_base::AccountId;
use stackfleet_plan::{Action, Observed, Plan, WantedStack};
use stackfleet_policy::{Policy, PolicyKind, PolicySet};
use stackfleet_project::Project;

use crate::{
    controls::Controls,
    judge::Judge,
    roles::{Roles, execution_role},
    survey::{NEW_ORGANIZATION, Survey},
};

/// What is looked at, and what was computed of it once for all rules.
pub(crate) struct World<'a> {
    pub(crate) project: &'a Project,
    pub(crate) plan: &'a Plan,
    pub(crate) observed: &'a Observed,
    pub(crate) survey: Survey<'a>,
    pub(crate) scps: Controls,
    pub(crate) rcps: Controls,
    pub(crate) judge: Judge,
    /// The account of stack sets and artifact buckets.
    pub(crate) management: AccountId,
    /// The organization's id; `None` where there is none and none will be.
    pub(crate) organization: Option<String>,
    /// Execution roles by name.
    pub(crate) roles: BTreeMap<String, Roles>,
    pub(crate) administration: Administration,
    /// Policies of buckets that templates take code from, by the bucket's name.
    pub(crate) buckets: BTreeMap<String, PolicySet>,
    /// Every context key that some policy asks for.
    pub(crate) keys: BTreeSet<String>,
    /// Whether policies ask where in the organization an account is.
    pub(crate) by_unit: bool,
}

/// The administration role as it will be.
#[derive(Debug, Default)]
pub(crate) struct Administration {
    pub(crate) trust: Option<PolicySet>,
    pub(crate) identity: PolicySet,
}

impl<'a> World<'a> {
    pub(crate) fn new(input: &crate::Input<'a>, wanted: &'a [WantedStack]) -> Self {
        let crate::Input { project, sources, plan, observed, .. } = *input;
        let mut scps = Controls::service(project, sources, plan, observed);
        let mut rcps = Controls::resource(plan, observed);
        let documents = documents(observed, plan);
        let texts: Vec<&str> = documents.iter().map(String::as_str).collect();
        let survey = Survey::new(project, plan, observed, wanted, (&mut scps, &mut rcps), &texts);
        let organization = match &observed.organization {
            Some(seen) => Some(seen.id.clone()),
            None => project.organization.as_ref().map(|_| NEW_ORGANIZATION.to_owned()),
        };
        let administration = administration(plan, observed);
        let buckets = buckets(plan, observed, &survey);
        let names: BTreeSet<&str> = survey.stacks.iter().filter_map(execution_role).collect();
        let roles = names.into_iter().map(|name| (name.to_owned(), Roles::named(name, &survey))).collect();
        let management =
            observed.organization.as_ref().map_or(&observed.caller.account, |seen| &seen.management).clone();
        let mut world = Self {
            project,
            plan,
            observed,
            survey,
            scps,
            rcps,
            judge: Judge::new(),
            management,
            organization,
            roles,
            administration,
            buckets,
            keys: BTreeSet::new(),
            by_unit: false,
        };
        world.keys = world.policies().flat_map(|policy| policy.keys().map(str::to_owned).collect::<Vec<_>>()).collect();
        world.by_unit = world.keys.iter().any(|key| key.to_ascii_lowercase().ends_with("orgpaths"));
        world
    }

    /// Returns all policies, some several times.
    fn policies(&self) -> impl Iterator<Item = &Arc<Policy>> {
        let roles = self.roles.values().flat_map(Roles::iter);
        let of_roles = roles.flat_map(|role| {
            let boundary = match &role.boundary {
                Some(crate::roles::Boundary::Known(set)) => set.policies(),
                Some(crate::roles::Boundary::Unknown(_)) | None => &[],
            };
            let trust = role.trust.iter().flat_map(PolicySet::policies);
            role.identity.policies().iter().chain(trust).chain(boundary)
        });
        let administration = self.administration.identity.policies().iter();
        let trust = self.administration.trust.iter().flat_map(PolicySet::policies);
        let buckets = self.buckets.values().flat_map(PolicySet::policies);
        self.scps
            .policies()
            .chain(self.rcps.policies())
            .chain(of_roles)
            .chain(administration)
            .chain(trust)
            .chain(buckets)
    }
}

/// Returns every document outside of templates in which an account may be written by number.
fn documents(observed: &Observed, plan: &Plan) -> Vec<String> {
    let mut documents = vec![observed.caller.account.to_string()];
    if let Some(seen) = &observed.organization {
        documents.push(seen.management.to_string());
        let policies = seen.policies.values().chain(seen.resource_control_policies.values());
        documents.extend(policies.map(|policy| policy.content.clone()));
    }
    for step in &plan.steps {
        if let Action::CreatePolicy { content, .. } | Action::UpdatePolicy { content, .. } = &step.action {
            documents.push(content.clone());
        }
    }
    documents.extend(observed.buckets.values().filter_map(|bucket| bucket.policy.clone()));
    documents
}

fn administration(plan: &Plan, observed: &Observed) -> Administration {
    let mut trust = observed.administration_role.as_ref().map(|role| role.trust.clone());
    let mut inline: Vec<String> =
        observed.administration_role.iter().flat_map(|role| role.inline.values().cloned()).collect();
    for step in &plan.steps {
        if let Action::PutAdministrationRole { trust: planned, policy, .. } = &step.action {
            trust = Some(planned.clone());
            inline.push(policy.clone());
        }
    }
    let name = stackfleet_project::ADMINISTRATION_ROLE;
    let read = |kind, text: &String| Policy::parse(kind, name, text).ok();
    let identity = inline.iter().filter_map(|text| read(PolicyKind::Identity, text)).map(Arc::new).collect();
    let trust = trust.as_ref().and_then(|text| read(PolicyKind::Trust, text)).map(PolicySet::of);
    Administration { trust, identity: PolicySet::new(identity) }
}

fn buckets(plan: &Plan, observed: &Observed, survey: &Survey<'_>) -> BTreeMap<String, PolicySet> {
    let mut texts: BTreeMap<String, String> = BTreeMap::new();
    for bucket in observed.buckets.values() {
        texts.insert(bucket.name.clone(), bucket.policy.clone().unwrap_or_default());
    }
    for step in &plan.steps {
        if let Action::PutBucket { bucket, policy, .. } = &step.action {
            texts.insert(survey.filled(bucket, observed), survey.filled(policy, observed));
        }
    }
    let read = |(name, text): (String, String)| {
        let set = Policy::parse(PolicyKind::Resource, &name, &text).map(PolicySet::of).unwrap_or_default();
        (name, set)
    };
    texts.into_iter().map(read).collect()
}
