//! May somebody of an account do something there, and who may: over the project's policies and what was seen.
//!
//! Callers are the roles that the project's stacks make in the account and, where somebody looked ([`Identities`]),
//! every role and user that is there. Nobody having looked, there is an administrator of the account besides: the role
//! that Organizations makes in every account it creates.

use std::collections::BTreeSet;

use stackfleet_base::{AccountId, Span};
use stackfleet_plan::{
    Observed,
    identities::{ACCESS_ROLE, Identities, IdentityKind},
    plan::AccountRef,
    wanted,
};
use stackfleet_policy::{Context, Decision, Layer, LayerAnswer, Layers, Policy, PolicySet, Principal, explain};
use stackfleet_project::Project;

use crate::{
    Input,
    judge::{Ask, Caller, Verdict, describe_tags, open_context, question},
    known::{Known, Powers, callers},
    roles::Boundary,
    world::World,
};

/// The role that Organizations makes in the accounts it creates; it may do everything.
pub const ADMINISTRATOR: &str = ACCESS_ROLE;

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Question<'q> {
    /// Name or id of the account in which somebody asks; it also owns the resource.
    pub account: &'q str,
    /// `service:Action`.
    pub action: &'q str,
    /// The resource's ARN, or `*`; `{account}` in it stands for the account's id.
    pub resource: &'q str,
    /// Who is in the account, where somebody looked.
    pub identities: Option<&'q Identities>,
}

/// Why somebody is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A stack of the project makes the role.
    Stack {
        /// The stack.
        stack: String,
        /// Whether it is in the account; `None` where nobody looked, or there are too many of that kind to tell.
        exists: Option<bool>,
    },
    /// It is in the account.
    Account,
    /// Nobody looked, but every account that Organizations makes has it.
    Presumed,
}

/// An answer with what every layer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// The account's name.
    pub account: String,
    /// The account's id, if it exists.
    pub id: Option<AccountId>,
    /// Name of the role or user that asks.
    pub name: String,
    /// Its ARN; a part that only AWS knows is `*`.
    pub arn: String,
    /// What it is.
    pub kind: IdentityKind,
    /// Why it is known.
    pub origin: Origin,
    /// The answer. For what a stack of the project makes it is the answer once the project is deployed.
    pub answer: Answer,
    /// The answer until then, where it differs and the role is there.
    pub today: Option<Answer>,
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
    /// Nobody of that name is known in the account.
    #[error("no role or user `{name}` is known in account {account}; known are {}", some(.known))]
    Role {
        /// What was asked for.
        name: String,
        /// The account's name.
        account: String,
        /// Roles and users that are known there.
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

/// Up to ten of them.
fn some(known: &[String]) -> String {
    const SHOWN: usize = 10;
    let more = known.len().saturating_sub(SHOWN);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("{}{more}", known.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", "))
}

/// Returns the account that a question is about, by name or id. It has no id before it is made.
///
/// # Errors
/// When there is no such account.
pub fn account(project: &Project, observed: &Observed, name: &str) -> Result<AccountRef, AccessError> {
    find(project, observed, name).map(|(account, _)| account)
}

/// Answers for one role or user, by default [`ADMINISTRATOR`]; for its name, `user/NAME`, `role/NAME` or its ARN.
///
/// # Errors
/// When there is no such account, role or user, or action or resource are none.
pub fn access(input: &Input<'_>, question: &Question<'_>, who: Option<&str>) -> Result<Access, AccessError> {
    let wanted = wanted(input.project, input.artifacts, input.observed);
    let desk = Desk::new(World::new(input, &wanted), question)?;
    let callers = desk.callers();
    // Roles come before users.
    let found = |who: &str| callers.iter().find(|caller| caller.is_called(who));
    let Some(who) = who else {
        // The management account and those that were invited need not have the role.
        let presumed = || desk.answer(&Known::administrator(desk.partition(), &desk.id));
        return Ok(found(ADMINISTRATOR).map_or_else(presumed, |caller| desk.answer(caller)));
    };
    let Some(caller) = found(who) else {
        return Err(AccessError::Role {
            name: who.to_owned(),
            account: desk.account.name.clone(),
            known: callers.into_iter().map(|caller| caller.name).collect(),
        });
    };
    Ok(desk.answer(caller))
}

