//! Names that CloudFormation gives to what a template leaves unnamed.

/// Returns `STACK-LOGICAL-RANDOM` in at most `max` characters. AWS does not say how it shortens; here the longer of the
/// two parts gives way first.
pub(crate) fn physical(stack: &str, logical: &str, random: &str, max: usize) -> String {
    let room = max.saturating_sub(random.chars().count() + 2);
    let (stack_length, logical_length) = (stack.chars().count(), logical.chars().count());
    let half = room / 2;
    let logical_room = logical_length.min(half.max(room.saturating_sub(stack_length)));
    let stack_room = stack_length.min(room.saturating_sub(logical_room));
    let cut = |text: &str, length: usize| text.chars().take(length).collect::<String>();
    format!("{}-{}-{random}", cut(stack, stack_room).trim_end_matches('-'), cut(logical, logical_room))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_parts_give_way() {
        assert_eq!(physical("stack", "Role", "ABC", 64), "stack-Role-ABC");
        let long = physical(&"s".repeat(100), "ExecutionRole", "ABCDEFGHIJKL", 64);
        assert_eq!(long.len(), 64);
        assert!(long.ends_with("-ExecutionRole-ABCDEFGHIJKL"), "{long}");
        assert_eq!(physical(&"s".repeat(100), &"L".repeat(100), "ABC", 64).len(), 64);
        assert_eq!(physical("s", &"L".repeat(100), "ABC", 64).len(), 64);
    }
}
