//! Decides every call of every stack: into the account, for the stack, for each resource.
//!
//! Cells that are the same stack run by the same role under the same policies are alike and decided once.

use std::{collections::BTreeMap, sync::Arc};

use stackfleet_base::AccountId;
use stackfleet_permissions::{self as permissions, Cell as Site, Grade, Operation, Requirement};
use stackfleet_plan::plan::Change;
use stackfleet_policy::{Context, Layers, PolicySet, Principal};

use crate::{
    judge::{Ask, Caller, Verdict, describe_tags, open_context},
    roles::{Role, execution_role},
    survey::{Opaque, Stack, SurveyedCell, Variant},
    world::World,
};

/// What was decided for cells that are alike.
#[derive(Debug)]
pub(crate) struct Decided {
    pub(crate) entry: Entry,
    /// Calls that are not plainly allowed: resource, action, answer.
    pub(crate) calls: Vec<(Option<String>, String, Verdict)>,
    /// The role's number, of those with its name.
    pub(crate) role: Option<usize>,
}

/// Whether CloudFormation can enter an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Entry {
    /// With a role that AWS makes, or one that lets itself be assumed.
    Open,
    Refused(Vec<crate::judge::Reason>),
    /// It depends.
    Depends(Vec<String>),
    /// No stack of the project makes the role there.
    NoRole,
}

/// What makes cells of one stack alike.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Alike<'a> {
    variant: usize,
    role: Option<usize>,
    scps: usize,
    rcps: usize,
    /// Only where policies ask for it.
    unit: Option<&'a str>,
    /// Nobody makes the role here.
    roleless: bool,
}

/// Decides all cells of a stack that change; returns the answers and which one each cell has.
pub(crate) fn decide_stack<'w>(
    world: &'w World<'_>,
    stack: &'w Stack<'_>,
) -> (Vec<Decided>, Vec<(&'w SurveyedCell, usize)>) {
    let roles = execution_role(stack).and_then(|name| world.roles.get(name));
    let mut known: BTreeMap<Alike<'w>, usize> = BTreeMap::new();
    let (mut decided, mut of_cell) = (Vec::new(), Vec::new());
    let mut needs: BTreeMap<usize, Vec<Requirement>> = BTreeMap::new();
    for cell in stack.changing() {
        let role = roles.and_then(|roles| roles.of(&cell.account));
        let unit = world.plan.cells.get(cell.id.index()).map(|cell| cell.unit.as_str());
        let alike = Alike {
            variant: cell.variant,
            role: role.map(|(number, ..)| number),
            scps: cell.scps,
            rcps: cell.rcps,
            unit: unit.filter(|_| world.by_unit),
            roleless: role.is_none(),
        };
        let number = *known.entry(alike).or_insert_with(|| {
            let Some(variant) = stack.variants.get(cell.variant) else { return usize::MAX };
            let needs = needs.entry(cell.variant).or_insert_with(|| required(variant));
            decided.push(Case { world, stack, cell, variant, unit, role: role.map(|(_, role, _)| role) }.decide(needs));
            if let Some(last) = decided.last_mut() {
                last.role = role.map(|(number, ..)| number);
            }
            decided.len() - 1
        });
        of_cell.push((cell, number));
    }
    (decided, of_cell)
}

/// Returns what the resources of a variant certainly need.
///
/// Removals are left out: they come last, and their failures fail nothing.
fn required(variant: &Variant) -> Vec<Requirement> {
    let (Ok(stack), site) = (&variant.result, &variant.site) else { return Vec::new() };
    let mut needs = match (&variant.before, variant.updates) {
        (_, false) => permissions::required(stack, site, Operation::Create),
        (Some(before), true) => {
            let removals = permissions::required(before, site, Operation::Delete);
            let mut needs = permissions::required(stack, site, Operation::Update { previous: Some(before) });
            needs.retain(|need| !removals.contains(need));
            needs
        }
        // Of a stack that is there and whose content is not known, nobody can tell what will be made.
        (None, true) => Vec::new(),
    };
    needs.retain(|need| need.grade == Grade::Certain);
    needs
}

/// One cell that stands for all that are like it.
struct Case<'w> {
    world: &'w World<'w>,
    stack: &'w Stack<'w>,
    cell: &'w SurveyedCell,
    variant: &'w Variant,
    unit: Option<&'w str>,
    role: Option<&'w Role>,
}

/// What a session of the role that CloudFormation makes in every account is called; AWS draws the number.
const SERVICE_ROLE: &str = "stacksets-exec-0f1e2d3c4b5a69788796a5b4c3d2e1f0";

