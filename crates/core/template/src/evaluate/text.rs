//! Putting texts together of which some may not be known, and Base64.

use serde_json::{Map, Value};

use crate::intrinsic::call;

/// Makes a function call.
pub(super) fn residual(function: &str, argument: Value) -> Value {
    Value::Object(Map::from_iter([(function.to_owned(), argument)]))
}

/// Tells whether a computed value is a call that waits for deployment.
pub(super) fn is_residual(value: &Value) -> bool {
    call(value).is_some()
}

/// Returns a scalar as text.
pub(super) fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Joins texts and calls: text where all is known, else one `Fn::Join` without delimiter, neighbouring texts merged.
pub(super) fn concatenate(parts: Vec<Value>) -> Value {
    let mut merged: Vec<Value> = Vec::with_capacity(parts.len());
    for part in flattened(parts) {
        match (merged.last_mut(), part) {
            (Some(Value::String(before)), Value::String(text)) => before.push_str(&text),
            (_, Value::String(text)) if text.is_empty() => {}
            (_, part) => merged.push(part),
        }
    }
    match merged.len() {
        0 => Value::String(String::new()),
        1 => merged.pop().unwrap_or_default(),
        _ => residual("Fn::Join", Value::Array(vec![Value::String(String::new()), Value::Array(merged)])),
    }
}

/// Replaces joins without delimiter by their parts.
fn flattened(parts: Vec<Value>) -> Vec<Value> {
    let mut flat = Vec::with_capacity(parts.len());
    for part in parts {
        match inner_parts(&part) {
            Some(inner) => flat.extend(inner.iter().cloned()),
            None => flat.push(part),
        }
    }
    flat
}

fn inner_parts(value: &Value) -> Option<&Vec<Value>> {
    let object = value.as_object().filter(|object| object.len() == 1)?;
    match object.get("Fn::Join")?.as_array()?.as_slice() {
        [Value::String(delimiter), Value::Array(parts)] if delimiter.is_empty() => Some(parts),
        _ => None,
    }
}

/// Encodes text as Base64 with padding (RFC 4648).
pub(super) fn base64(text: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut encoded = String::with_capacity(text.len().div_ceil(3) * 4);
    for chunk in text.as_bytes().chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or_default());
        let bits = (byte(0) << 16) | (byte(1) << 8) | byte(2);
        for digit in 0..4_usize {
            let index = usize::try_from((bits >> (18 - 6 * digit)) & 63).unwrap_or_default();
            let symbol = ALPHABET.get(index).copied().map_or('=', char::from);
            encoded.push(if digit <= chunk.len() { symbol } else { '=' });
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_pads() {
        assert_eq!(["", "a", "ab", "abc", "ü?"].map(base64), ["", "YQ==", "YWI=", "YWJj", "w7w/"]);
    }
}
