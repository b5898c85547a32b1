//! Event patterns: which events a rule wants (EventBridge User Guide, "Creating EventBridge event patterns").

use serde_json::Value;

/// What a value is tested for besides being equal.
const TESTS: [&str; 7] = ["anything-but", "equals-ignore-case", "exists", "numeric", "prefix", "suffix", "wildcard"];

/// Refuses what is no pattern, in EventBridge's words: every name leads to an object or to a list of what its value
/// may be.
pub(super) fn check(pattern: &Value) -> Result<(), &'static str> {
    let Value::Object(members) = pattern else { return Err("Filter is not an object") };
    for (name, wanted) in members {
        match wanted {
            Value::Array(options) if options.is_empty() => return Err("Empty arrays are not allowed"),
            Value::Array(options) if name == "$or" => options.iter().try_for_each(check)?,
            Value::Array(options) => options.iter().try_for_each(check_option)?,
            Value::Object(_) => check(wanted)?,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                return Err("Match value must be String, number, true, false, or null");
            }
        }
    }
    Ok(())
}

fn check_option(option: &Value) -> Result<(), &'static str> {
    let Value::Object(test) = option else { return Ok(()) };
    match test.keys().next() {
        Some(name) if test.len() == 1 && TESTS.contains(&name.as_str()) => Ok(()),
        // Ranges of addresses are a pattern, too, but the twin does not compare them.
        Some(name) if name == "cidr" => Err("the twin knows no match type cidr"),
        Some(_) | None => Err("Unrecognized match type"),
    }
}

/// Tells whether an event is wanted.
pub(super) fn matches(pattern: &Value, event: &Value) -> bool {
    pattern.as_object().is_some_and(|members| members.iter().all(|(name, wanted)| has(event, name, wanted)))
}

fn has(event: &Value, name: &str, wanted: &Value) -> bool {
    let Some(options) = wanted.as_array() else {
        return event.get(name).is_some_and(|deeper| matches(wanted, deeper));
    };
    if name == "$or" {
        return options.iter().any(|option| matches(option, event));
    }
    // Of a list one element is enough.
    let values: Vec<Option<&Value>> = match event.get(name) {
        Some(Value::Array(items)) if !items.is_empty() => items.iter().map(Some).collect(),
        other => vec![other],
    };
    options.iter().any(|option| values.iter().any(|value| meets(option, *value)))
}

/// Tells whether a value is what one option of a list wants.
fn meets(option: &Value, value: Option<&Value>) -> bool {
    let Some(test) = option.as_object() else { return value == Some(option) };
    let Some((name, wanted)) = test.iter().next() else { return false };
    if name == "exists" {
        return wanted.as_bool() == Some(value.is_some());
    }
    let Some(value) = value else { return false };
    let texts = value.as_str().zip(wanted.as_str());
    match name.as_str() {
        "prefix" => texts.is_some_and(|(value, wanted)| value.starts_with(wanted)),
        "suffix" => texts.is_some_and(|(value, wanted)| value.ends_with(wanted)),
        "equals-ignore-case" => texts.is_some_and(|(value, wanted)| value.to_lowercase() == wanted.to_lowercase()),
        "wildcard" => texts.is_some_and(|(value, wanted)| fits(wanted, value)),
        "anything-but" if wanted.is_object() => !meets(wanted, Some(value)),
        "anything-but" => wanted != value && !wanted.as_array().is_some_and(|unwanted| unwanted.contains(value)),
        "numeric" => wanted.as_array().zip(value.as_f64()).is_some_and(|(test, number)| in_range(test, number)),
        _ => false,
    }
}

/// Tells whether a number meets comparisons given in turn: `[">", 0, "<=", 5]`.
fn in_range(test: &[Value], number: f64) -> bool {
    let holds = |pair: &[Value]| {
        let [Value::String(operator), limit] = pair else { return false };
        let Some(order) = limit.as_f64().and_then(|limit| number.partial_cmp(&limit)) else { return false };
        match operator.as_str() {
            "=" => order.is_eq(),
            "<" => order.is_lt(),
            "<=" => order.is_le(),
            ">" => order.is_gt(),
            ">=" => order.is_ge(),
            _ => false,
        }
    };
    !test.is_empty() && test.chunks(2).all(holds)
}

/// Tells whether a text is a pattern in which `*` stands for any run of characters.
fn fits(pattern: &str, text: &str) -> bool {
    let Some((first, others)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let (between, last) = others.rsplit_once('*').unwrap_or(("", others));
    for part in between.split('*') {
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn patterns_choose_events() {
        let event = json!({
            "source": "app.orders", "detail-type": "Order", "detail": { "amount": 7, "tags": ["a", "b"], "state": "Paid" },
        });
        for (pattern, wanted) in [
            (json!({ "source": ["app.orders"] }), true),
            (json!({ "source": ["app.bills"] }), false),
            (json!({ "source": [{ "prefix": "app." }], "detail-type": ["Order", "Bill"] }), true),
            (json!({ "source": [{ "suffix": "bills" }] }), false),
            (json!({ "detail": { "state": [{ "equals-ignore-case": "PAID" }], "tags": ["b"] } }), true),
            (json!({ "detail": { "state": [{ "anything-but": ["Paid", "Open"] }] } }), false),
            (json!({ "detail": { "state": [{ "anything-but": { "prefix": "Op" } }] } }), true),
            (json!({ "detail": { "amount": [{ "numeric": [">", 5, "<=", 7] }] } }), true),
            (json!({ "detail": { "amount": [{ "numeric": [">", 7] }] } }), false),
            (json!({ "detail": { "gone": [{ "exists": false }], "amount": [{ "exists": true }] } }), true),
            (json!({ "source": [{ "wildcard": "app.*s" }] }), true),
            (json!({ "source": [{ "wildcard": "*p*d*" }] }), true),
            (json!({ "source": [{ "wildcard": "app.*z*" }] }), false),
            (json!({ "source": [{ "wildcard": "app" }] }), false),
            (json!({ "$or": [{ "source": ["x"] }, { "detail-type": ["Order"] }] }), true),
            (json!({ "gone": { "deeper": ["x"] } }), false),
        ] {
            assert_eq!(check(&pattern), Ok(()), "{pattern}");
            assert_eq!(matches(&pattern, &event), wanted, "{pattern}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for wrong in [json!(["x"]), json!({ "source": "x" }), json!({ "source": [] }), json!({ "a": [{ "b": "x" }] })] {
            assert!(check(&wrong).is_err(), "{wrong}");
        }
    }
}
