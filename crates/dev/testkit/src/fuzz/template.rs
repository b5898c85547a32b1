//! Templates: read, checked, expanded and evaluated for two stacks, compared and edited.

use std::collections::BTreeMap;

use serde_json::Value;
use stackfleet_template::{
    Evaluated, Inputs, Nothing, Template, apply_edits, capabilities, check, difference, evaluate,
    expand_language_extensions, graph, insufficient_capabilities, is_known, read, read_body, unknowns,
};

use super::{check_diagnostics, check_span, sources};

/// Most values of a template that are edited; each costs another reading.
const EDITS_MAX: usize = 6;

pub(super) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (_, file) = sources(text);
    let (template, found) = read(file, text);
    check_diagnostics(&found, text);
    check_diagnostics(&check(&template, text), text);
    for problem in template.problems() {
        template.problem_span(problem).into_iter().for_each(|span| check_span(span, text));
    }
    let needs = capabilities(&template);
    assert!(!needs.is_empty() || insufficient_capabilities(&template, &[], true).is_none(), "BUG: needed by nothing");
    let order = graph(&template).order().map(|order| order.len());
    assert!(order.is_err() || order == Ok(template.resources().count()), "BUG: resources are missing in the order");
    if let Ok(body) = read_body(text) {
        assert_eq!(body.value(), template.value(), "BUG: a body is read unlike a file");
    }
    check_evaluation(&template);
    check_edits(&template, text);
}

fn check_evaluation(template: &Template) {
    let stacks = [inputs("111122223333", "eu-west-1"), inputs("444455556666", "cn-north-1")];
    let evaluated = stacks.iter().filter_map(|stack| {
        let expanded = expand_language_extensions(template, stack, &Nothing);
        let evaluated = evaluate(template, stack, &Nothing);
        assert_eq!(evaluated, evaluate(template, stack, &Nothing), "BUG: evaluated twice, two results");
        assert!(
            expanded.is_ok() || evaluated.is_err() || template.transforms().is_empty(),
            "BUG: evaluated unexpanded"
        );
        evaluated.ok()
    });
    let evaluated: Vec<Evaluated> = evaluated.collect();
    for result in &evaluated {
        assert!(difference(result, result).is_empty(), "BUG: it differs from itself");
        for resource in result.resources.values() {
            let properties = Value::Object(resource.properties.clone());
            assert_eq!(is_known(&properties), unknowns(&properties).is_empty(), "BUG: {properties}");
        }
    }
    if let [first, second] = evaluated.as_slice() {
        let is_same = difference(first, second).is_empty();
        assert_eq!(is_same, difference(second, first).is_empty(), "BUG: a difference in one direction only");
    }
}

fn check_edits(template: &Template, text: &str) {
    let mut pointers = Vec::new();
    collect_pointers(template.value(), String::new(), &mut pointers);
    for pointer in pointers {
        template.span(&pointer).into_iter().for_each(|span| check_span(span, text));
        template.key_span(&pointer).into_iter().for_each(|span| check_span(span, text));
        let new = Value::from("edited");
        let Some(edit) = template.set(text, &pointer, &new) else { continue };
        let changed = apply_edits(text, std::slice::from_ref(&edit));
        assert!(changed.is_some(), "BUG: an edit of `{pointer}` that cannot be applied: {edit:?}");
        let changed = changed.unwrap_or_default();
        if text.contains('&') {
            // What has an anchor is changed where it is repeated, too.
            continue;
        }
        let mut expected = template.value().clone();
        let place = expected.pointer_mut(&pointer);
        assert!(place.is_some(), "BUG: there is no `{pointer}`");
        place.into_iter().for_each(|place| *place = new.clone());
        let (_, file) = sources(&changed);
        let (again, _) = read(file, &changed);
        assert_eq!(again.value(), &expected, "BUG: an edit of `{pointer}` changes something else:\n{changed}");
    }
}

fn collect_pointers(value: &Value, at: String, pointers: &mut Vec<String>) {
    if pointers.len() >= EDITS_MAX {
        return;
    }
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect_pointers(item, format!("{at}/{index}"), pointers);
            }
        }
        Value::Object(members) => {
            for (key, member) in members {
                collect_pointers(member, format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), pointers);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    pointers.push(at);
}

fn inputs(account: &str, region: &str) -> Inputs {
    let (Ok(account), Ok(region)) = (account.parse(), region.parse()) else { unreachable!("BUG: both are constants") };
    Inputs {
        parameters: BTreeMap::new(),
        account,
        region,
        stack_name: Some("stack".to_owned()),
        stack_id: None,
        notification_arns: Vec::new(),
    }
}
