//! From the model's names to Rust's.

/// Names of types that generated code must not shadow.
const TAKEN: &[&str] = &[
    "Option",
    "String",
    "Vec",
    "Box",
    "Result",
    "Error",
    "Request",
    "Answer",
    "Blob",
    "DateTime",
    "Constraint",
    "Pattern",
    "Some",
    "None",
];

/// Returns the type name of a shape: `policyNameType` -> `PolicyNameType`.
pub(super) fn type_name(shape: &str) -> String {
    let mut characters = shape.chars();
    let name: String =
        characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default();
    if TAKEN.contains(&name.as_str()) { format!("{name}Shape") } else { name }
}

/// Returns a field or method name: `StackSetARN` -> `stack_set_arn`, `EnableAWSServiceAccess` ->
/// `enable_aws_service_access`.
pub(super) fn snake(name: &str) -> String {
    let word = words(name).join("_").to_lowercase();
    const KEYWORDS: &[&str] = &[
        "as", "async", "await", "break", "const", "continue", "crate", "dyn", "else", "enum", "extern", "false", "fn",
        "for", "gen", "if", "impl", "in", "let", "loop", "match", "mod", "move", "mut", "pub", "ref", "return", "self",
        "static", "struct", "super", "trait", "true", "type", "unsafe", "use", "where", "while", "yield", "abstract",
        "become", "box", "do", "final", "macro", "override", "priv", "try", "typeof", "unsized", "virtual",
    ];
    if KEYWORDS.contains(&word.as_str()) { format!("{word}_") } else { word }
}

/// Returns a constant's name.
pub(super) fn constant(name: &str) -> String {
    words(name).join("_").to_uppercase()
}

/// Returns an enumeration's variant: `CREATE_IN_PROGRESS` -> `CreateInProgress`, `python3.13` -> `Python313`.
pub(super) fn variant(value: &str) -> String {
    let mut name = String::new();
    for part in value.split(|character: char| !character.is_ascii_alphanumeric()).filter(|part| !part.is_empty()) {
        let shouting = part.chars().all(|character| !character.is_ascii_lowercase());
        let mut characters = part.chars();
        name.extend(characters.next().map(|first| first.to_ascii_uppercase()));
        let rest = characters.as_str();
        name.push_str(&if shouting { rest.to_ascii_lowercase() } else { rest.to_owned() });
    }
    if name.is_empty() {
        return "Empty".into();
    }
    if name.starts_with(|first: char| first.is_ascii_digit()) || name == "Self" { format!("V{name}") } else { name }
}

/// Splits a name at changes of case and at other characters; runs of capitals are one word (`ARNs` too).
fn words(name: &str) -> Vec<String> {
    let characters: Vec<char> = name.chars().collect();
    let at = |index: usize| characters.get(index).copied().unwrap_or(' ');
    let mut words = vec![String::new()];
    for (index, &character) in characters.iter().enumerate() {
        if !character.is_ascii_alphanumeric() {
            words.push(String::new());
            continue;
        }
        let before = if index == 0 { ' ' } else { at(index - 1) };
        // A plural of an abbreviation (`ARNs`, `IDs`) ends a word rather than beginning one.
        let after_is_plural = at(index + 1) == 's' && !at(index + 2).is_ascii_lowercase();
        let after_is_word = at(index + 1).is_ascii_lowercase() && !after_is_plural;
        let begins = character.is_ascii_uppercase()
            && (before.is_ascii_lowercase()
                || before.is_ascii_digit()
                || (before.is_ascii_uppercase() && after_is_word));
        if begins {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(character);
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_split_at_words() {
        for (name, expected) in [
            ("StackSetARN", "stack_set_arn"),
            ("EnableAWSServiceAccess", "enable_aws_service_access"),
            ("NotificationARNs", "notification_arns"),
            ("RetainStacksOnAccountRemoval", "retain_stacks_on_account_removal"),
            ("OnFailure", "on_failure"),
            ("TemplateURL", "template_url"),
            ("Type", "type_"),
            ("KMSKeyArn", "kms_key_arn"),
            ("Sha256", "sha256"),
            ("CodeSha256", "code_sha256"),
            ("OUIds", "ou_ids"),
            ("Arns", "arns"),
        ] {
            assert_eq!(snake(name), expected);
        }
    }

    #[test]
    fn variants_are_words() {
        for (value, expected) in [
            ("CREATE_IN_PROGRESS", "CreateInProgress"),
            ("python3.13", "Python313"),
            ("AWS::Lambda", "AwsLambda"),
            ("x86_64", "X8664"),
            ("ServiceManaged", "ServiceManaged"),
            ("all", "All"),
            ("1", "V1"),
        ] {
            assert_eq!(variant(value), expected);
        }
    }
}
