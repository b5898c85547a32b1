//! Every reference from one resource to another, one by one: what [`super::Graph`] knows only as "needs".

use serde_json::Value;

use crate::{
    Template,
    graph::EVALUATED_ATTRIBUTES,
    intrinsic::{Reference, references},
    pointer::{Step, to_pointer},
};

/// How a resource names another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LinkKind {
    /// `Ref`
    Ref,
    /// `Fn::GetAtt`
    GetAtt,
    /// `${..}` in an `Fn::Sub`
    Sub,
    /// `DependsOn`
    DependsOn,
}

/// A reference from one resource to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link<'template> {
    /// The resource in which it stands.
    pub from: &'template str,
    /// The resource that it names.
    pub to: &'template str,
    /// How.
    pub kind: LinkKind,
    /// The attribute that is taken; `None` where the resource itself is meant, or the attribute's name is computed.
    pub attribute: Option<&'template str>,
    /// Where it stands, as a JSON pointer into the template.
    pub pointer: String,
    /// The conditions of the `Fn::If`s around it, from the outermost, with the branch that it stands in.
    pub conditions: Vec<(&'template str, bool)>,
}

/// Returns all references between the resources of a template, in its order; names that lead nowhere are left out.
///
/// ```
/// use stackfleet_template::{LinkKind, links, read_body};
///
/// let template = read_body("
/// Conditions: { Traced: !Equals [!Ref AWS::Region, eu-west-1] }
/// Resources:
///   Topic: { Type: AWS::SNS::Topic }
///   Watcher:
///     Type: AWS::SNS::Subscription
///     Properties: { TopicArn: !If [Traced, !Ref Topic, x], Endpoint: !Sub '${Topic.TopicName}@x' }
/// ").unwrap();
/// let found = links(&template);
/// assert_eq!((found[0].kind, found[0].to, found[0].attribute), (LinkKind::Ref, "Topic", None));
/// assert_eq!(found[0].conditions, [("Traced", true)]);
/// assert_eq!((found[1].kind, found[1].to, found[1].attribute), (LinkKind::Sub, "Topic", Some("TopicName")));
/// ```
#[must_use]
pub fn links(template: &Template) -> Vec<Link<'_>> {
    let mut found = Vec::new();
    for resource in template.resources() {
        let from = resource.name;
        for to in resource.depends_on().filter(|to| template.resource(to).is_some()) {
            let pointer = to_pointer(&[Step::Key("Resources"), Step::Key(from), Step::Key("DependsOn")]);
            let conditions = Vec::new();
            found.push(Link { from, to, kind: LinkKind::DependsOn, attribute: None, pointer, conditions });
        }
        for attribute in EVALUATED_ATTRIBUTES {
            let Some(value) = resource.attribute(attribute) else { continue };
            let mut path = vec![Step::Key("Resources"), Step::Key(from), Step::Key(attribute)];
            references(value, &mut path, &|_| None, &mut |reference, path| {
                let (to, attribute) = match reference {
                    Reference::Name(name) => (name, None),
                    Reference::Attribute(name, attribute) => (name, attribute),
                    Reference::Condition(_) | Reference::Mapping(_) => return,
                };
                if template.resource(to).is_some() {
                    let conditions = branches(template.value(), path);
                    found.push(Link { from, to, kind: kind(path), attribute, pointer: to_pointer(path), conditions });
                }
            });
        }
    }
    found
}

/// The function that the innermost key of a path names.
fn kind(path: &[Step<'_>]) -> LinkKind {
    let innermost = path.iter().rev().find_map(|step| match step {
        Step::Key(key) => Some(*key),
        Step::Index(_) => None,
    });
    match innermost {
        Some("Fn::Sub") => LinkKind::Sub,
        Some("Fn::GetAtt") => LinkKind::GetAtt,
        _ => LinkKind::Ref,
    }
}

/// The conditions of the `Fn::If`s that a path goes through.
fn branches<'template>(root: &'template Value, path: &[Step<'_>]) -> Vec<(&'template str, bool)> {
    let mut found = Vec::new();
    let mut at = root;
    let mut within_if = false;
    for step in path {
        let next = match step {
            Step::Key(key) => at.get(*key),
            Step::Index(index) => {
                let condition = at.get(0).and_then(Value::as_str).filter(|_| within_if);
                found.extend(condition.map(|condition| (condition, *index == 1)));
                at.get(*index)
            }
        };
        within_if = *step == Step::Key("Fn::If");
        let Some(next) = next else { break };
        at = next;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read_body;

    #[test]
    fn every_reference_is_told_with_its_kind_and_place() {
        let template = read_body(
            "
Parameters: {P: {Type: String}}
Conditions: {C: !Equals [!Ref P, a], D: !Equals [!Ref P, b]}
Resources:
  A: {Type: T, DependsOn: [B, C], Properties: {x: !Ref B, p: !Ref P, y: [!GetAtt C.Arn], z: !Sub ['${B}${C.N}${v}', {v: !Ref D}]}}
  B: {Type: T, Properties: {x: !If [C, !If [D, a, !Ref C], !Ref D]}}
  C: {Type: T}
  D: {Type: T, Condition: C, Metadata: {m: !GetAtt [C, !Ref P]}}
",
        )
        .unwrap();
        let line = |link: &Link<'_>| {
            format!(
                "{} -> {} {:?} {:?} {} {:?}",
                link.from, link.to, link.kind, link.attribute, link.pointer, link.conditions
            )
        };
        insta::assert_snapshot!(links(&template).iter().map(line).collect::<Vec<_>>().join("\n"), @r#"
        A -> B DependsOn None /Resources/A/DependsOn []
        A -> C DependsOn None /Resources/A/DependsOn []
        A -> B Ref None /Resources/A/Properties/x/Ref []
        A -> C GetAtt Some("Arn") /Resources/A/Properties/y/0/Fn::GetAtt []
        A -> B Sub None /Resources/A/Properties/z/Fn::Sub/0 []
        A -> C Sub Some("N") /Resources/A/Properties/z/Fn::Sub/0 []
        A -> D Ref None /Resources/A/Properties/z/Fn::Sub/1/v/Ref []
        B -> C Ref None /Resources/B/Properties/x/Fn::If/1/Fn::If/2/Ref [("C", true), ("D", false)]
        B -> D Ref None /Resources/B/Properties/x/Fn::If/2/Ref [("C", false)]
        D -> C GetAtt None /Resources/D/Metadata/m/Fn::GetAtt []
        "#);
    }
}
