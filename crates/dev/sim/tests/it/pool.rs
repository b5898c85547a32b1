//! Documents drawn and compiled once, and cases that combine them.
//!
//! Reading a document costs a hundred times what a decision does, so a few hundred of each kind are drawn, and every
//! case picks from them.

use std::sync::Arc;

use serde_json::Value;
use stackfleet_base::AccountId;
use stackfleet_policy::{
    Context, Decision, Layer, Layers, Level, Policy, PolicyKind, PolicyPath, PolicySet, Principal, Request, decide,
};
use stackfleet_sim::{
    Answer, Asked, Caller, Dice, Documents, Known, ResourceDocument, evaluate,
    world::{self, Kind},
};

/// Documents that count as one, in two orders.
pub(crate) struct Entry {
    pub(crate) documents: Vec<Value>,
    pub(crate) set: PolicySet,
    pub(crate) shuffled: PolicySet,
    pub(crate) is_trust: bool,
}

/// A path of an organization, from the root down.
pub(crate) struct Path {
    /// The documents of each node.
    pub(crate) nodes: Vec<Arc<Entry>>,
    /// Made level by level; its upper levels are shared with other paths.
    pub(crate) compiled: PolicyPath,
    /// As `compiled`, each document in another order.
    pub(crate) shuffled: PolicyPath,
}

/// A request in the words of both.
pub(crate) struct Question {
    pub(crate) asked: Asked,
    principal: Principal,
    owner: Option<AccountId>,
    context: Context,
}

/// All that cases are made of.
pub(crate) struct Pool {
    questions: Vec<Question>,
    identities: Vec<Entry>,
    boundaries: Vec<Entry>,
    sessions: Vec<Entry>,
    resources: Vec<Entry>,
    denies: Vec<(Layer, Arc<Policy>)>,
    scps: Vec<Path>,
    rcps: Vec<Path>,
    management: AccountId,
    full: Entry,
}

/// A request and the policies that bear on it.
#[derive(Clone, Copy)]
pub(crate) struct Case<'p> {
    pub(crate) question: &'p Question,
    pub(crate) identity: &'p Entry,
    pub(crate) boundary: Option<&'p Entry>,
    pub(crate) session: Option<&'p Entry>,
    pub(crate) resource: Option<&'p Entry>,
    pub(crate) scps: Option<&'p Path>,
    pub(crate) rcps: Option<&'p Path>,
    management: Option<&'p AccountId>,
}

const fn policy_kind(kind: Kind) -> PolicyKind {
    match kind {
        Kind::Identity => PolicyKind::Identity,
        Kind::Boundary => PolicyKind::Boundary,
        Kind::Session => PolicyKind::Session,
        Kind::Resource => PolicyKind::Resource,
        Kind::Trust => PolicyKind::Trust,
        Kind::ServiceControl => PolicyKind::ServiceControl,
        Kind::ResourceControl => PolicyKind::ResourceControl,
    }
}

fn compile(kind: Kind, document: &Value) -> Arc<Policy> {
    let text = document.to_string();
    let policy = Policy::parse(policy_kind(kind), "p", &text);
    Arc::new(policy.unwrap_or_else(|error| panic!("{error}: {text}")))
}

impl Entry {
    fn new(dice: &mut Dice, kind: Kind, documents: Vec<Value>) -> Self {
        let set = PolicySet::new(documents.iter().map(|document| compile(kind, document)).collect());
        let mut others: Vec<_> =
            documents.iter().map(|document| compile(kind, &world::shuffled(dice, document))).collect();
        dice.shuffle(&mut others);
        Self { documents, set, shuffled: PolicySet::new(others), is_trust: kind == Kind::Trust }
    }

    fn draw(dice: &mut Dice, kind: Kind, full_percent: usize) -> Self {
        // A resource has one policy.
        let one = matches!(kind, Kind::Resource | Kind::Trust);
        let several = !one && dice.chance(40);
        let mut documents: Vec<Value> = (0..=usize::from(several)).map(|_| world::document(dice, kind)).collect();
        if !one && dice.chance(full_percent) {
            documents.push(world::full_access(kind));
        }
        Self::new(dice, kind, documents)
    }
}

