//! "Did you mean": the known name that is nearest to a mistyped one.

/// Returns the candidate that a reader would take `word` for, if one is near enough.
///
/// Case is ignored; near means at most a third of the letters differ (insertions, deletions, changes and swaps of
/// neighbours count one each).
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let length = word.chars().count();
    let limit = (length / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (candidate.to_lowercase(), candidate))
        // As many letters at least as one is longer: most candidates need no closer look.
        .filter(|(lower, _)| lower.chars().count().abs_diff(length) <= limit)
        .map(|(lower, candidate)| (distance(&word, &lower), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Returns how many letters must be inserted, deleted, changed or swapped with their neighbour to make one of the other
/// (the optimal string alignment distance).
#[must_use]
pub fn distance(left: &str, right: &str) -> usize {
    strsim::osa_distance(left, right)
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
