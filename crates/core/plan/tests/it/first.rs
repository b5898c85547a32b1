//! The first rollout of the example, in a world where nothing exists.

use stackfleet_plan::{Action, Artifacts, observed::PermissionModel, plan, plan::Change, scope};

use crate::fixture::{empty_world, example, load, steps, world};

#[test]
fn everything_is_made_in_order() {
    let (project, artifacts) = example();
    let plan = plan(&project, &artifacts, &empty_world());
    assert_eq!(plan.findings.iter().filter(|finding| finding.blocks).collect::<Vec<_>>(), [] as [&_; 0]);
    insta::assert_snapshot!(steps(&plan), @r#"
    0 <- [] create organization
    1 <- [0] unit Workloads
    2 <- [0] unit Shared
    3 <- [0] unit Sandbox
    4 <- [0] account Production 
    5 <- [1 4] move Production `` -> `Workloads`
    6 <- [0] account Staging 
    7 <- [1 6] move Staging `` -> `Workloads`
    8 <- [0] account Development 
    9 <- [1 8] move Development `` -> `Workloads`
    10 <- [0] account AccessManagement 
    11 <- [2 10] move AccessManagement `` -> `Shared`
    12 <- [0] account SensitiveData 
    13 <- [2 12] move SensitiveData `` -> `Shared`
    14 <- [0] account Infra 
    15 <- [2 14] move Infra `` -> `Shared`
    16 <- [0] account Sandbox-Ana 
    17 <- [3 16] move Sandbox-Ana `` -> `Sandbox`
    18 <- [0] account Sandbox-Ben 
    19 <- [3 18] move Sandbox-Ben `` -> `Sandbox`
    20 <- [0] account Sandbox-Caro 
    21 <- [3 20] move Sandbox-Caro `` -> `Sandbox`
    22 <- [0] account Sandbox-Dev 
    23 <- [3 22] move Sandbox-Dev `` -> `Sandbox`
    24 <- [0] account Sandbox-Eli 
    25 <- [3 24] move Sandbox-Eli `` -> `Sandbox`
    26 <- [0] account Sandbox-Fay 
    27 <- [3 26] move Sandbox-Fay `` -> `Sandbox`
    28 <- [0] account Sandbox-Gus 
    29 <- [3 28] move Sandbox-Gus `` -> `Sandbox`
    30 <- [0] enable policies
    31 <- [30] create policy lockdown
    32 <- [12 13 31] attach lockdown to SensitiveData
    33 <- [30] create policy protect-baseline
    34 <- [2 33] attach protect-baseline to Shared
    35 <- [1 33] attach protect-baseline to Workloads
    36 <- [30] create policy stackfleet-regions
    37 <- [36] attach stackfleet-regions to /
    38 <- [0] activate access
    39 <- [] administration role {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Resource":["arn:aws:iam::*:role/stackfleet-key-rotation-execution"]}]}
    40 <- [0] bucket stackfleet-artifacts-999988887777-eu-west-1 false
    41 <- [40] upload eu-west-1 key-rotation/app/5694d08a
    42 <- [0 38] create set key-rotation-execution-role {"AdministratorAccountId": Some("999988887777")} {"CAPABILITY_NAMED_IAM"}
    43 <- [0 39] create set key-rotation-app {"Environment": Some("sandbox")} {"CAPABILITY_AUTO_EXPAND", "CAPABILITY_IAM"}
    44 <- [1 8 9 35 37 42] create instances key-rotation-execution-role Development x eu-west-1 in ["Workloads"] Intersection {} Count(1)/Percent(25) soft false
    45 <- [1 8 9 35 37 39 41 43 44] create instances key-rotation-app Development x eu-west-1 {"Environment": "dev", "MaxAgeDays": "30", "UnusedDays": "14"} Count(1)/Percent(25) soft false
    46 <- [1 6 7 35 37 42 45] create instances key-rotation-execution-role Staging x eu-west-1 in ["Workloads"] Intersection {} Count(1)/Percent(25) soft false
    47 <- [1 6 7 35 37 39 41 43 46] create instances key-rotation-app Staging x eu-west-1 {"Environment": "staging"} Count(1)/Percent(25) soft false
    48 <- [1 2 3 4 5 10 11 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 34 35 37 42 47] create instances key-rotation-execution-role Production,AccessManagement,Infra,Sandbox-Ana,Sandbox-Ben,Sandbox-Caro,Sandbox-Dev,Sandbox-Eli,Sandbox-Fay,Sandbox-Gus x eu-west-1 in ["Sandbox", "Shared", "Workloads"] Intersection {} Count(1)/Percent(25) soft false
    49 <- [1 4 5 35 37 39 41 43 48] create instances key-rotation-app Production x eu-west-1 {"Environment": "prod"} Count(1)/Percent(25) soft false
    50 <- [2 10 11 14 15 34 37 39 41 43 48] create instances key-rotation-app AccessManagement,Infra x eu-west-1 {"Environment": "shared"} Count(1)/Percent(25) soft false
    51 <- [3 16 17 18 19 20 21 22 23 24 25 26 27 28 29 37 39 41 43 48] create instances key-rotation-app Sandbox-Ana,Sandbox-Ben,Sandbox-Caro,Sandbox-Dev,Sandbox-Eli,Sandbox-Fay,Sandbox-Gus x eu-west-1 {"KeyAction": "deactivate"} Count(1)/Percent(25) soft false
    "#);
    for step in &plan.steps {
        assert!(step.after.iter().all(|before| before < &step.id), "{step:?}");
    }
    assert!(plan.cells.iter().all(|cell| cell.change == Change::Create));
}

#[test]
fn the_template_is_sent_as_written_but_for_the_place_of_the_code() {
    let (project, artifacts) = example();
    let plan = plan(&project, &artifacts, &empty_world());
    let definition = plan.steps.iter().find_map(|step| {
        let Action::CreateStackSet { set, definition } = &step.action else { return None };
        (set == "key-rotation-app").then_some(definition)
    });
    let definition = definition.unwrap();
    let written = &project.apps["key-rotation"].stacks["app"].template.text;
    let changed: Vec<(&str, &str)> =
        written.lines().zip(definition.template.lines()).filter(|(before, after)| before != after).collect();
    insta::assert_debug_snapshot!(changed, @r#"
    [
        (
            "      CodeUri: src",
            "      CodeUri: {\"Bucket\":{\"Fn::Sub\":\"stackfleet-artifacts-999988887777-${AWS::Region}\"},\"Key\":\"key-rotation/app/5694d08a2e53ffcae0c3103e5ad6f6076abd960eb1f8a56577040bc1028f702b.zip\"}",
        ),
    ]
    "#);
    assert_eq!(
        definition.model,
        PermissionModel::SelfManaged {
            administration_role: "arn:aws:iam::999988887777:role/AWSCloudFormationStackSetAdministrationRole"
                .to_owned(),
            execution_role: "stackfleet-key-rotation-execution".to_owned(),
        }
    );
}

#[test]
fn the_scope_names_what_decisions_need() {
    let (project, artifacts) = example();
    insta::assert_debug_snapshot!(scope(&project, &artifacts), @r#"
    Scope {
        home: Some(
            eu-west-1,
        ),
        regions: {
            eu-west-1,
        },
        stack_sets: {
            "key-rotation-app",
            "key-rotation-execution-role",
        },
        overrides: {
            "key-rotation-app",
        },
        policies: true,
        artifacts: {
            "key-rotation/app/5694d08a2e53ffcae0c3103e5ad6f6076abd960eb1f8a56577040bc1028f702b.zip",
        },
        administration_role: Some(
            "AWSCloudFormationStackSetAdministrationRole",
        ),
    }
    "#);
}

#[test]
fn the_same_inputs_give_the_same_plan_and_it_survives_json() {
    let (project, artifacts) = example();
    let (one, other) = (plan(&project, &artifacts, &empty_world()), plan(&project, &artifacts, &empty_world()));
    assert_eq!(one, other);
    assert_eq!(one.id.len(), 4);
    let text = serde_json::to_string(&one).unwrap();
    let mut read: stackfleet_plan::Plan = serde_json::from_str(&text).unwrap();
    for (read, made) in read.findings.iter_mut().zip(&one.findings) {
        read.span = made.span;
    }
    assert_eq!(read, one);
    assert!(one.is_for(&empty_world()));
}

/// A request names at most fifty units (API reference, `DeploymentTargets`).
#[test]
fn more_than_fifty_units_are_named_in_several_requests() {
    // Two accounts in each of 60 units, of which one is meant: no unit may be named whole.
    let names: Vec<(String, String, String)> = (0..120)
        .map(|number| {
            (format!("{:012}", 100_000_000_000_u64 + number), format!("A{number}"), format!("U{}", number / 2))
        })
        .collect();
    let accounts: Vec<(&str, &str, &str)> =
        names.iter().map(|(id, name, unit)| (id.as_str(), name.as_str(), unit.as_str())).collect();
    let targets: Vec<String> = (0..60).map(|unit| format!("account:A{}", unit * 2)).collect();
    let project = format!(
        "version: 1\napps:\n  net:\n    targets: \"{}\"\n    regions: [eu-west-1]\n    stacks:\n      a: {{ template: \
         a.yaml, via: stack-set }}\n",
        targets.join(" ")
    );
    let template = "Resources: { Topic: { Type: AWS::SNS::Topic } }";
    let files = [("stackfleet.yaml", project.as_str()), ("a.yaml", template)];
    let project = load(files.map(|(path, text)| (path.to_owned(), text.to_owned())).into());
    let plan = plan(&project, &Artifacts::default(), &world(&accounts));
    let named: Vec<(usize, usize)> = plan
        .steps
        .iter()
        .filter_map(|step| {
            let Action::CreateInstances { targets, .. } = &step.action else { return None };
            Some((targets.units.as_ref().unwrap().units.len(), targets.accounts.len()))
        })
        .collect();
    assert_eq!(named, [(50, 50), (10, 10)]);
}