impl Question {
    fn new(asked: Asked) -> Self {
        let principal = match &asked.caller {
            Caller::Root { account } => Principal::parse(&format!("arn:aws:iam::{account}:root")),
            Caller::User { arn } | Caller::FederatedUser { arn } => Principal::parse(arn),
            Caller::Session { role, session, path_known: true } => {
                Principal::role_session(role, session.rsplit('/').next().unwrap())
            }
            Caller::Session { session, path_known: false, .. } => Principal::parse(session),
            Caller::Federated { provider } => Ok(Principal::Federated { provider: provider.as_str().into() }),
            Caller::Service { name } => Principal::parse(name),
            Caller::Anonymous => Ok(Principal::Anonymous),
        };
        let mut context = Context::new();
        for (key, known) in &asked.keys {
            match known {
                Known::Values(values) => context.set_all(key, values.iter().map(String::as_str)),
                Known::Unknown => context.set_unknown(key),
            };
        }
        let owner = asked.owner.as_ref().map(|owner| owner.parse().unwrap());
        Self { principal: principal.unwrap(), owner, context, asked }
    }

    fn request(&self) -> Request<'_> {
        Request {
            principal: &self.principal,
            action: &self.asked.action,
            resource: &self.asked.resource,
            resource_account: self.owner.as_ref(),
            context: &self.context,
        }
    }
}

/// Draws a tree of nodes and returns the paths to its leaves.
fn tree(dice: &mut Dice, kind: Kind) -> Vec<Path> {
    let node = |dice: &mut Dice| Arc::new(Entry::draw(dice, kind, if kind == Kind::ServiceControl { 80 } else { 0 }));
    let below = |above: &Path, node: Arc<Entry>| {
        let level = |policies: &PolicySet| Arc::new(Level { place: "n".into(), policies: policies.clone() });
        Path {
            compiled: above.compiled.below(level(&node.set)),
            shuffled: above.shuffled.below(level(&node.shuffled)),
            nodes: above.nodes.iter().cloned().chain([node]).collect(),
        }
    };
    let mut paths = Vec::new();
    for _ in 0..12 {
        let nowhere = Path { nodes: Vec::new(), compiled: PolicyPath::none(), shuffled: PolicyPath::none() };
        let root = below(&nowhere, node(dice));
        for _ in 0..3 {
            let unit = below(&root, node(dice));
            paths.extend((0..3).map(|_| below(&unit, node(dice))));
            paths.push(unit);
        }
        paths.extend([nowhere, root]);
    }
    paths
}

fn deny(dice: &mut Dice) -> (Layer, Arc<Policy>) {
    let (layer, kind) = [
        (Layer::Identity, Kind::Identity),
        (Layer::Boundary, Kind::Boundary),
        (Layer::Session, Kind::Session),
        (Layer::Resource, Kind::Resource),
        (Layer::ServiceControl, Kind::ServiceControl),
        (Layer::ResourceControl, Kind::ResourceControl),
    ][dice.below(6)];
    (layer, compile(kind, &world::deny(dice, kind)))
}

impl Pool {
    pub(crate) fn new(dice: &mut Dice) -> Self {
        let draw = |dice: &mut Dice, kind: Kind, count: usize, full: usize| -> Vec<Entry> {
            (0..count).map(|_| Entry::draw(dice, kind, full)).collect()
        };
        let mut resources = draw(dice, Kind::Resource, 300, 0);
        resources.extend(draw(dice, Kind::Trust, 100, 0));
        Self {
            questions: (0..2_000).map(|_| Question::new(world::asked(dice))).collect(),
            identities: draw(dice, Kind::Identity, 300, 50),
            boundaries: draw(dice, Kind::Boundary, 150, 70),
            sessions: draw(dice, Kind::Session, 150, 70),
            resources,
            denies: (0..300).map(|_| deny(dice)).collect(),
            scps: tree(dice, Kind::ServiceControl),
            rcps: tree(dice, Kind::ResourceControl),
            management: world::MANAGEMENT.parse().unwrap(),
            full: Entry::new(dice, Kind::Identity, vec![world::full_access(Kind::Identity)]),
        }
    }

