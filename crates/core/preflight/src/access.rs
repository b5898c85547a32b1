//! May somebody of an account do something there, and who may: over the project's policies and what was seen.
//!
//! Callers are the roles that the project's stacks make in the account, and an administrator of the account: the role
//! that Organizations makes in every account it creates. What other people made there is not known.

use std::collections::BTreeSet;

use stackfleet_base::{AccountId, Span};
use stackfleet_plan::{plan::AccountRef, wanted};
use stackfleet_policy::{Context, Decision, Layer, LayerAnswer, Layers, Policy, PolicySet, Principal, explain};

use crate::{
    Input,
    judge::{Ask, Caller, Verdict, describe_role, open_context, question},
    roles::{Boundary, Made, Role, made_in},
    world::World,
};

/// The role that Organizations makes in the accounts it creates; it may do everything.
pub const ADMINISTRATOR: &str = "OrganizationAccountAccessRole";

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Question<'q> {
    /// Name or id of the account in which somebody asks; it also owns the resource.
    pub account: &'q str,
    /// `service:Action`.
    pub action: &'q str,
    /// The resource's ARN, or `*`; `{account}` in it stands for the account's id.
    pub resource: &'q str,
}

/// An answer with what every layer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// The account's name.
    pub account: String,
    /// The account's id, if it exists.
    pub id: Option<AccountId>,
    /// Name of the role that asks.
    pub role: String,
    /// The stack of the project that makes the role; `None` for [`ADMINISTRATOR`].
    pub stack: Option<String>,
    /// The answer.
    pub answer: Answer,
    /// What the layers say, in the order of evaluation. Layers that say nothing to the point are left out.
    pub says: Vec<Says>,
}

/// Whether the call may proceed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It may.
    Allowed,
    /// It is refused.
    Refused,
    /// It depends on these: context keys, or policies that nobody could read.
    Depends(Vec<String>),
}

/// What a statement says, or a layer by having none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Says {
    /// The layer.
    pub layer: Layer,
    /// For policies of the organization: the node.
    pub place: Option<String>,
    /// What.
    pub what: What,
    /// The policy.
    pub policy: Option<String>,
    /// The statement's id.
    pub sid: Option<String>,
    /// The statement's number, from 0.
    pub statement: Option<usize>,
    /// Where the statement stands, if it stands in the project.
    pub span: Option<Span>,
}

/// What is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// A statement allows.
    Allows,
    /// A statement denies.
    Denies,
    /// A statement may allow or deny; that depends on context keys.
    MayApply,
    /// Nothing here allows, and something would have to.
    LacksAllow,
}

/// A question that cannot be answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// There is no such account.
    #[error("there is no account `{name}`{}", meant(.near.as_deref()))]
    Account {
        /// What was asked for.
        name: String,
        /// A name that may have been meant.
        near: Option<String>,
    },
    /// No stack of the project makes such a role in the account.
    #[error(
        "no stack of the project makes a role `{name}` in account {account}; known are {}",
        .known.join(", ")
    )]
    Role {
        /// What was asked for.
        name: String,
        /// The account's name.
        account: String,
        /// Roles that are known there.
        known: Vec<String>,
    },
    /// The resource is no ARN.
    #[error("`{0}` is neither an ARN nor `*`")]
    Resource(String),
    /// The action has no service.
    #[error("`{0}` is no action; write `service:Name`, such as `s3:GetObject`")]
    Action(String),
}