/// Answers for every role and user that is known in the account.
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
        let (account, unit) = find(world.project, world.observed, question.account)?;
        let (scps, rcps) = (world.scps.path_of(&account, &unit), world.rcps.path_of(&account, &unit));
        let id = world.survey.id(&account);
        Ok(Self { world, question: *question, account, id, scps, rcps })
    }

    fn partition(&self) -> &'static str {
        self.world.observed.home.partition().as_str()
    }

    /// Returns who is known in the account: roles of stacks first, users last.
    fn callers(&self) -> Vec<Known> {
        let partition = self.partition();
        let is_management = self.id == self.world.management;
        let seen = self.question.identities.filter(|seen| self.account.id.as_ref() == Some(&seen.account));
        callers(&self.world.survey, &self.id, (partition, is_management), seen)
    }

    fn answer(&self, known: &Known) -> Access {
        let (answer, mut says) = self.decided(known, known.powers.as_ref());
        // Accounts that no stack goes to are known by their ids only.
        let own = format!("account:{}", self.id);
        for node in says.iter_mut().filter_map(|says| says.place.as_mut()).filter(|node| **node == own) {
            *node = format!("account:{}", self.account.name);
        }
        let today = known.today.as_ref().map(|(id, powers)| {
            let live =
                Known { id: id.clone(), arn: known.arn.replace(known.id.as_str(), id.as_str()), ..known.named() };
            self.decided(&live, Some(powers)).0
        });
        Access {
            account: self.account.name.clone(),
            id: self.account.id.clone(),
            name: known.name.clone(),
            arn: known.arn.replace(known.id.as_str(), self.id.as_str()),
            kind: known.kind,
            origin: known.origin.clone(),
            today: today.filter(|today| *today != answer),
            answer,
            says,
        }
    }

    /// Decides for somebody with these powers, everything when `None`.
    fn decided(&self, known: &Known, powers: Option<&Powers>) -> (Answer, Vec<Says>) {
        // A path and a name make an ARN; were they none, nobody would be named.
        let principal = match known.kind {
            IdentityKind::Role => Principal::role_session(&known.arn, "check"),
            IdentityKind::User => Principal::parse(&known.arn),
        };
        let caller = Caller {
            principal: principal.unwrap_or(Principal::Anonymous),
            identity: powers.map_or_else(|| self.world.judge.anything(), |powers| &powers.identity),
            open: powers.and_then(|powers| powers.open.as_deref()),
            boundary: powers.and_then(|powers| powers.boundary.as_ref()),
        };
        let resource = self.question.resource.replace("{account}", known.id.as_str());
        let resource = resource.replace(self.id.as_str(), known.id.as_str());
        let tags = powers.map_or(&[][..], |powers| &powers.tags);
        let context = self.context(&caller, &known.id, tags, &resource);
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
        (self.judged(verdict, policy), says(&caller, &ask, &layers))
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

    /// Makes a context in which what nobody said is unknown.
    fn context(&self, caller: &Caller<'_>, id: &AccountId, tags: &[(String, String)], resource: &str) -> Context {
        let boundary = match caller.boundary {
            Some(Boundary::Known(set)) => set.policies(),
            Some(Boundary::Unknown(_)) | None => &[],
        };
        let own = caller.identity.policies().iter().chain(boundary);
        let own = own.flat_map(|policy| policy.keys().map(str::to_owned).collect::<Vec<_>>());
        let keys: BTreeSet<String> = self.world.keys.iter().cloned().chain(own).collect();
        let mut context = open_context(&keys);
        // Whoever asks may have signed in by any way.
        for key in keys.iter().filter(|key| OF_SIGN_IN.contains(&key.to_ascii_lowercase().as_str())) {
            context.set_unknown(key);
        }
        caller.principal.describe(&mut context);
        context.set("aws:PrincipalIsAWSService", "false").set("aws:SecureTransport", "true");
        context.set("aws:ResourceAccount", id.as_str());
        if let Some(organization) = &self.world.organization {
            context.set("aws:PrincipalOrgID", organization.as_str()).set("aws:ResourceOrgID", organization.as_str());
        } else {
            context.remove("aws:PrincipalOrgID").remove("aws:ResourceOrgID");
        }
        describe_tags(tags, &mut context);
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

/// Keys that tell how somebody signed in (IAM User Guide, "Global condition context keys").
const OF_SIGN_IN: [&str; 4] =
    ["aws:multifactorauthage", "aws:federatedprovider", "aws:ec2instancesourcevpc", "aws:ec2instancesourceprivateipv4"];

fn find(project: &Project, observed: &Observed, name: &str) -> Result<(AccountRef, String), AccessError> {
    let seen = observed.organization.iter().flat_map(|organization| &organization.accounts);
    let seen = seen
        .map(|(id, account)| (AccountRef { name: account.name.clone(), id: Some(id.clone()) }, account.unit.clone()));
    let mut accounts: Vec<(AccountRef, String)> = seen.collect();
    for declared in project.organization.iter().flat_map(|organization| organization.all_accounts()) {
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
