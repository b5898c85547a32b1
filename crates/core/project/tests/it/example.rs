//! The example that ships with stackfleet.

use std::collections::BTreeMap;

use stackfleet_project::model::{Amount, TextPart, Via};

/// The files of `examples/source` that a project reads, and one of the function's.
pub(crate) fn source() -> BTreeMap<String, String> {
    macro_rules! example {
        ($($path:literal)*) => {
            BTreeMap::from([$(($path.to_owned(),
                include_str!(concat!("../../../../../examples/source/", $path)).to_owned())),*])
        };
    }
    example!("stackfleet.yaml" "policies/protect-baseline.json" "policies/lockdown.json" "iam/execution-role.yaml" "app/template.yaml" "app/src/handler.py")
}

#[test]
fn it_is_read_without_a_word() {
    let (project, problems) = crate::load(&source());
    assert_eq!(problems, "");
    let project = project.unwrap();
    let tree = project.organization.as_ref().unwrap().tree();
    let app = &project.apps["key-rotation"];
    assert_eq!(tree.accounts.len(), 14);
    assert_eq!(app.targets.select(&tree).len(), 12);
    assert_eq!(app.rollout.waves.iter().map(|wave| wave.name.as_str()).collect::<Vec<_>>(), ["dev", "staging", "rest"]);
    assert_eq!((app.rollout.max_concurrent, app.rollout.stop_after), (Amount::Percent(25), Amount::Count(2)));
    assert_eq!(app.stacks.keys().collect::<Vec<_>>(), ["execution-role", "app"]);
    assert_eq!(app.stacks["app"].via.as_ref().unwrap().value, Via::StackSet);
    let role = project.output(app, "execution-role", "RoleName").unwrap();
    assert_eq!(role.parts, [TextPart::Literal("stackfleet-key-rotation-execution".into())]);
}

#[test]
fn accounts_have_environments_and_parameters() {
    let (project, _) = crate::load(&source());
    let project = project.unwrap();
    let tree = project.organization.as_ref().unwrap().tree();
    let stack = &project.apps["key-rotation"].stacks["app"];
    let told = |name: &str| {
        let account = tree.account(name).unwrap();
        let age = project.parameter(stack, "MaxAgeDays", account).and_then(|age| age.literal().map(str::to_owned));
        (project.environment_of(account).unwrap().to_owned(), age)
    };
    assert_eq!(told("Development"), ("dev".to_owned(), Some("30".to_owned())));
    assert_eq!(told("Infra"), ("shared".to_owned(), None));
    assert_eq!(told("Sandbox-Ana").0, "sandbox");
}

#[test]
fn the_digest_follows_every_file() {
    let digest = |files: &BTreeMap<String, String>| crate::load(files).0.unwrap().digest;
    let original = source();
    for path in original.keys().filter(|path| !path.ends_with(".py")) {
        let mut changed = source();
        changed.get_mut(path).unwrap().push('\n');
        assert_ne!(digest(&original), digest(&changed), "{path}");
    }
    assert_eq!(digest(&original), digest(&source()));
}