    pub(crate) fn case(&self, dice: &mut Dice) -> Case<'_> {
        let organized = dice.chance(75);
        Case {
            question: dice.pick(&self.questions).unwrap(),
            identity: dice.pick(&self.identities).unwrap(),
            boundary: if dice.chance(30) { dice.pick(&self.boundaries) } else { None },
            session: if dice.chance(30) { dice.pick(&self.sessions) } else { None },
            resource: if dice.chance(60) { dice.pick(&self.resources) } else { None },
            scps: if organized { dice.pick(&self.scps) } else { None },
            rcps: if organized { dice.pick(&self.rcps) } else { None },
            management: organized.then_some(&self.management),
        }
    }

    /// A policy that only denies, and the layer that it may be added to.
    pub(crate) fn deny(&self, dice: &mut Dice) -> &(Layer, Arc<Policy>) {
        dice.pick(&self.denies).unwrap()
    }

    /// The same request under the organization's policies only: everything else allows.
    pub(crate) fn open<'p>(&'p self, case: &Case<'p>) -> Case<'p> {
        Case { identity: &self.full, boundary: None, session: None, resource: None, ..*case }
    }

    /// A node of an organization with its policies.
    pub(crate) fn node(&self, dice: &mut Dice) -> PolicySet {
        let path = dice.pick(&self.scps).unwrap();
        path.nodes.last().map(|node| node.set.clone()).unwrap_or_default()
    }
}

impl<'p> Case<'p> {
    /// The compiled policies.
    pub(crate) fn layers(&self) -> Layers<'p> {
        Layers {
            identity: Some(&self.identity.set),
            boundary: self.boundary.map(|entry| &entry.set),
            session: self.session.map(|entry| &entry.set),
            resource: self.resource.map(|entry| &entry.set),
            scps: self.scps.map(|path| &path.compiled),
            rcps: self.rcps.map(|path| &path.compiled),
            management: self.management,
        }
    }

    /// The same policies in another order.
    pub(crate) fn shuffled(&self) -> Layers<'p> {
        Layers {
            identity: Some(&self.identity.shuffled),
            boundary: self.boundary.map(|entry| &entry.shuffled),
            session: self.session.map(|entry| &entry.shuffled),
            resource: self.resource.map(|entry| &entry.shuffled),
            scps: self.scps.map(|path| &path.shuffled),
            rcps: self.rcps.map(|path| &path.shuffled),
            management: self.management,
        }
    }

    pub(crate) fn decide(&self, layers: &Layers<'p>) -> Decision<'p> {
        decide(&self.question.request(), layers)
    }

    /// What the plain rules say to a request, by default the case's own, under the case's documents.
    pub(crate) fn evaluate(&self, asked: &Asked) -> Answer {
        let nodes = |path: Option<&'p Path>| -> Vec<&'p [Value]> {
            path.map_or(&[][..], |path| &path.nodes).iter().map(|node| &*node.documents).collect()
        };
        let (scps, rcps) = (nodes(self.scps), nodes(self.rcps));
        let resource = |entry: &'p Entry| ResourceDocument { document: &entry.documents[0], is_trust: entry.is_trust };
        let documents = Documents {
            identity: &self.identity.documents,
            boundary: self.boundary.map(|entry| &*entry.documents),
            session: self.session.map(|entry| &*entry.documents),
            resource: self.resource.map(resource),
            scps: &scps,
            rcps: &rcps,
            management: self.management.map(AccountId::as_str),
        };
        evaluate(asked, &documents)
    }

    /// Everything there is to repeat the case by hand.
    pub(crate) fn told(&self) -> String {
        let documents = |entry: Option<&Entry>| {
            entry.map(|entry| entry.documents.iter().map(Value::to_string).collect::<Vec<_>>().join("\n      "))
        };
        let nodes = |path: Option<&Path>| {
            let nodes = path.map(|path| path.nodes.iter().map(|node| documents(Some(node)).unwrap()));
            nodes.map(|nodes| nodes.collect::<Vec<_>>().join("\n   below "))
        };
        let parts = [
            ("identity", documents(Some(self.identity))),
            ("boundary", documents(self.boundary)),
            ("session", documents(self.session)),
            ("resource", documents(self.resource)),
            ("scps", nodes(self.scps)),
            ("rcps", nodes(self.rcps)),
        ];
        let parts: Vec<String> =
            parts.into_iter().filter_map(|(name, told)| Some(format!("{name}: {}", told?))).collect();
        format!("{:#?}\nmanagement: {:?}\n{}", self.question.asked, self.management, parts.join("\n"))
    }
}
