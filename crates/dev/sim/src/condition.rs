//! The `Condition` element (IAM User Guide: "IAM JSON policy elements: Condition operators").

use std::net::IpAddr;

use serde_json::Value;

use crate::{
    asked::Known,
    maybe::Maybe,
    pattern::{Keys, matches, matches_arn},
    statement::texts,
};

/// Tells whether all operators hold for all their keys.
pub(crate) fn conditions_hold(conditions: Option<&Value>, keys: &Keys, variables: bool) -> Maybe {
    let Some(operators) = conditions.and_then(Value::as_object) else { return Maybe::Yes };
    Maybe::all(operators.iter().map(|(operator, asked)| {
        let asked = asked.as_object().into_iter().flatten();
        Maybe::all(asked.map(|(key, wanted)| holds(operator, key, &texts(wanted), keys, variables)))
    }))
}

fn holds(operator: &str, key: &str, wanted: &[String], keys: &Keys, variables: bool) -> Maybe {
    let operator = operator.to_lowercase();
    let (all, operator) = operator.strip_prefix("forallvalues:").map_or((false, &*operator), |rest| (true, rest));
    let (any, operator) = operator.strip_prefix("foranyvalue:").map_or((false, operator), |rest| (true, rest));
    let (if_exists, operator) = operator.strip_suffix("ifexists").map_or((false, operator), |rest| (true, rest));
    let negated = operator.contains("not");
    let test = operator.replace("not", "");
    let found: &[String] = match keys.get(&key.to_lowercase()) {
        Some(Known::Unknown) => return Maybe::Unknown,
        Some(Known::Values(values)) => values,
        None => &[],
    };
    if test == "null" {
        return wanted.iter().any(|wanted| (wanted == "true") == found.is_empty()).into();
    }
    if found.is_empty() {
        // ForAllValues "also returns true if there are no keys in the request"; ForAnyValue needs one.
        return (all || if_exists || negated && !any).into();
    }
    let variables = variables.then_some(keys);
    let fits = found.iter().map(|value| {
        let fits = Maybe::any(wanted.iter().map(|wanted| compare(&test, value, wanted, variables)));
        if negated { fits.negated() } else { fits }
    });
    if all || negated && !any { Maybe::all(fits) } else { Maybe::any(fits) }
}

/// Compares a value of the request with one of the policy.
fn compare(test: &str, found: &str, wanted: &str, keys: Option<&Keys>) -> Maybe {
    let order = |relation: &str, found: f64, wanted: f64| match relation {
        "equals" => found.total_cmp(&wanted).is_eq(),
        "lessthan" => found < wanted,
        "lessthanequals" => found <= wanted,
        "greaterthan" => found > wanted,
        "greaterthanequals" => found >= wanted,
        _ => false,
    };
    if let Some(relation) = test.strip_prefix("numeric") {
        let numbers = found.parse().ok().zip(wanted.parse().ok());
        return numbers.is_some_and(|(found, wanted)| order(relation, found, wanted)).into();
    }
    if let Some(relation) = test.strip_prefix("date") {
        let dates = seconds(found).zip(seconds(wanted));
        return dates.is_some_and(|(found, wanted)| order(relation, found, wanted)).into();
    }
    match test {
        "stringequals" => matches(wanted, found, false, keys),
        "stringlike" => matches(wanted, found, true, keys),
        "stringequalsignorecase" => matches_ignoring_case(wanted, found, keys),
        "arnequals" | "arnlike" => matches_arn(wanted, found, keys),
        "bool" => found.eq_ignore_ascii_case(wanted).into(),
        "binaryequals" => (found.trim_end_matches('=') == wanted.trim_end_matches('=')).into(),
        "ipaddress" => is_within(found, wanted).into(),
        _ => Maybe::No,
    }
}

/// Values of variables are compared without case, too.
fn matches_ignoring_case(wanted: &str, found: &str, keys: Option<&Keys>) -> Maybe {
    let lowered = keys.map(|keys| {
        let lower = |known: &Known| match known {
            Known::Values(values) => Known::Values(values.iter().map(|value| value.to_lowercase()).collect()),
            Known::Unknown => Known::Unknown,
        };
        keys.iter().map(|(key, known)| (key.clone(), lower(known))).collect::<Keys>()
    });
    matches(&wanted.to_lowercase(), &found.to_lowercase(), false, lowered.as_ref())
}

/// Reads `2030`, `2030-01-31`, `2030-01-31T01:02:03Z` or seconds since 1970.
fn seconds(text: &str) -> Option<f64> {
    match text.parse::<i32>() {
        Ok(_) if text.len() == 4 => return seconds(&format!("{text}-01-01")),
        Ok(seconds) => return Some(f64::from(seconds)),
        Err(_) => {}
    }
    let (date, time) = text.split_once('T').unwrap_or((text, "00:00:00Z"));
    let numbers = |text: &str, between: char| -> Option<[u32; 3]> {
        let numbers: Option<Vec<u32>> = text.split(between).map(|number| number.parse().ok()).collect();
        numbers?.try_into().ok()
    };
    let [year, month, day] = numbers(date, '-')?;
    let [hour, minute, second] = numbers(time.strip_suffix('Z')?, ':')?;
    let is_leap = |year: u32| year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
    let length = |month: u32| match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let years: u32 = (1970..year).map(|year| if is_leap(year) { 366 } else { 365 }).sum();
    let days = years + (1..month).map(length).sum::<u32>() + day - 1;
    Some(f64::from(days) * 86_400.0 + f64::from(hour * 3600 + minute * 60 + second))
}

fn is_within(found: &str, wanted: &str) -> bool {
    let bits = |text: &str| -> Option<Vec<bool>> {
        let bytes = match text.parse().ok()? {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().to_vec(),
        };
        Some(bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1 == 1)).collect())
    };
    let (network, length) = match wanted.split_once('/') {
        Some((network, length)) => (bits(network), length.parse().ok()),
        None => (bits(wanted), Some(128)),
    };
    let (Some(network), Some(found), Some(length)) = (network, bits(found), length) else { return false };
    network.len() == found.len() && network.iter().take(length).eq(found.iter().take(length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_addresses() {
        assert_eq!(seconds("2030-01-01"), Some(1_893_456_000.0));
        assert_eq!(seconds("2000-03-01T00:00:01Z"), Some(951_868_801.0));
        assert_eq!(seconds("soon"), None);
        assert!(is_within("10.255.0.1", "10.0.0.0/8"));
        assert!(!is_within("11.0.0.1", "10.0.0.0/8"));
        assert!(is_within("::1", "::1"));
        assert!(!is_within("::1", "0.0.0.0/0"));
    }
}
