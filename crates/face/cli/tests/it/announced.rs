//! What is announced before a rollout is what fails in it: in the same accounts and regions, at the same resources, for
//! the same actions, and nowhere else.
//!
//! The checks decide with the project and the plan; the simulated AWS decides call by call while the rollout runs. They
//! share no decision. `STACKFLEET_ACCOUNTS` asks for more accounts than fit into a usual test run.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use stackfleet_testkit::{planted, planted::ACCOUNTS_MIN, write};

use crate::sandbox::Sandbox;

/// Stack, account, region.
type Place = (String, String, String);
/// A resource, or nothing where the account cannot be entered, and the action refused.
type Refused = (Option<String>, String);

/// Resources of the application, each before those that wait for it.
const ORDER: [&str; 4] = ["BeatRole", "Beat", "BeatHourly", "BeatHourlyPermission"];

#[test]
fn what_is_announced_is_what_fails() {
    let accounts =
        std::env::var("STACKFLEET_ACCOUNTS").ok().and_then(|count| count.parse().ok()).unwrap_or(ACCOUNTS_MIN);
    let sandbox = Sandbox::new();
    write(&planted(accounts), &sandbox.path("project")).unwrap();
    let run = sandbox.run(&["rehearse", "project", "--json", "--quiet"]).ends(3).json();

    let announced = announced(&run);
    let failed = failed(&run);
    let places = |map: &BTreeMap<Place, BTreeSet<Refused>>| map.keys().cloned().collect::<BTreeSet<_>>();
    let (told, seen) = (places(&announced), failed.keys().cloned().collect::<BTreeSet<_>>());
    assert_eq!(told.difference(&seen).collect::<Vec<_>>(), Vec::<&Place>::new(), "announced, and did not fail");
    assert_eq!(seen.difference(&told).collect::<Vec<_>>(), Vec::<&Place>::new(), "failed, and was not announced");
    for (place, refused) in &failed {
        let announced = &announced[place];
        assert!(announced.contains(refused), "{place:?}: {refused:?} failed, announced was {announced:?}");
        // The first resource that is refused stops the stack before those that wait for it.
        let rank = |resource: &Option<String>| ORDER.iter().position(|known| resource.as_deref() == Some(known));
        assert_eq!(rank(&refused.0), announced.iter().map(|(resource, _)| rank(resource)).min().unwrap(), "{place:?}");
    }
    kinds(&failed);
    clashes(&run);
}

/// Every fault shows, and by its own action.
fn kinds(failed: &BTreeMap<Place, Refused>) {
    let of = |account: &str, region: &str| {
        let place = ("app".to_owned(), account.to_owned(), region.to_owned());
        failed.get(&place).map(|(resource, action)| format!("{}: {action}", resource.as_deref().unwrap_or("-")))
    };
    let expected = [
        ("Account-00001", "eu-west-1", None),
        ("Account-00000", "eu-west-1", Some("BeatHourly: events:PutRule")),
        ("Account-00005", "us-east-1", Some("BeatHourlyPermission: lambda:AddPermission")),
        ("Account-00003", "eu-west-1", Some("BeatRole: iam:CreateRole")),
        ("Account-00007", "us-east-1", Some("-: sts:AssumeRole")),
        ("Account-00026", "us-east-1", Some("Beat: lambda:TagResource")),
        ("Account-00051", "eu-west-1", None),
        ("Account-00051", "us-east-1", Some("Beat: lambda:CreateFunction")),
        ("Account-00076", "us-east-1", None),
    ];
    for (account, region, refused) in expected {
        assert_eq!(of(account, region).as_deref(), refused, "{account} {region}");
    }
}

/// A name that two regions want is given to one of them, in each account that was announced.
fn clashes(run: &Value) {
    let told: Vec<&Value> =
        run["checks"]["findings"].as_array().unwrap().iter().filter(|finding| finding["code"] == "PRE009").collect();
    assert_eq!(told.len(), 1, "{told:#?}");
    let announced: BTreeSet<&str> =
        told[0]["accounts"].as_array().unwrap().iter().map(|account| account.as_str().unwrap()).collect();
    let mut failed: Vec<&str> =
        cells(run, "names", "failed").map(|cell| cell["account"]["name"].as_str().unwrap()).collect();
    failed.sort_unstable();
    assert_eq!(failed, announced.into_iter().collect::<Vec<_>>());
    assert_eq!(cells(run, "names", "current").count(), failed.len());
}

fn cells<'r>(run: &'r Value, stack: &'r str, state: &'r str) -> impl Iterator<Item = &'r Value> {
    run["cells"].as_array().unwrap().iter().filter(move |cell| cell["stack"] == stack && cell["state"] == state)
}

fn place(stack: &Value, cell: &Value) -> Place {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(stack), text(&cell["account"]["name"]), text(&cell["region"]))
}

/// The certain refusals that were announced.
fn announced(run: &Value) -> BTreeMap<Place, BTreeSet<Refused>> {
    let mut announced: BTreeMap<Place, BTreeSet<Refused>> = BTreeMap::new();
    let errors = run["checks"]["findings"].as_array().unwrap().iter().filter(|finding| finding["severity"] == "error");
    for refusal in errors.flat_map(|finding| finding["refusals"].as_array().unwrap()) {
        let refused = (refusal["resource"].as_str().map(str::to_owned), refusal["action"].as_str().unwrap().to_owned());
        for cell in refusal["cells"].as_array().unwrap() {
            announced.entry(place(&refusal["stack"], cell)).or_default().insert(refused.clone());
        }
    }
    announced
}

/// What failed in the run, by AWS's words.
fn failed(run: &Value) -> BTreeMap<Place, Refused> {
    let stacks = ["execution-role", "app"];
    let failed = stacks.iter().flat_map(|stack| cells(run, stack, "failed"));
    failed
        .map(|cell| {
            let reason = cell["reason"].as_str().unwrap();
            let after = |start: &str| reason.split_once(start).map(|(_, rest)| rest.split([',', ' ']).next().unwrap());
            let refused = if reason.contains("should have") {
                (None, "sts:AssumeRole".to_owned())
            } else {
                let action = after("is not authorized to perform: ").unwrap_or_else(|| panic!("{reason}"));
                (after("ResourceLogicalId:").map(str::to_owned), action.to_owned())
            };
            (place(&cell["stack"], cell), refused)
        })
        .collect()
}

#[test]
fn a_plan_names_each_cause_with_its_statement_and_is_refused() {
    let sandbox = Sandbox::new();
    write(&planted(ACCOUNTS_MIN), &sandbox.path("project")).unwrap();
    let plan = sandbox.run(&["plan", "beat", "--twin", "--project", "project"]).ends(4);
    let plan = plan.says(&[
        "✓ 99 of 100 accounts can be entered",
        "✗ account Account-00007 cannot be entered [PRE001]",
        "✗ 25 accounts will refuse lambda:TagResource [PRE005]",
        "tags (NoTags) on ou:Workloads/Team-001",
        "policies/tags.json:4",
        "home (OnlyAtHome) on ou:Workloads/Team-002",
        "roles (NoRoles) on account:Account-00003",
        "role generated-execution does not allow it",
        "the permissions boundary of role generated-execution does not allow it",
        "Nothing was changed.",
    ]);
    assert!(plan.out.lines().count() <= 60, "{}", plan.out);
    let deploy = sandbox.run(&["deploy", "beat", "--yes", "--twin", "--project", "project"]).ends(4);
    deploy.says(&["Nothing was changed.", "stackfleet deploy --despite PRE001"]);
}
