//! What a project file says, as values.

use stackfleet_project::model::{Amount, Reference, TextPart};

use crate::{problems, project};

const TEMPLATE: &str = "
//- t.yaml
Parameters:
  Size: { Type: Number, Default: 1 }
  Subnets: { Type: CommaDelimitedList, Default: a }
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties: { RoleName: !Sub \"worker-${Size}\", AssumeRolePolicyDocument: { Statement: { Effect: Allow, Principal: '*', Action: sts:AssumeRole } } }
Outputs:
  Name: { Value: !Ref Role }
  Arn: { Value: !GetAtt Role.Arn }
  Where: { Value: !Ref AWS::Region }
  Subnets: { Value: !Join [',', !Ref Subnets] }
";

#[test]
fn a_project_may_do_without_an_organization() {
    let project = project(&format!(
        "//- stackfleet.yaml
version: 1
apps:
  a:
    targets: ou:Anything
    regions: [eu-west-1]
    stacks: {{ s: {{ template: t.yaml, parameters: {{ Subnets: [x, y] }} }} }}
{TEMPLATE}"
    ));
    let app = &project.apps["a"];
    assert_eq!((app.rollout.max_concurrent, app.rollout.stop_after), (Amount::Percent(100), Amount::Count(1)));
    assert_eq!(app.stacks["s"].parameters["Subnets"].value.literal(), Some("x,y"));
}

#[test]
fn stacks_stand_after_those_they_refer_to_and_outputs_are_known() {
    let project = project(&format!(
        "//- stackfleet.yaml
version: 1
apps:
  a:
    targets: '*'
    regions: [eu-west-1]
    rollout: {{ max-concurrent: 5, stop-after: 10% }}
    stacks:
      last: {{ template: u.yaml, parameters: {{ Role: \"${{first.Arn}}\" }} }}
      first: {{ template: t.yaml, parameters: {{ Size: 7 }} }}
//- u.yaml
Parameters: {{ Role: {{ Type: String }} }}
Resources: {{ Topic: {{ Type: AWS::SNS::Topic, Properties: {{ TopicName: !Ref Role }} }} }}
{TEMPLATE}"
    ));
    let app = &project.apps["a"];
    assert_eq!(app.stacks.keys().collect::<Vec<_>>(), ["first", "last"]);
    assert_eq!((app.rollout.max_concurrent, app.rollout.stop_after), (Amount::Count(5), Amount::Percent(10)));
    let arn = project.output(app, "first", "Arn").unwrap();
    assert_eq!(
        arn.parts,
        [
            TextPart::Literal("arn:aws:iam::".into()),
            TextPart::Reference(Reference::AccountId),
            TextPart::Literal(":role/worker-7".into())
        ]
    );
    assert_eq!(
        project.output(app, "first", "Where").unwrap_err().to_string(),
        "`AWS::Region` is known only in the account"
    );
}

#[test]
fn no_text_makes_reading_panic() {
    let good = crate::example::source();
    let text = &good["stackfleet.yaml"];
    // Every line left out in turn, and every line's value replaced.
    for skipped in 0..text.lines().count() {
        for replacement in [None, Some("x: [1, {a: b}]"), Some("- 1"), Some(": :")] {
            let lines =
                text.lines().enumerate().filter_map(|(at, line)| if at == skipped { replacement } else { Some(line) });
            let mut files = good.clone();
            files.insert("stackfleet.yaml".into(), lines.collect::<Vec<_>>().join("\n"));
            crate::load(&files);
        }
    }
}

#[test]
fn a_missing_project_file_says_what_to_do() {
    assert_eq!(
        problems(""),
        "error[PRJ001]: there is no file `stackfleet.yaml`\n    help: run `stackfleet init`, or name the project's folder"
    );
}