fn meant(name: Option<&str>) -> String {
    name.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

/// Answers for one role, by default [`ADMINISTRATOR`].
///
/// # Errors
/// When there is no such account or role, or action or resource are none.
pub fn access(input: &Input<'_>, question: &Question<'_>, role: Option<&str>) -> Result<Access, AccessError> {
    let wanted = wanted(input.project, input.artifacts, input.observed);
    let desk = Desk::new(World::new(input, &wanted), question)?;
    let wanted_role = role.unwrap_or(ADMINISTRATOR);
    let found = desk.callers().into_iter().find(|caller| caller.name == wanted_role);
    let known = || desk.callers().into_iter().map(|caller| caller.name).collect();
    let caller = found.ok_or_else(|| AccessError::Role {
        name: wanted_role.to_owned(),
        account: desk.account.name.clone(),
        known: known(),
    })?;
    Ok(desk.answer(&caller))
}

/// Answers for every role that is known in the account.
///
/// # Errors
/// As [`access`].
pub fn everybody(input: &Input<'_>, question: &Question<'_>) -> Result<Vec<Access>, AccessError> {
    let wanted = wanted(input.project, input.artifacts, input.observed);
    let desk = Desk::new(World::new(input, &wanted), question)?;
    Ok(desk.callers().iter().map(|caller| desk.answer(caller)).collect())
}

/// A question with everything that bears on it but the caller.
struct Desk<'w, 'q> {
    world: World<'w>,
    question: Question<'q>,
    account: AccountRef,
    /// The account's id, or what stands for it.
    id: AccountId,
    scps: usize,
    rcps: usize,
}

/// A role that may ask.
struct Known {
    name: String,
    stack: Option<String>,
    /// `None` may do everything.
    role: Option<Role>,
    /// The account's id as the role's documents have it.
    id: AccountId,
}

impl<'w, 'q> Desk<'w, 'q> {
    fn new(mut world: World<'w>, question: &Question<'q>) -> Result<Self, AccessError> {
        if question.action.split_once(':').is_none_or(|(service, name)| service.is_empty() || name.is_empty()) {
            return Err(AccessError::Action(question.action.to_owned()));
        }
        // Parts may be left open with `*`.
        let is_arn = question.resource.starts_with("arn:") && question.resource.matches(':').count() >= 5;
        if question.resource != "*" && !is_arn {
            return Err(AccessError::Resource(question.resource.to_owned()));
        }
        let (account, unit) = find(&world, question.account)?;
        let (scps, rcps) = (world.scps.path_of(&account, &unit), world.rcps.path_of(&account, &unit));
        let id = world.survey.id(&account);
        Ok(Self { world, question: *question, account, id, scps, rcps })
    }

    /// Returns the roles that are known in the account, the administrator first.
    fn callers(&self) -> Vec<Known> {
        let is_management = self.id == self.world.management;
        let administrator = Known { name: ADMINISTRATOR.to_owned(), stack: None, role: None, id: self.id.clone() };
        let mut callers = vec![administrator];
        for made in made_in(&self.world.survey, &self.id).into_iter().filter(|_| !is_management) {
            let Made { stack, name, role, id } = made;
            callers.push(Known { name, stack: Some(stack), role: Some(role), id });
        }
        callers
    }

    fn answer(&self, known: &Known) -> Access {
        let path = known.role.as_ref().map_or_else(|| format!("/{}", known.name), |role| role.path_and_name.clone());
        let arn = format!("arn:{}:iam::{}:role{path}", self.partition(), known.id);
        // A role's path and name make an ARN; were they none, nobody would be named.
        let principal = Principal::role_session(&arn, "check").unwrap_or(Principal::Anonymous);
        let role = known.role.as_ref();
        let caller = Caller {
            principal,
            identity: role.map_or_else(|| self.world.judge.anything(), |role| &role.identity),
            open: role.and_then(|role| role.open.as_deref()),
            boundary: role.and_then(|role| role.boundary.as_ref()),
        };
        let resource = self.question.resource.replace("{account}", known.id.as_str());
        let resource = resource.replace(self.id.as_str(), known.id.as_str());
        let context = self.context(&caller, known, &resource);
        let bucket = resource.strip_prefix("arn:aws:s3:::").and_then(|rest| rest.split('/').next());
        let policy = bucket.and_then(|bucket| self.world.buckets.get(bucket));
        // Buckets that the project keeps code in belong to the management account.
        let owner = if policy.is_some() { &self.world.management } else { &known.id };
        let ask = Ask {
            action: self.question.action,
            on: &resource,
            owner: Some(owner),
            resource: policy,
            context: &context,
        };
        let layers = Layers {
            scps: self.world.scps.path(self.scps),
            rcps: self.world.rcps.path(self.rcps).filter(|_| policy.is_none()),
            management: Some(&self.world.management),
            ..Layers::default()
        };
        let verdict = self.world.judge.verdict(&caller, &ask, &layers);
        let mut says = says(&caller, &ask, &layers);
        // Accounts that no stack goes to are known by their ids only.
        let own = format!("account:{}", self.id);
        for node in says.iter_mut().filter_map(|says| says.place.as_mut()).filter(|node| **node == own) {
            *node = format!("account:{}", self.account.name);
        }
        Access {
            account: self.account.name.clone(),
            id: self.account.id.clone(),
            role: known.name.clone(),
            stack: known.stack.clone(),
            answer: self.judged(verdict, policy),
            says,
        }
    }

    /// A refusal only for want of a resource's policy that nobody has read is none.
    fn judged(&self, verdict: Verdict, policy: Option<&PolicySet>) -> Answer {
        let of_resource = |layer: Layer| matches!(layer, Layer::Resource | Layer::Trust);
        match verdict {
            Verdict::Allowed => Answer::Allowed,
            Verdict::Open(on) => Answer::Depends(on),
            Verdict::Refused(reasons) if policy.is_none() && reasons.iter().all(|reason| of_resource(reason.layer)) => {
                Answer::Depends(vec![format!("the policy of {}", self.question.resource)])
            }
            Verdict::Refused(_) => Answer::Refused,
        }
    }

    fn partition(&self) -> &'static str {
        self.world.observed.home.partition().as_str()
    }

    /// Makes a context in which what nobody said is unknown.
    fn context(&self, caller: &Caller<'_>, known: &Known, resource: &str) -> Context {
        let boundary = match caller.boundary {
            Some(Boundary::Known(set)) => set.policies(),
            Some(Boundary::Unknown(_)) | None => &[],
        };
        let own = caller.identity.policies().iter().chain(boundary);
        let own = own.flat_map(|policy| policy.keys().map(str::to_owned).collect::<Vec<_>>());
        let keys: BTreeSet<String> = self.world.keys.iter().cloned().chain(own).collect();
        let mut context = open_context(&keys);
        caller.principal.describe(&mut context);
        context.set("aws:PrincipalIsAWSService", "false").set("aws:SecureTransport", "true");
        context.set("aws:ResourceAccount", known.id.as_str());
        if let Some(organization) = &self.world.organization {
            context.set("aws:PrincipalOrgID", organization.as_str()).set("aws:ResourceOrgID", organization.as_str());
        } else {
            context.remove("aws:PrincipalOrgID").remove("aws:ResourceOrgID");
        }
        if let Some(role) = &known.role {
            describe_role(role, &mut context);
        }
        let region = resource.split(':').nth(3).filter(|region| !region.is_empty());
        let service = self.question.action.split(':').next().unwrap_or_default();
        // Services with one endpoint for all regions answer in us-east-1.
        match region {
            Some(region) if !region.contains('*') => context.set("aws:RequestedRegion", region),
            _ if ["iam", "organizations", "account"].contains(&service) => {
                context.set("aws:RequestedRegion", "us-east-1")
            }
            _ => &mut context,
        };
        context
    }
}

