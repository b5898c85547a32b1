//! How sets, instances and operations change state, without any account.

use super::*;

fn account(number: usize) -> AccountId {
    format!("{number:012}").parse().unwrap()
}

fn region(name: &str) -> Region {
    name.parse().unwrap()
}

fn place(number: usize) -> Place {
    (account(number), region("eu-west-1"))
}

fn set() -> StackSet {
    StackSet {
        arn: "arn:aws:cloudformation:eu-west-1:000000000009:stackset/s:1".into(),
        id: "s:1".into(),
        name: "s".into(),
        account: account(9),
        region: region("eu-west-1"),
        deleted: false,
        model: PermissionModel::SelfManaged,
        definition: SetDefinition {
            template: Digest::of("{}"),
            parameters: BTreeMap::new(),
            declared: BTreeMap::new(),
            capabilities: Vec::new(),
            tags: Vec::new(),
            description: None,
            administration_role: None,
            execution_role: None,
        },
        auto: None,
        managed_execution: false,
        token: None,
        covered: BTreeMap::new(),
        instances: BTreeMap::new(),
        operations: Vec::new(),
    }
}

fn operation(id: &str, action: Action, accounts: &[usize]) -> Operation {
    let accounts: Vec<AccountId> = accounts.iter().copied().map(account).collect();
    let result = OperationResult { status: ResultStatus::Pending, reason: None, gate: None, unit: None };
    Operation {
        id: id.into(),
        action,
        status: OperationStatus::Queued,
        reason: None,
        preferences: None,
        targets: Targets { accounts: accounts.clone(), ..Targets::default() },
        created: Timestamp::default(),
        ended: None,
        administration_role: None,
        execution_role: None,
        retain: None,
        changes_set: false,
        overrides: None,
        request: Digest::of(id),
        automatic: false,
        results: accounts.iter().map(|account| ((account.clone(), region("eu-west-1")), result.clone())).collect(),
        schedule: Schedule::new(vec![(region("eu-west-1"), accounts)], &Preferences::default()),
    }
}

/// Runs an operation to its end; these accounts fail.
fn run(set: &mut StackSet, id: &str, failing: &[usize]) -> OperationStatus {
    loop {
        let started = set.operation_mut(id).unwrap().schedule.launch();
        for place in &started {
            set.begin(id, place);
            let fails = failing.iter().any(|number| account(*number) == place.0);
            let outcome = if fails { Outcome::Failed } else { Outcome::Succeeded };
            set.end(id, place, outcome, fails.then(|| "broken".into()));
        }
        let cancelled = set.operation_mut(id).unwrap().schedule.cancel();
        set.cancel(id, cancelled, TOLERANCE_EXCEEDED);
        if set.settle(id, Timestamp::default()) {
            return set.operation(id).unwrap().status;
        }
        assert!(!started.is_empty(), "the operation hangs");
    }
}

fn state(set: &StackSet, number: usize) -> (&'static str, &'static str) {
    let instance = &set.instances[&place(number)];
    (instance.status.as_str(), instance.detailed.as_str())
}

#[test]
fn instances_go_through_the_documented_states() {
    let mut set = set();
    set.enqueue(operation("one", Action::Create, &[1, 2, 3]));
    assert_eq!(state(&set, 1), ("OUTDATED", "PENDING"));
    assert_eq!(set.instances[&place(1)].reason.as_deref(), Some("User Initiated"));
    assert_eq!(set.release(&BTreeSet::new()), ["one".into()]);
    set.begin("one", &place(1));
    assert_eq!(state(&set, 1), ("OUTDATED", "RUNNING"));
    assert_eq!(run(&mut set, "one", &[2]), OperationStatus::Failed);
    assert_eq!(state(&set, 1), ("CURRENT", "SUCCEEDED"));
    assert_eq!(state(&set, 2), ("OUTDATED", "FAILED"));
    assert_eq!(state(&set, 3), ("OUTDATED", "CANCELLED"));
    assert_eq!(set.instances[&place(3)].reason.as_deref(), Some("Cancelled since failure tolerance has exceeded"));
    assert_eq!(set.operation("one").unwrap().failures(), 1);
    set.enqueue(operation("two", Action::Delete, &[1, 2]));
    set.release(&BTreeSet::new());
    assert_eq!(run(&mut set, "two", &[2]), OperationStatus::Failed);
    assert!(!set.instances.contains_key(&place(1)), "a deleted instance is gone");
    assert_eq!(state(&set, 2), ("INOPERABLE", "INOPERABLE"));
    assert_eq!(set.operation("two").unwrap().results.len(), 2, "its result stays");
}

