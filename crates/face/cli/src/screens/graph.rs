//! The graph of a template's resources as Mermaid and Graphviz read it.

use stackfleet_template::{Link, LinkKind, Template, links};

/// What is drawn.
#[derive(Debug)]
pub(crate) struct Drawing<'a> {
    nodes: Vec<Node<'a>>,
    arrows: Vec<Arrow>,
}

#[derive(Debug)]
struct Node<'a> {
    name: &'a str,
    type_name: &'a str,
    condition: Option<&'a str>,
    in_circle: bool,
}

/// All references of one resource to another, those of `DependsOn` apart.
#[derive(Debug)]
struct Arrow {
    from: usize,
    to: usize,
    labels: Vec<String>,
    dashed: bool,
    in_circle: bool,
}

impl<'a> Drawing<'a> {
    /// Collects what there is to draw; `circle` names the resources that need each other.
    pub(crate) fn new(template: &'a Template, circle: &[String]) -> Self {
        let is_in_circle = |name: &str| circle.iter().any(|other| other == name);
        let nodes: Vec<Node<'_>> = template
            .resources()
            .map(|resource| Node {
                name: resource.name,
                type_name: resource.type_name(),
                condition: resource.condition(),
                in_circle: is_in_circle(resource.name),
            })
            .collect();
        let mut arrows: Vec<Arrow> = Vec::new();
        for link in links(template) {
            let number = |name: &str| nodes.iter().position(|node| node.name == name);
            let (Some(from), Some(to)) = (number(link.from), number(link.to)) else { continue };
            let dashed = link.kind == LinkKind::DependsOn;
            let label = label(&link);
            let same = |arrow: &&mut Arrow| (arrow.from, arrow.to, arrow.dashed) == (from, to, dashed);
            match arrows.iter_mut().find(same) {
                Some(arrow) if arrow.labels.contains(&label) => {}
                Some(arrow) => arrow.labels.push(label),
                None => {
                    let in_circle = is_in_circle(link.from) && is_in_circle(link.to);
                    arrows.push(Arrow { from, to, labels: vec![label], dashed, in_circle });
                }
            }
        }
        Self { nodes, arrows }
    }
}

fn label(link: &Link<'_>) -> String {
    let kind = match link.kind {
        LinkKind::Ref => "Ref",
        LinkKind::GetAtt => "GetAtt",
        LinkKind::Sub => "Sub",
        LinkKind::DependsOn => "DependsOn",
    };
    let attribute = link.attribute.map(|attribute| format!(" {attribute}")).unwrap_or_default();
    let conditions: Vec<String> = link
        .conditions
        .iter()
        .map(|(name, holds)| if *holds { format!("if {name}") } else { format!("if not {name}") })
        .collect();
    let conditions = if conditions.is_empty() { String::new() } else { format!(" {}", conditions.join(" and ")) };
    format!("{kind}{attribute}{conditions}")
}

/// The lines of a node's text.
fn lines(node: &Node<'_>) -> Vec<String> {
    let mut lines = vec![node.name.to_owned(), node.type_name.to_owned()];
    lines.extend(node.condition.map(|condition| format!("if {condition}")));
    lines
}

/// Writes a flowchart for Mermaid.
pub(crate) fn mermaid(drawing: &Drawing<'_>) -> String {
    let mut text = "flowchart LR\n".to_owned();
    for (number, node) in drawing.nodes.iter().enumerate() {
        let lines: Vec<String> = lines(node).iter().map(|line| mermaid_text(line)).collect();
        text.push_str(&format!("  r{number}[\"{}\"]\n", lines.join("<br/>")));
    }
    for arrow in &drawing.arrows {
        let line = if arrow.dashed { "-.->" } else { "-->" };
        let labels: Vec<String> = arrow.labels.iter().map(|label| mermaid_text(label)).collect();
        text.push_str(&format!("  r{} {line}|\"{}\"| r{}\n", arrow.from, labels.join("<br/>"), arrow.to));
    }
    let numbers = |wanted: Vec<bool>| -> Vec<String> {
        let wanted = wanted.into_iter().enumerate().filter(|(_, wanted)| *wanted);
        wanted.map(|(number, _)| number.to_string()).collect()
    };
    let nodes = numbers(drawing.nodes.iter().map(|node| node.in_circle).collect());
    if !nodes.is_empty() {
        let nodes: Vec<String> = nodes.iter().map(|number| format!("r{number}")).collect();
        text.push_str(&format!("  classDef circle stroke:#c00,stroke-width:2px\n  class {} circle\n", nodes.join(",")));
    }
    let arrows = numbers(drawing.arrows.iter().map(|arrow| arrow.in_circle).collect());
    if !arrows.is_empty() {
        text.push_str(&format!("  linkStyle {} stroke:#c00\n", arrows.join(",")));
    }
    text
}