fn find(world: &World<'_>, name: &str) -> Result<(AccountRef, String), AccessError> {
    let seen = world.observed.organization.iter().flat_map(|organization| &organization.accounts);
    let seen = seen
        .map(|(id, account)| (AccountRef { name: account.name.clone(), id: Some(id.clone()) }, account.unit.clone()));
    let mut accounts: Vec<(AccountRef, String)> = seen.collect();
    for declared in world.project.organization.iter().flat_map(|organization| organization.all_accounts()) {
        if !accounts.iter().any(|(account, _)| account.name == declared.name.value) {
            accounts.push((AccountRef { name: declared.name.value.clone(), id: None }, declared.unit.clone()));
        }
    }
    let by_id = |(account, _): &&(AccountRef, String)| account.id.as_ref().is_some_and(|id| id.as_str() == name);
    let found = accounts.iter().find(by_id).or_else(|| accounts.iter().find(|(account, _)| account.name == name));
    found.cloned().ok_or_else(|| {
        let names = accounts.iter().map(|(account, _)| account.name.as_str());
        let near = stackfleet_base::suggest::nearest(name, names).map(str::to_owned);
        AccessError::Account { name: name.to_owned(), near }
    })
}

/// Tells what every layer says.
fn says(caller: &Caller<'_>, ask: &Ask<'_>, layers: &Layers<'_>) -> Vec<Says> {
    let (request, known) = question(caller, ask, layers);
    let explained = explain(&request, &known);
    let refused = matches!(explained.decision, Decision::ImplicitlyDenied(_) | Decision::ExplicitlyDenied(_));
    explained.layers.iter().flat_map(|layer| of_layer(layer, refused)).collect()
}

fn of_layer(answer: &LayerAnswer<'_>, refused: bool) -> Vec<Says> {
    let says = |what: What, policy: Option<&Policy>| Says {
        layer: answer.layer,
        place: answer.place.map(str::to_owned),
        what,
        policy: policy.map(|policy| policy.name().to_owned()),
        sid: None,
        statement: None,
        span: None,
    };
    let kinds = [(What::Denies, &answer.denies), (What::Allows, &answer.allows), (What::MayApply, &answer.open)];
    let found = kinds.into_iter().flat_map(|(what, found)| found.iter().map(move |found| (what, found)));
    let mut told: Vec<Says> = found
        .map(|(what, found)| Says {
            sid: found.statement.sid().map(str::to_owned),
            statement: Some(found.statement.index()),
            span: found.statement.span(),
            ..says(what, Some(found.policy))
        })
        .collect();
    if answer.lacks_allow && refused {
        told.push(says(What::LacksAllow, None));
    }
    told
}
