//! From a problem to the characters that are to be changed, and to the change.

use std::collections::BTreeMap;

use stackfleet_base::{Diagnostic, Edit, Span};

use crate::{Problem, Template};

/// Returns the diagnostics of problems; `text` is what the template was read from.
pub(crate) fn diagnostics<'problem>(
    template: &Template,
    problems: impl IntoIterator<Item = &'problem Problem>,
    text: &str,
) -> Vec<Diagnostic> {
    // The same name may be wrong twice in one text.
    let mut seen: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut found = Vec::new();
    for problem in problems {
        let Some(span) = template.problem_span(problem) else {
            found.push(problem.to_diagnostic(None));
            continue;
        };
        let Some(wrong) = problem.wrong.as_deref() else {
            found.push(problem.to_diagnostic(Some(span)));
            continue;
        };
        // A wrong key is itself what the pointer names last.
        let is_key = problem.pointer.rsplit('/').next() == Some(&wrong.written);
        let span = template.key_span(&problem.pointer).filter(|_| is_key).unwrap_or(span);
        let before = seen.entry((&problem.pointer, &wrong.written)).or_default();
        let in_sub = problem.pointer.ends_with("/Fn::Sub") || problem.pointer.ends_with("/Fn::Sub/0");
        let exact = written_at(span, &wrong.written, in_sub, *before, text);
        *before += 1;
        let diagnostic = problem.to_diagnostic(Some(exact.unwrap_or(span)));
        found.push(match (exact, &wrong.meant) {
            (Some(span), Some(meant)) => {
                let edit = Edit { span, replacement: meant.clone() };
                diagnostic.fix(format!("write `{meant}`"), vec![edit])
            }
            _ => diagnostic,
        });
    }
    found
}

/// Finds a name in what is written at a place: the one with so many of its kind before it.
fn written_at(span: Span, name: &str, in_sub: bool, before: usize, text: &str) -> Option<Span> {
    let written = text.get(span.start..span.end)?;
    let is_of_name = |character: char| character.is_alphanumeric() || matches!(character, '_' | ':' | '-');
    let stands_alone = |at: usize| {
        let left = written.get(..at).unwrap_or_default();
        let right = written.get(at + name.len()..).unwrap_or_default();
        // A variable, and no `${!literal}`.
        let opens = !in_sub || left.trim_end_matches(' ').ends_with("${");
        opens && !left.ends_with(is_of_name) && !right.starts_with(is_of_name)
    };
    let mut places = written.match_indices(name).map(|(at, _)| at).filter(|at| stands_alone(*at));
    let at = places.nth(if in_sub { before } else { 0 }).filter(|_| !name.is_empty())?;
    Some(Span { start: span.start + at, end: span.start + at + name.len(), ..span })
}

#[cfg(test)]
mod tests {
    use stackfleet_base::Sources;

    use crate::{apply_edits, check, read};

    fn findings(text: &str) -> String {
        let mut sources = Sources::default();
        let (template, mut found) = read(sources.add("t", text), text);
        found.extend(check(&template, text).into_iter().filter(stackfleet_base::Diagnostic::is_error));
        let line = |found: &stackfleet_base::Diagnostic| {
            let span = found.span().unwrap();
            let place = sources.location(span).unwrap();
            let fixed = found.fix.as_ref().map(|fix| {
                let fixed = apply_edits(text, &fix.edits).unwrap();
                fixed.lines().nth(place.line - 1).unwrap().trim().to_owned()
            });
            let help = found.help.as_deref().unwrap_or("-");
            let pointed = &text[span.start..span.end];
            format!("{}:{} <{pointed}> {help} | {}", place.line, place.column, fixed.as_deref().unwrap_or("-"))
        };
        found.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn wrong_names_are_shown_to_the_letter_and_mended_where_one_is_meant() {
        let text = r#"
Parameters:
  Stage: {Type: Strin}
  Stage2: {Type: String}
Mappings:
  Sizes: {dev: {Memory: 1}}
Conditions:
  IsProd: !Equals [!Ref Stag, prod]
  IsDev: !Not [!Condition IsPord]
Resources:
  Queue:
    Type: T
    Condition: IsPrd
    DependsOn:
      - Topic
      - 'Topc'
    Propertys: {}
  Topic:
    Type: T
    DeletionPolicy: retain
    Properties:
      plain: a ${Topic} !Ref Que
      sub: !Sub "${Qeue}-${!Qeue}-${ Qeue }-${Topik.Arn} \n"
      block: !Sub |
        echo ${Queu.Arn}
        echo ${Queu.Arn}
      attribute: !GetAtt Quee.Arn
      list: !GetAtt [Quee, Arn]
      long: {'Fn::GetAtt': "Quee.Arn"}
      choice: !If [IsPro, !Ref Stage3, 1]
      map: !FindInMap [Size, dev, Memory]
      pseudo: !Ref AWS::Regoin
      far: !Ref Xyzzy
      call: {'Fn::GetAttr': [Queue, Arn]}
"#;
        insta::assert_snapshot!(findings(text), @r#"
        3:17 <Strin> did you mean `String`? | Stage: {Type: String}
        8:25 <Stag> did you mean `Stage`? | -
        9:27 <IsPord> did you mean `IsProd`? | IsDev: !Not [!Condition IsProd]
        13:16 <IsPrd> did you mean `IsProd`? | Condition: IsProd
        16:10 <Topc> did you mean `Topic`? | - 'Topic'
        17:5 <Propertys> did you mean `Properties`? | Properties: {}
        20:21 <retain> did you mean `Retain`? | DeletionPolicy: Retain
        23:20 <Qeue> did you mean `Queue`? | sub: !Sub "${Queue}-${!Qeue}-${ Qeue }-${Topik.Arn} \n"
        23:38 <Qeue> did you mean `Queue`? | sub: !Sub "${Qeue}-${!Qeue}-${ Queue }-${Topik.Arn} \n"
        23:47 <Topik> did you mean `Topic`? | sub: !Sub "${Qeue}-${!Qeue}-${ Qeue }-${Topic.Arn} \n"
        25:16 <Queu> did you mean `Queue`? | echo ${Queue.Arn}
        26:16 <Queu> did you mean `Queue`? | echo ${Queue.Arn}
        27:26 <Quee> did you mean `Queue`? | attribute: !GetAtt Queue.Arn
        28:22 <Quee> did you mean `Queue`? | list: !GetAtt [Queue, Arn]
        29:29 <Quee> did you mean `Queue`? | long: {'Fn::GetAtt': "Queue.Arn"}
        30:20 <IsPro> did you mean `IsProd`? | choice: !If [IsProd, !Ref Stage3, 1]
        30:32 <Stage3> did you mean `Stage`? | -
        31:24 <Size> did you mean `Sizes`? | map: !FindInMap [Sizes, dev, Memory]
        32:20 <AWS::Regoin> did you mean `AWS::Region`? | pseudo: !Ref AWS::Region
        33:17 <Xyzzy> - | -
        34:15 <Fn::GetAttr> did you mean `Fn::GetAtt`? | call: {'Fn::GetAtt': [Queue, Arn]}
        "#);
    }
}