/// Mermaid reads HTML and Markdown in texts, and `#35;` as the character of that number.
fn mermaid_text(text: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || " :._-".contains(letter);
    text.chars()
        .map(|letter| if is_plain(letter) { letter.to_string() } else { format!("#{};", u32::from(letter)) })
        .collect()
}

/// Writes a graph for Graphviz.
pub(crate) fn dot(drawing: &Drawing<'_>) -> String {
    let mut text = "digraph template {\n  rankdir=LR;\n  node [shape=box];\n".to_owned();
    let name = |number: usize| drawing.nodes.get(number).map_or_else(String::new, |node| dot_text(node.name));
    for node in &drawing.nodes {
        let lines: Vec<String> = lines(node).iter().map(|line| dot_text(line)).collect();
        let colour = if node.in_circle { ", color=red" } else { "" };
        text.push_str(&format!("  \"{}\" [label=\"{}\"{colour}];\n", dot_text(node.name), lines.join("\\n")));
    }
    for arrow in &drawing.arrows {
        let labels: Vec<String> = arrow.labels.iter().map(|label| dot_text(label)).collect();
        let style = if arrow.dashed { ", style=dashed" } else { "" };
        let colour = if arrow.in_circle { ", color=red" } else { "" };
        let (from, to) = (name(arrow.from), name(arrow.to));
        text.push_str(&format!("  \"{from}\" -> \"{to}\" [label=\"{}\"{style}{colour}];\n", labels.join("\\n")));
    }
    text.push_str("}\n");
    text
}

fn dot_text(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use stackfleet_base::Sources;

    use super::*;

    const TEXT: &str = "
Conditions: {Prod: !Equals [!Ref AWS::Region, eu-west-1]}
Resources:
  Role: {Type: AWS::IAM::Role}
  Function:
    Type: AWS::Lambda::Function
    Condition: Prod
    DependsOn: Role
    Properties: {Role: !GetAtt Role.Arn, A: !Sub '${Role}${Role.Arn}', B: !If [Prod, !Ref Role, x]}
  'A\"<b>\\': {Type: T, Properties: {x: !Ref Function}}
";

    fn drawn(write: fn(&Drawing<'_>) -> String, circle: &[&str]) -> String {
        let (template, _) = stackfleet_template::read(Sources::default().add("t", TEXT), TEXT);
        let circle: Vec<String> = circle.iter().map(|name| (*name).to_owned()).collect();
        write(&Drawing::new(&template, &circle))
    }

    #[test]
    fn mermaid_gets_escaped_text() {
        insta::assert_snapshot!(drawn(mermaid, &["Role", "Function"]), @r#"
        flowchart LR
          r0["Role<br/>AWS::IAM::Role"]
          r1["Function<br/>AWS::Lambda::Function<br/>if Prod"]
          r2["A#34;#60;b#62;#92;<br/>T"]
          r1 -.->|"DependsOn"| r0
          r1 -->|"GetAtt Arn<br/>Sub<br/>Sub Arn<br/>Ref if Prod"| r0
          r2 -->|"Ref"| r1
          classDef circle stroke:#c00,stroke-width:2px
          class r0,r1 circle
          linkStyle 0,1 stroke:#c00
        "#);
    }

    #[test]
    fn graphviz_gets_escaped_text() {
        insta::assert_snapshot!(drawn(dot, &["Role", "Function"]), @r#"
        digraph template {
          rankdir=LR;
          node [shape=box];
          "Role" [label="Role\nAWS::IAM::Role", color=red];
          "Function" [label="Function\nAWS::Lambda::Function\nif Prod", color=red];
          "A\"<b>\\" [label="A\"<b>\\\nT"];
          "Function" -> "Role" [label="DependsOn", style=dashed, color=red];
          "Function" -> "Role" [label="GetAtt Arn\nSub\nSub Arn\nRef if Prod", color=red];
          "A\"<b>\\" -> "Function" [label="Ref"];
        }
        "#);
    }
}