impl Case<'_> {
    fn site(&self) -> &Site {
        &self.variant.site
    }

    fn partition(&self) -> &'static str {
        self.site().region.partition().as_str()
    }

    fn decide(&self, needs: &[Requirement]) -> Decided {
        let entry = self.entry();
        let mut calls = Vec::new();
        if let Some(caller) = self.caller() {
            let context = self.context(&caller);
            for (action, on) in self.stack_calls() {
                let (mut own, on) = (context.clone(), on);
                self.stack_tags(&mut own);
                let verdict = self.verdict(&caller, action, &on, &own);
                calls.push((None, action.to_owned(), verdict));
            }
            for need in needs {
                let mut own = context.clone();
                for (key, values) in &need.keys {
                    // `*` stands for what only AWS knows.
                    if values.iter().any(|value| value.contains('*')) {
                        own.set_unknown(key);
                    } else {
                        own.set_all(key, values.iter().map(String::as_str));
                    }
                }
                let verdict = self.verdict(&caller, &need.action, &need.example_arn(), &own);
                calls.push((Some(need.resource.clone()), need.action.clone(), verdict));
            }
        }
        calls.retain(|(.., verdict)| *verdict != Verdict::Allowed);
        Decided { entry, calls, role: None }
    }

    /// Whether the administration role may assume the execution role. The roles of service-managed sets are AWS's
    /// own, and what is done before a stack is made runs as service-linked roles, which no policy binds.
    fn entry(&self) -> Entry {
        let Some(name) = execution_role(self.stack) else { return Entry::Open };
        let Some(role) = self.role else { return Entry::NoRole };
        let (partition, management) = (self.partition(), &self.world.management);
        let arn = format!("arn:{partition}:iam::{management}:role/{}", stackfleet_project::ADMINISTRATION_ROLE);
        let Ok(principal) = Principal::role_session(&arn, "StackSets") else { return Entry::Open };
        let Some(trust) = &role.trust else {
            return Entry::Depends(vec![format!("the trust policy of {name}, which is complete only once deployed")]);
        };
        let administration = &self.world.administration;
        let caller = Caller { principal, identity: &administration.identity, open: None, boundary: None };
        let account = &self.site().account;
        let on = format!("arn:{partition}:iam::{account}:role{}", role.path_and_name);
        let mut context = open_context(&self.world.keys);
        context.set_unknown("aws:RequestedRegion");
        caller.principal.describe(&mut context);
        self.organization_keys(&mut context, "Principal", None);
        self.organization_keys(&mut context, "Resource", self.unit);
        context.set("aws:ResourceAccount", account.as_str());
        let ask =
            Ask { action: "sts:AssumeRole", on: &on, owner: Some(account), resource: Some(trust), context: &context };
        let layers =
            Layers { rcps: self.world.rcps.path(self.cell.rcps), management: Some(management), ..Layers::default() };
        match self.world.judge.verdict(&caller, &ask, &layers) {
            Verdict::Allowed => Entry::Open,
            Verdict::Refused(reasons) => Entry::Refused(reasons),
            Verdict::Open(keys) => Entry::Depends(keys),
        }
    }

    /// Returns as whom the calls are made; for a role that nobody here makes, only what binds every role counts.
    fn caller(&self) -> Option<Caller<'_>> {
        let (partition, account) = (self.partition(), &self.site().account);
        let arn = |name: &str| format!("arn:{partition}:iam::{account}:role/{name}");
        let (arn, identity, open, boundary) = match (execution_role(self.stack), self.role) {
            (None, _) => (arn(SERVICE_ROLE), self.world.judge.anything(), None, None),
            (Some(_), Some(role)) => {
                let arn = arn(role.path_and_name.trim_start_matches('/'));
                (arn, &role.identity, role.open.as_deref(), role.boundary.as_ref())
            }
            (Some(name), None) => (arn(name), self.world.judge.anything(), None, None),
        };
        let principal = Principal::role_session(&arn, "StackSets").ok()?;
        Some(Caller { principal, identity, open, boundary })
    }

    fn context(&self, caller: &Caller<'_>) -> Context {
        let mut context = open_context(&self.world.keys);
        caller.principal.describe(&mut context);
        context.set("aws:PrincipalIsAWSService", "false");
        context.set("aws:SecureTransport", "true");
        context.set("aws:ViaAWSService", "true");
        context.set_all("aws:CalledVia", ["cloudformation.amazonaws.com"]);
        context.set("aws:CalledViaFirst", "cloudformation.amazonaws.com");
        context.set("aws:CalledViaLast", "cloudformation.amazonaws.com");
        context.set("aws:MultiFactorAuthPresent", "false");
        self.organization_keys(&mut context, "Principal", self.unit);
        if let Some(role) = self.role {
            describe_tags(&role.tags, &mut context);
        }
        context
    }

    /// Sets the keys that tell where in the organization an account is; `None` is the management account.
    fn organization_keys(&self, context: &mut Context, whose: &str, unit: Option<&str>) {
        let (id, paths) = (format!("aws:{whose}OrgID"), format!("aws:{whose}OrgPaths"));
        let Some(organization) = &self.world.organization else {
            context.remove(&id).remove(&paths);
            return;
        };
        context.set(&id, organization.as_str());
        let Some(seen) = self.world.observed.organization.as_ref().filter(|_| self.world.by_unit) else { return };
        let mut path = format!("{organization}/{}/", seen.root);
        for unit in stackfleet_organization::tree::ancestors(unit.unwrap_or_default()) {
            // The id of a unit that is still to be made is not known.
            let Some(found) = seen.units.get(unit) else { return };
            path.push_str(&found.id);
            path.push('/');
        }
        context.set_all(&paths, [path]);
    }

    /// Returns the calls that every stack needs.
    fn stack_calls(&self) -> Vec<(&'static str, String)> {
        if matches!(self.variant.result, Err(Opaque::Refused(_))) {
            return Vec::new();
        }
        let Site { account, region, stack_name, tags } = self.site();
        let stack_name = stack_name.as_deref().unwrap_or_default();
        let on = format!("arn:{}:cloudformation:{region}:{account}:stack/{stack_name}/*", self.partition());
        let action = if self.cell.change == Change::Update {
            "cloudformation:UpdateStack"
        } else {
            "cloudformation:CreateStack"
        };
        let tag = (!tags.is_empty()).then(|| ("cloudformation:TagResource", on.clone()));
        [(action, on)].into_iter().chain(tag).collect()
    }

    fn stack_tags(&self, context: &mut Context) {
        for (key, value) in &self.site().tags {
            context.set(&format!("aws:RequestTag/{key}"), value.as_str());
        }
        context.set_all("aws:TagKeys", self.site().tags.iter().map(|(key, _)| key.as_str()));
    }

    fn verdict(&self, caller: &Caller<'_>, action: &str, on: &str, context: &Context) -> Verdict {
        let world = self.world;
        let service = action.split(':').next().unwrap_or_default();
        let mut context = context.clone();
        let region = called_region(service).unwrap_or(self.site().region.as_str());
        context.set("aws:RequestedRegion", region);
        let bucket = bucket_of(on).and_then(|name| world.buckets.get(name));
        let account = &self.site().account;
        let owner: &AccountId = if bucket.is_some() { &world.management } else { account };
        context.set("aws:ResourceAccount", owner.as_str());
        self.organization_keys(&mut context, "Resource", self.unit.filter(|_| bucket.is_none()));
        let ask = Ask { action, on, owner: Some(owner), resource: bucket, context: &context };
        let layers = Layers {
            scps: world.scps.path(self.cell.scps),
            // RCPs do not bind the management account, where the buckets are.
            rcps: world.rcps.path(self.cell.rcps).filter(|_| bucket.is_none()),
            management: Some(&world.management),
            ..Layers::default()
        };
        let verdict = world.judge.verdict(caller, &ask, &layers);
        if bucket.is_none() && bucket_of(on).is_some_and(|name| !self.makes_bucket(name)) {
            return self.with_foreign_bucket(caller, &ask, &layers, verdict);
        }
        verdict
    }

    /// A bucket whose policy nobody knows may grant what its reader's own policies do not, within an account.
    fn with_foreign_bucket(
        &self,
        caller: &Caller<'_>,
        ask: &Ask<'_>,
        layers: &Layers<'_>,
        verdict: Verdict,
    ) -> Verdict {
        let Verdict::Refused(_) = &verdict else { return verdict };
        let generous = open_bucket();
        let most = Ask { resource: Some(&generous), ..*ask };
        match self.world.judge.verdict(caller, &most, layers) {
            Verdict::Refused(reasons) => Verdict::Refused(reasons),
            Verdict::Allowed | Verdict::Open(_) => {
                Verdict::Open(vec![format!("the policy of bucket {}", bucket_of(ask.on).unwrap_or_default())])
            }
        }
    }

    fn makes_bucket(&self, name: &str) -> bool {
        let Ok(stack) = &self.variant.result else { return false };
        stack.resources.values().any(|resource| {
            resource.type_name == "AWS::S3::Bucket"
                && resource.properties.get("BucketName").is_none_or(|own| own.as_str().is_none_or(|own| own == name))
        })
    }
}

/// Grants everybody everything.
fn open_bucket() -> PolicySet {
    const OPEN: &str =
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#;
    stackfleet_policy::Policy::parse(stackfleet_policy::PolicyKind::Resource, "bucket", OPEN)
        .map(|policy| PolicySet::new(vec![Arc::new(policy)]))
        .unwrap_or_default()
}

/// Returns the bucket that an ARN names or lies in.
fn bucket_of(arn: &str) -> Option<&str> {
    let (_, name) = arn.split_once(":s3:::")?;
    let name = name.split('/').next().unwrap_or(name);
    (!name.contains('*')).then_some(name)
}

/// Returns the region in which a service without regions counts as called (IAM User Guide, `aws:RequestedRegion`).
fn called_region(service: &str) -> Option<&'static str> {
    match service {
        "iam" | "organizations" | "route53" | "cloudfront" | "waf" | "shield" | "account" | "budgets" | "ce" => {
            Some("us-east-1")
        }
        "globalaccelerator" | "networkmanager" => Some("us-west-2"),
        _ => None,
    }
}
