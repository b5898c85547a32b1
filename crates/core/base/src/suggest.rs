//! "Did you mean": the known name that is nearest to a mistyped one.

/// Returns the candidate that a reader would take `word` for, if one is near enough.
///
/// Case is ignored; near means at most a third of the letters differ (insertions, deletions, changes and swaps of
/// neighbours count one each).
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (distance(&word.to_lowercase(), &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Returns how many letters must be inserted, deleted, changed or swapped with their neighbour to make one of the other
/// (the optimal string alignment distance).
#[must_use]
pub fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=right.len()).collect();
    let mut previous_letter = None;
    for (row, letter) in left.chars().enumerate() {
        let mut current = vec![row + 1];
        for (column, other) in right.iter().enumerate() {
            let cell = |row: &[usize], at: usize| row.get(at).copied().unwrap_or(usize::MAX / 2);
            let change = cell(&last, column) + usize::from(letter != *other);
            let mut best = change.min(cell(&last, column + 1) + 1).min(cell(&current, column) + 1);
            let swapped = column
                .checked_sub(1)
                .filter(|before| previous_letter == Some(*other) && right.get(*before) == Some(&letter));
            if let Some(before) = swapped {
                best = best.min(cell(&before_last, before) + 1);
            }
            current.push(best);
        }
        before_last = std::mem::replace(&mut last, current);
        previous_letter = Some(letter);
    }
    last.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_count_insertions_deletions_changes_and_swaps() {
        for (left, right, expected) in
            [("", "abc", 3), ("abc", "abc", 0), ("abc", "acb", 1), ("abc", "abd", 1), ("kitten", "sitting", 3)]
        {
            assert_eq!(distance(left, right), expected, "{left} {right}");
        }
    }

    #[test]
    fn only_near_names_are_suggested() {
        let units = ["Workloads", "Shared", "Sandbox"];
        assert_eq!(nearest("Workload", units), Some("Workloads"));
        assert_eq!(nearest("workloads", units), Some("Workloads"));
        assert_eq!(nearest("Sahred", units), Some("Shared"));
        assert_eq!(nearest("Payments", units), None);
    }
}
