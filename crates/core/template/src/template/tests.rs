//! Texts in; problems and places out.

use stackfleet_base::Sources;

use super::*;

/// Shows diagnostics as `line:column code message`, the text they point at behind.
fn check(text: &str) -> String {
    let mut sources = Sources::default();
    let (_, diagnostics) = read(sources.add("t.yaml", text), text);
    let line = |found: &stackfleet_base::Diagnostic| {
        let span = found.span().unwrap();
        let place = sources.location(span).unwrap();
        let pointed = text[span.start..span.end].lines().next().unwrap_or_default();
        format!("{}:{} {} {} <{pointed}>", place.line, place.column, found.code, found.message)
    };
    diagnostics.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn body(text: &str) -> String {
    read_body(text).map_or_else(|problem| problem.message, |_| "ok".to_owned())
}

#[test]
fn tags_are_normalised() {
    let text = r"
Resources:
  A:
    Type: T
    Properties:
      a: !GetAtt B.Outputs.X
      b: !Sub ['${x}', {x: !Ref AWS::Region}]
      c: !If [C, yes, !Base64 017]
      d: {200: 1}
      <<: {e: 1, a: 2}
";
    let (template, _) = read(Sources::default().add("t", text), text);
    insta::assert_snapshot!(template.value(), @r#"{"Resources":{"A":{"Type":"T","Properties":{"a":{"Fn::GetAtt":["B","Outputs.X"]},"b":{"Fn::Sub":["${x}",{"x":{"Ref":"AWS::Region"}}]},"c":{"Fn::If":["C",true,{"Fn::Base64":"017"}]},"d":{"200":1},"e":1}}}}"#);
}

#[test]
fn pointers_lead_back_to_the_text() {
    let text = "Resources:\n  A:\n    Type: T\n    Properties:\n      a: !GetAtt B.Arn\n      b: !Sub\n        - '${x}'\n        - {x: !Ref A}\n      c: {'Fn::Sub': q}\n";
    let (template, _) = read(Sources::default().add("t", text), text);
    let at = |pointer: &str| {
        let span = template.span(pointer).unwrap();
        text[span.start..span.end].to_owned()
    };
    assert_eq!(at("/Resources/A/Properties/a"), "!GetAtt B.Arn");
    assert_eq!(at("/Resources/A/Properties/a/Fn::GetAtt/1"), "B.Arn");
    assert_eq!(at("/Resources/A/Properties/b/Fn::Sub/1/x"), "!Ref A");
    assert_eq!(at("/Resources/A/Properties/b/Fn::Sub/1/x/Ref"), "A");
    assert_eq!(at("/Resources/A/Properties/c/Fn::Sub"), "q");
    assert_eq!(
        at("/Resources/A/Properties/d/e"),
        "a: !GetAtt B.Arn\n      b: !Sub\n        - '${x}'\n        - {x: !Ref A}\n      c: {'Fn::Sub': q}"
    );
}

#[test]
fn every_problem_is_found_in_the_order_of_the_file() {
    let text = "\
AWSTemplateFormatVersion: 2010-09-09
Parameters:
  Age: {Type: Integer}
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: !Ref Nmae
      Enabled: YES
      Account: 012345670123
  my-bucket:
    Type: AWS::S3::Bucket
    Propertys: {}
  Empty:
    Type: T
    DependsOn: [Role, Gone]
    Properties:
      a:
      b: !Sub '${Nothing.Arn}'
Outputs:
  Out: {Description: x}
  Role: {Value: !GetAtt Roll.Arn, Condition: C}
";
    insta::assert_snapshot!(check(text), @"
    3:15 TPL002 Template format error: Unrecognized parameter type: Integer <Integer>
    8:22 TPL003 Template format error: Unresolved resource dependencies [Nmae] in the Resources block of the template <Nmae>
    9:16 TPL011 CloudFormation reads the bare `YES` as `true` <YES>
    10:16 TPL011 CloudFormation reads the bare `012345670123` as `1402433619` <012345670123>
    11:3 TPL002 Template format error: Resource name my-bucket is non alphanumeric <my-bucket>
    13:5 TPL012 Invalid template resource property 'Propertys' <Propertys>
    16:23 TPL003 Template format error: Unresolved resource dependencies [Gone] in the Resources block of the template <Gone>
    18:9 TPL002 [/Resources/Empty/Properties/a] 'null' values are not allowed in templates <>
    19:18 TPL003 Template error: instance of Fn::Sub references invalid resource attribute Nothing.Arn <Nothing>
    21:3 TPL002 Template format error: Every Outputs member must contain a Value object <Out>
    22:25 TPL003 Template error: instance of Fn::GetAtt references undefined resource Roll <Roll>
    22:46 TPL003 Template format error: Unresolved condition dependency C in the Outputs block of the template <C>
    ");
}

#[test]
fn refusals_are_those_recorded_from_aws() {
    let cases = [
        ("{\"a\" 1}", "Template format error: JSON not well-formed. (line 1, column 6)"),
        ("a: [", "Template format error: YAML not well-formed. (line 1, column 4)"),
        ("just text", "Template format error: unsupported structure."),
        ("Resources: {}", "Template format error: At least one Resources member must be defined."),
        ("Resources: {A: x}", "Template format error: Any Resources member must be an object."),
        (
            "Resources: {A: {}}",
            "Template format error: [/Resources/A] Every Resources object must contain a Type member.",
        ),
        ("Resources: {a-b: {Type: T}}", "Template format error: Resource name a-b is non alphanumeric."),
        ("Resources: {A: {Type: T, Invalid: x}}", "Invalid template resource property 'Invalid'"),
        (
            "Resources: {A: {Type: T, Properties: {p: !Ref MyTopic}}}",
            "Template format error: Unresolved resource dependencies [MyTopic] in the Resources block of the template",
        ),
        (
            "Resources: {A: {Type: T}}\nOutputs: {O: {Value: !Ref MyTopic}}",
            "Unresolved resource dependencies [MyTopic] in the Outputs block of the template",
        ),
        (
            "Resources: {A: {Type: T, DependsOn: B, Properties: {p: [!Ref Y, !Ref X, !Ref Y]}}}\nOutputs: {O: {Value: !Ref Z}}",
            "Template format error: Unresolved resource dependencies [B, Y, X] in the Resources block of the template",
        ),
        (
            "Resources: {A: {Type: T, Properties: {p: !If [MissingCondition, 1, 2]}}}",
            "Template error: unresolved condition dependency MissingCondition in Fn::If",
        ),
        (
            "Resources: {A: {Type: T, DependsOn: B}, B: {Type: T, DependsOn: C}, C: {Type: T, DependsOn: A}, D: {Type: T, DependsOn: A}}",
            "Circular dependency between resources: [A, B, C]",
        ),
        ("Mappings: {A: x}\nResources: {A: {Type: T}}", "Template format error: Every Mappings member A must be a map"),
        (
            "Mappings: {A: {b: {c: {d: 1}}}}\nResources: {A: {Type: T}}",
            "Template format error: Every Mappings attribute must be a String or a List.",
        ),
        (
            "Resources: {A: &a {Type: T}, B: *a}",
            "Template format error: YAML aliases are not allowed in CloudFormation templates",
        ),
    ];
    for (text, message) in cases {
        assert_eq!(body(text), message, "{text}");
    }
}

#[test]
fn what_a_macro_may_bring_is_no_error() {
    assert_eq!(
        check(
            "Transform: AWS::Serverless-2016-10-31\nGlobals: {}\nResources: {F: {Type: T, Connectors: {}, Properties: {r: !GetAtt FRole.Arn}}}\n"
        ),
        ""
    );
    assert_eq!(
        check("Resources:\n  Fn::Transform: {Name: AWS::Include}\n  A: {Type: T, Properties: {r: !Ref Included}}\n"),
        ""
    );
    assert_eq!(
        check(
            "Conditions: {C: !Equals [a, b]}\nResources:\n  A: {Type: T, Condition: C, DependsOn: B}\n  B: {Type: T, Properties: {a: !If [C, 1, !Ref A]}}\n"
        ),
        ""
    );
}

#[test]
fn a_mistyped_name_is_suggested() {
    let text =
        "Parameters: {Environment: {Type: String}}\nResources: {A: {Type: T, Properties: {p: !Ref Enviroment}}}\n";
    let (_, found) = read(Sources::default().add("t", text), text);
    assert_eq!(found[0].help.as_deref(), Some("did you mean `Environment`?"));
}

fn collect_pointers(value: &Value, pointer: String, found: &mut Vec<String>) {
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect_pointers(item, format!("{pointer}/{index}"), found);
            }
        }
        Value::Object(object) => {
            for (key, member) in object {
                let key = key.replace('~', "~0").replace('/', "~1");
                collect_pointers(member, format!("{pointer}/{key}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    found.push(pointer);
}

/// The direct way must give what the tree gives, wherever it does not give up.
fn agree(text: &str) -> bool {
    let file = Sources::default().add("t", text);
    let Some(direct) = crate::document::read_directly(file, text) else { return false };
    let (root, found) = crate::yaml::read(file, text);
    assert!(found.is_empty(), "{found:?}\n{text}");
    let mut diagnostics = Vec::new();
    let root = root.unwrap();
    let value = crate::document::to_value(&root, false, &mut diagnostics);
    let mut pointers = vec!["/none".to_owned()];
    collect_pointers(&value, String::new(), &mut pointers);
    for pointer in pointers {
        let (_, in_tree, exact) = find(TreeView { node: &root, json: false }, &pointer);
        let (_, place, same) = find(direct.places.root().unwrap(), &pointer);
        assert_eq!((in_tree, exact), (place, same), "{pointer} {text}");
    }
    assert_eq!(direct.value, value, "{text}");
    assert_eq!(serde_json::to_string(&direct.value).unwrap(), serde_json::to_string(&value).unwrap(), "{text}");
    assert_eq!(direct.diagnostics, diagnostics, "{text}");
    assert_eq!(direct.facts, crate::document::Facts::of(&value), "{text}");
    true
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(500))]
    #[test]
    fn both_ways_to_the_value_agree(
        lines in proptest::collection::vec("( ){0,4}(- ){0,1}(!(Ref|GetAtt|Sub|If|x) |)(([ab]|~|1e1|no|'1'|<<|Fn::Transform): |)(!(Ref|GetAtt|Transform) |)([a0.]{0,4}|~|yes|'a.b'|null|\\[a, no\\]|\\{01: 1, b: 1\\}|123456789012)", 1..7),
    ) {
        agree(&(lines.join("\n") + "\n"));
    }
}

#[test]
#[expect(clippy::disallowed_methods, clippy::print_stderr, reason = "a test may read files and say what it skipped")]
fn both_ways_to_the_value_agree_on_real_files() {
    let Ok(root) = std::env::var("STACKFLEET_CONFORMANCE") else {
        eprintln!("skipped: STACKFLEET_CONFORMANCE is not set");
        return;
    };
    let (mut directly, mut read) = (0, 0);
    for folder in ["templates", "sam/success/input", "sam/error/input"] {
        for entry in std::fs::read_dir(format!("{root}/{folder}")).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|kind| kind == "yaml" || kind == "yml") {
                read += 1;
                directly += usize::from(agree(&std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    eprintln!("{directly} of {read} files read directly");
    assert!(directly * 10 >= read * 9, "{directly} of {read}");
}
