//! Plans for worlds in which something exists already.

use std::collections::BTreeMap;

use stackfleet_plan::{
    Artifacts, Observed, Plan,
    observed::{
        AccountState, Cell, InstanceStatus, ObservedCreation, ObservedInstance, ObservedOperation, ObservedPolicy,
        ObservedStackSet, PermissionModel,
    },
    plan, repair, verify,
};
use stackfleet_project::Project;
use stackfleet_template::ResourceChange;

use crate::fixture::{account, findings, load, region, steps, world};

const PROJECT: &str = "
version: 1
apps:
  net:
    targets: \"ou:Work\"
    regions: [eu-west-1, us-east-1]
    rollout: { waves: [\"account:Dev\", \"*\"], max-concurrent: 50%, stop-after: 1 failure }
    stacks:
      base: { template: base.yaml, via: stack-set, auto-deploy: true }
      app: { template: app.yaml, via: stack-set, role: deployer, parameters: { Name: \"${account.name}\" } }
";

const BASE: &str = "Resources:\n  Topic: { Type: AWS::SNS::Topic }\n";
const APP: &str = "Parameters:\n  Name: { Type: String }\nResources:\n  Topic: { Type: AWS::SNS::Topic }\n";

fn project() -> Project {
    with_templates(BASE, APP)
}

fn with_templates(base: &str, app: &str) -> Project {
    let files = [("stackfleet.yaml", PROJECT), ("base.yaml", base), ("app.yaml", app)];
    load(files.map(|(path, text)| (path.to_owned(), text.to_owned())).into())
}

const ACCOUNTS: [(&str, &str, &str); 4] = [
    ("111111111111", "Dev", "Work"),
    ("222222222222", "Prod", "Work/Live"),
    ("333333333333", "Shop", "Work/Live"),
    ("444444444444", "Other", "Side"),
];

/// The world after the project was deployed.
fn deployed() -> Observed {
    let mut observed = world(&ACCOUNTS);
    let plan = plan(&project(), &Artifacts::default(), &observed);
    for step in &plan.steps {
        if let stackfleet_plan::Action::CreateStackSet { set, definition } = &step.action {
            let made = ObservedStackSet {
                id: format!("{set}:0000"),
                arn: None,
                definition: (**definition).clone(),
                instances: BTreeMap::new(),
                running: Vec::new(),
                last_operation: Some("sf-first".to_owned()),
            };
            observed.stack_sets.insert(set.clone(), made);
        }
        if let stackfleet_plan::Action::PutAdministrationRole { name, trust, policy } = &step.action {
            observed.administration_role = Some(stackfleet_plan::observed::ObservedRole {
                arn: format!("arn:aws:iam::999988887777:role/{name}").parse().unwrap(),
                trust: trust.clone(),
                inline: BTreeMap::from([("stackfleet".to_owned(), policy.clone())]),
            });
        }
    }
    for cell in &plan.cells {
        let set = observed.stack_sets.get_mut(&cell.set).unwrap();
        let differs = cell.set == "net-app"
            && set.definition.parameters.get("Name").unwrap().as_ref() != Some(&cell.account.name);
        let own = differs.then(|| ("Name".to_owned(), cell.account.name.clone()));
        let instance = ObservedInstance {
            status: InstanceStatus::Current,
            detailed: Some("SUCCEEDED".to_owned()),
            reason: None,
            stack_id: Some("arn".to_owned()),
            drift: None,
            last_operation: Some("sf-first".to_owned()),
            overrides: (cell.set == "net-app").then(|| own.into_iter().collect()),
        };
        let place = Cell { account: cell.account.id.clone().unwrap(), region: cell.region.clone() };
        set.instances.insert(place, instance);
    }
    observed
}

fn planned(project: &Project, observed: &Observed) -> Plan {
    plan(project, &Artifacts::default(), observed)
}

fn instance<'a>(observed: &'a mut Observed, set: &str, id: &str, name: &str) -> &'a mut ObservedInstance {
    let place = Cell { account: account(id), region: region(name) };
    observed.stack_sets.get_mut(set).unwrap().instances.get_mut(&place).unwrap()
}

fn remove(observed: &mut Observed, set: &str, id: &str, name: &str) {
    let place = Cell { account: account(id), region: region(name) };
    observed.stack_sets.get_mut(set).unwrap().instances.remove(&place);
}

#[test]
fn a_world_as_declared_needs_nothing() {
    let plan = planned(&project(), &deployed());
    assert_eq!(steps(&plan), "");
    assert!(verify(&project(), &Artifacts::default(), &deployed()).holds());
}

#[test]
fn the_first_plan_names_units_and_covers_every_cell() {
    insta::assert_snapshot!(steps(&planned(&project(), &world(&ACCOUNTS))), @r#"
    0 <- [] administration role {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Resource":["arn:aws:iam::*:role/deployer"]}]}
    1 <- [] create set net-base {} {}
    2 <- [0] create set net-app {"Name": Some("Dev")} {}
    3 <- [1] create instances net-base Dev x eu-west-1,us-east-1 in ["Work"] Intersection {} Count(0)/Percent(50) soft false
    4 <- [0 2 3] create instances net-app Dev x eu-west-1,us-east-1 {} Count(0)/Percent(50) soft false
    5 <- [1 4] create instances net-base Prod,Shop x eu-west-1,us-east-1 in ["Work"] Intersection {} Count(0)/Percent(50) soft false
    6 <- [0 2 5] create instances net-app Prod x eu-west-1,us-east-1 {"Name": "Prod"} Count(0)/Percent(50) soft false
    7 <- [0 2 5] create instances net-app Shop x eu-west-1,us-east-1 {"Name": "Shop"} Count(0)/Percent(50) soft false
    "#);
}

#[test]
fn a_changed_template_updates_the_first_wave_and_retries_the_others() {
    let changed = with_templates(&format!("{BASE}  Queue: {{ Type: AWS::SQS::Queue }}\n"), APP);
    insta::assert_snapshot!(steps(&planned(&changed, &deployed())), @r#"
    0 <- [] update set net-base Dev x eu-west-1,us-east-1 in ["Work"] Intersection
    1 <- [0] create instances net-base Prod,Shop x eu-west-1,us-east-1 in ["Work"] Intersection {} Count(0)/Percent(50) soft false
    "#);
}

#[test]
fn what_changes_inside_stacks_is_told_once_for_all_cells() {
    let app = APP.replace("AWS::SNS::Topic }", "AWS::SNS::Topic, Properties: { DisplayName: !Ref Name } }");
    let changed = with_templates(&BASE.replace("SNS::Topic", "SQS::Queue"), &app);
    let observed = deployed();
    let found = stackfleet_plan::changes(&planned(&changed, &observed), &observed);
    let lines = found.iter().flat_map(|stack| {
        stack.resources.iter().map(|changed| {
            let (resource, cells) = (&changed.update.difference, changed.cells);
            let kind = match &resource.kind {
                ResourceChange::Changed(values) => {
                    values.iter().map(|value| format!("{} {:?}", value.path(), value.after)).collect::<String>()
                }
                other @ (ResourceChange::Added | ResourceChange::Removed | ResourceChange::Retyped { .. }) => {
                    format!("{other:?}")
                }
            };
            format!("{}: {} {cells}x {kind} {:?}", stack.stack, resource.logical_id, changed.update.effect)
        })
    });
    insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"), @r#"
    base: Topic 6x Retyped { from: "AWS::SNS::Topic" } TypeRefused
    app: Topic 2x DisplayName Some(String("Dev")) InPlace
    app: Topic 2x DisplayName Some(String("Prod")) InPlace
    app: Topic 2x DisplayName Some(String("Shop")) InPlace
    "#);
}

#[test]
fn a_long_template_goes_by_way_of_the_home_bucket() {
    let long = format!("{BASE}# {}\n", "x".repeat(60_000));
    let plan = planned(&with_templates(&long, APP), &deployed());
    let lines = steps(&plan);
    assert!(lines.starts_with("0 <- [] bucket stackfleet-artifacts-999988887777-eu-west-1 false\n1 <- [0] update set"));
}

#[test]
fn uneven_cells_become_several_exact_operations() {
    let mut observed = deployed();
    remove(&mut observed, "net-base", "111111111111", "eu-west-1");
    remove(&mut observed, "net-base", "222222222222", "us-east-1");
    let changed = with_templates(&format!("{BASE}  Queue: {{ Type: AWS::SQS::Queue }}\n"), APP);
    insta::assert_snapshot!(steps(&planned(&changed, &observed)), @r#"
    0 <- [] update set net-base Dev x us-east-1 in ["Work"] Intersection
    1 <- [0] create instances net-base Dev x eu-west-1 in ["Work"] Intersection {} Count(0)/Percent(50) soft false
    2 <- [0 1] create instances net-base Prod,Shop x eu-west-1,us-east-1 in ["Work"] Intersection {} Count(0)/Percent(50) soft false
    "#);
    insta::assert_snapshot!(steps(&repair(&project(), &Artifacts::default(), &observed)), @r#"
    0 <- [] create instances net-base Dev x eu-west-1 in ["Work"] Intersection {} Percent(100)/Percent(100) soft false
    1 <- [] create instances net-base Prod x us-east-1 in ["Work"] Intersection {} Percent(100)/Percent(100) soft false
    "#);
}

#[test]
fn other_parameter_values_update_the_instances_that_have_them() {
    let mut observed = deployed();
    let own = BTreeMap::from([("Name".to_owned(), "Shopping".to_owned())]);
    instance(&mut observed, "net-app", "333333333333", "eu-west-1").overrides = Some(own);
    insta::assert_snapshot!(steps(&planned(&project(), &observed)), @r#"0 <- [] update instances net-app Shop x eu-west-1 {"Name": "Shop"}"#);
    // What was not read is not known to differ.
    instance(&mut observed, "net-app", "333333333333", "eu-west-1").overrides = None;
    assert_eq!(steps(&planned(&project(), &observed)), "");
}

#[test]
fn what_is_under_way_is_followed_and_the_rest_waits_for_it() {
    let mut observed = deployed();
    for name in ["eu-west-1", "us-east-1"] {
        let found = instance(&mut observed, "net-base", "111111111111", name);
        (found.status, found.detailed) = (InstanceStatus::Outdated, Some("RUNNING".to_owned()));
        found.last_operation = Some("sf-now".to_owned());
        remove(&mut observed, "net-base", "222222222222", name);
    }
    observed.stack_sets.get_mut("net-base").unwrap().running =
        vec![ObservedOperation { id: "sf-now".to_owned(), action: "CREATE".to_owned(), status: "RUNNING".to_owned() }];
    insta::assert_snapshot!(steps(&planned(&project(), &observed)), @r#"
    0 <- [] follow net-base sf-now
    1 <- [0] create instances net-base Prod x eu-west-1,us-east-1 in ["Work"] Intersection {} Count(0)/Percent(50) soft false
    "#);
}

#[test]
fn a_wave_waits_for_all_of_the_wave_before_even_if_part_of_that_is_only_followed() {
    let mut observed = deployed();
    for name in ["eu-west-1", "us-east-1"] {
        remove(&mut observed, "net-base", "111111111111", name);
        remove(&mut observed, "net-base", "222222222222", name);
        let found = instance(&mut observed, "net-app", "111111111111", name);
        (found.status, found.detailed) = (InstanceStatus::Outdated, Some("RUNNING".to_owned()));
        found.last_operation = Some("sf-now".to_owned());
    }
    let running =
        ObservedOperation { id: "sf-now".to_owned(), action: "CREATE".to_owned(), status: "RUNNING".to_owned() };
    observed.stack_sets.get_mut("net-app").unwrap().running = vec![running];
    insta::assert_snapshot!(steps(&planned(&project(), &observed)), @r#"
    0 <- [] follow net-app sf-now
    1 <- [] create instances net-base Dev x eu-west-1,us-east-1 in ["Work"] Intersection {} Count(0)/Percent(50) soft false
    2 <- [0 1] create instances net-base Prod x eu-west-1,us-east-1 in ["Work"] Intersection {} Count(0)/Percent(50) soft false
    "#);
}

#[test]
fn a_retry_takes_failed_cells_and_leaves_missing_ones() {
    let mut observed = deployed();
    remove(&mut observed, "net-base", "111111111111", "eu-west-1");
    let found = instance(&mut observed, "net-base", "222222222222", "eu-west-1");
    (found.status, found.detailed) = (InstanceStatus::Outdated, Some("FAILED".to_owned()));
    insta::assert_snapshot!(
        steps(&stackfleet_plan::retry(&project(), &Artifacts::default(), &observed)),
        @r#"0 <- [] create instances net-base Prod x eu-west-1 in ["Work"] Intersection {} Percent(100)/Percent(100) soft false"#
    );
}

#[test]
fn failed_cells_are_retried_under_another_operation_id() {
    let operation = |observed: &Observed| {
        let plan = planned(&project(), observed);
        let ids: Vec<String> = plan
            .steps
            .iter()
            .filter_map(|step| {
                let stackfleet_plan::Action::CreateInstances { operation, .. } = &step.action else { return None };
                Some(operation.clone())
            })
            .collect();
        assert_eq!(ids.len(), 1);
        ids.concat()
    };
    let mut observed = deployed();
    let found = instance(&mut observed, "net-base", "222222222222", "eu-west-1");
    (found.status, found.detailed) = (InstanceStatus::Outdated, Some("FAILED".to_owned()));
    found.reason = Some("denied".to_owned());
    let first = operation(&observed);
    assert_eq!(first, operation(&observed));
    observed.stack_sets.get_mut("net-base").unwrap().last_operation = Some(first.clone());
    assert_ne!(first, operation(&observed));
    let verified = verify(&project(), &Artifacts::default(), &observed);
    let failed: Vec<_> = verified.cells.iter().filter(|cell| cell.reason.is_some()).collect();
    insta::assert_debug_snapshot!(failed.iter().map(|cell| (&cell.account.name, &cell.region, cell.state, &cell.reason)).collect::<Vec<_>>(), @r#"
    [
        (
            "Prod",
            eu-west-1,
            Failed,
            Some(
                "denied",
            ),
        ),
    ]
    "#);
}

#[test]
fn automatic_deployment_is_switched_by_itself() {
    let mut observed = deployed();
    let model = &mut observed.stack_sets.get_mut("net-base").unwrap().definition.model;
    *model = PermissionModel::ServiceManaged { auto_deploy: false, retain: false };
    insta::assert_snapshot!(steps(&planned(&project(), &observed)), @"0 <- [] auto deployment net-base true");
}

#[test]
fn what_is_not_ours_is_refused_and_what_is_surplus_is_told() {
    let mut observed = deployed();
    observed.stack_sets.get_mut("net-base").unwrap().definition.tags.clear();
    let place = Cell { account: account("444444444444"), region: region("eu-west-1") };
    let found = instance(&mut observed, "net-app", "111111111111", "eu-west-1").clone();
    observed.stack_sets.get_mut("net-app").unwrap().instances.insert(place, found);
    let plan = planned(&project(), &observed);
    assert_eq!(steps(&plan), "");
    insta::assert_snapshot!(findings(&plan).join("\n"), @r"
    ! PLAN021 there is a stack set `net-base` that stackfleet did not make
    - PLAN024 stack set `net-app` has 1 instances outside the targets; they are left alone
    ");
}

#[test]
fn suspended_accounts_and_regions_that_are_off_are_left_out_with_the_reason() {
    let mut observed = world(&ACCOUNTS);
    let organization = observed.organization.as_mut().unwrap();
    organization.accounts.get_mut(&account("222222222222")).unwrap().state = AccountState::Suspended;
    observed.regions_off.insert(account("333333333333"), [region("us-east-1")].into());
    let plan = planned(&project(), &observed);
    let skipped: Vec<String> =
        plan.skipped.iter().map(|left| format!("{} {:?}: {}", left.account.name, left.region, left.reason)).collect();
    insta::assert_snapshot!(skipped.join("\n"), @r"
    Prod None: the account is suspended
    Shop Some(us-east-1): the region is off in the account
    ");
    insta::assert_snapshot!(steps(&plan), @r#"
    0 <- [] administration role {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Resource":["arn:aws:iam::*:role/deployer"]}]}
    1 <- [] create set net-base {} {}
    2 <- [0] create set net-app {"Name": Some("Dev")} {}
    3 <- [1] create instances net-base Dev x eu-west-1,us-east-1 in ["Work"] Intersection {} Count(0)/Percent(50) soft false
    4 <- [0 2 3] create instances net-app Dev x eu-west-1,us-east-1 {} Count(0)/Percent(50) soft false
    5 <- [1 4] create instances net-base Shop x eu-west-1 in ["Work"] Intersection {} Count(0)/Percent(50) soft false
    6 <- [0 2 5] create instances net-app Shop x eu-west-1 {"Name": "Shop"} Count(0)/Percent(50) soft false
    "#);
}

const ORGANIZATION: &str = "
version: 1
organization:
  management: root@example.com
  regions: [eu-west-1]
  units:
    Work:
      policies: [guard.json]
      accounts:
        Dev: { email: Dev@example.com, tags: { env: dev } }
        New: { email: new@example.com }
      units:
        Live: { accounts: { Prod: { email: prod@example.com } } }
";

#[test]
fn the_organization_is_brought_to_what_is_declared_and_strangers_stay() {
    let guard = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"iam:CreateUser","Resource":"*"}]}"#;
    let files = [("stackfleet.yaml", ORGANIZATION), ("guard.json", guard)];
    let project = load(files.map(|(path, text)| (path.to_owned(), text.to_owned())).into());
    let mut observed =
        world(&[("111111111111", "Dev", "Work"), ("222222222222", "Prod", "Side"), ("444444444444", "Other", "Side")]);
    let organization = observed.organization.as_mut().unwrap();
    organization.service_control_policies = true;
    let creation = ObservedCreation { id: "car-1".to_owned(), failure: None };
    organization.creations.insert("New".to_owned(), creation);
    let side = organization.units["Side"].id.clone();
    let stale = ObservedPolicy { id: "p-1".to_owned(), content: "{}".to_owned(), targets: [side].into() };
    organization.policies.insert("guard".to_owned(), stale.clone());
    organization.policies.insert("foreign".to_owned(), stale);
    let plan = planned(&project, &observed);
    insta::assert_snapshot!(steps(&plan), @r#"
    0 <- [] unit Work/Live
    1 <- [] tag Dev {"env": "dev"}
    2 <- [] account New car-1
    3 <- [2] move New `` -> `Work`
    4 <- [0] move Prod `Side` -> `Work/Live`
    5 <- [] update policy guard
    6 <- [5] attach guard to Work
    7 <- [5] detach guard from Side
    8 <- [] create policy stackfleet-regions
    9 <- [8] attach stackfleet-regions to /
    "#);
    insta::assert_snapshot!(findings(&plan).join("\n"), @r"
    - PLAN005 the management account's e-mail address is management@example.com
    - PLAN006 account `Other` is not in the project and is left alone
    ");
}