#[test]
fn skipped_accounts_are_not_failures() {
    let mut set = set();
    set.enqueue(operation("one", Action::Create, &[1]));
    set.release(&BTreeSet::new());
    set.operation_mut("one").unwrap().schedule.launch();
    set.end("one", &place(1), Outcome::Skipped, Some(SUSPENDED.into()));
    assert!(set.settle("one", Timestamp::default()));
    assert_eq!(set.operation("one").unwrap().status, OperationStatus::Succeeded);
    assert_eq!(state(&set, 1), ("OUTDATED", "SKIPPED_SUSPENDED_ACCOUNT"));
}

#[test]
fn managed_execution_queues_what_conflicts_and_releases_the_rest() {
    let mut set = set();
    set.enqueue(operation("one", Action::Create, &[1]));
    assert_eq!(set.release(&BTreeSet::new()).len(), 1);
    assert_eq!(set.obstacle().map(|operation| &*operation.id), Some("one"));
    set.managed_execution = true;
    assert!(set.obstacle().is_none());
    set.enqueue(operation("two", Action::Create, &[2]));
    set.enqueue(operation("three", Action::Create, &[1, 3]));
    set.enqueue(operation("four", Action::Create, &[3]));
    assert_eq!(set.release(&BTreeSet::new()), ["two".into()], "three waits for one, four for three");
    run(&mut set, "one", &[]);
    assert_eq!(set.release(&BTreeSet::new()), ["three".into()]);
    run(&mut set, "three", &[]);
    assert_eq!(set.release(&BTreeSet::new()), ["four".into()]);
}

#[test]
fn overrides_follow_their_algebra() {
    let present: BTreeMap<String, String> = [("a", "1"), ("b", "2")].map(|(k, v)| (k.into(), v.into())).into();
    let value = |text: &str| Override::Value(text.to_owned());
    let wanted: BTreeMap<String, Override> =
        [("a".to_owned(), Override::Previous), ("c".to_owned(), value("3"))].into();
    let after = StackSet::overridden(&present, Some(&wanted));
    assert_eq!(after, [("a", "1"), ("c", "3")].map(|(k, v)| (k.into(), v.into())).into());
    assert_eq!(StackSet::overridden(&present, None), present);
    assert!(StackSet::overridden(&present, Some(&BTreeMap::new())).is_empty());
}

#[test]
fn moves_deploy_and_delete_by_what_is_covered() {
    let mut set = set();
    set.covered.insert("ou-a".to_owned(), [region("eu-west-1"), region("us-east-1")].into());
    let units = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<String>>();
    let (create, delete) = set.moved(&units(&["r-1"]), &units(&["r-1", "ou-a", "ou-a-child"]));
    assert_eq!((create.len(), delete.len()), (2, 0));
    let (create, delete) = set.moved(&units(&["r-1", "ou-a"]), &units(&["r-1", "ou-a", "ou-a-child"]));
    assert_eq!((create.len(), delete.len()), (0, 0));
    let (create, delete) = set.moved(&units(&["r-1", "ou-a"]), &[]);
    assert_eq!((create.len(), delete.len()), (0, 2));
}

#[test]
fn a_set_survives_saving() {
    let mut set = set();
    set.enqueue(operation("one", Action::Create, &[1, 2]));
    let text = serde_json::to_string(&set).unwrap();
    assert_eq!(serde_json::from_str::<StackSet>(&text).unwrap(), set);
}
