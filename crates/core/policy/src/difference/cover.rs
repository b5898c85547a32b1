//! Few words for many cases: the conditions that matter, and no others.

use std::collections::BTreeSet;

/// How gladly a condition is said: the smaller, the gladlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Weight {
    /// When it holds.
    pub(crate) holds: u8,
    /// When it does not.
    pub(crate) fails: u8,
}

/// Conditions that have to hold (`true`) or to fail; others do not matter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cube(Vec<Option<bool>>);

impl Cube {
    pub(crate) fn covers(&self, truths: &[bool]) -> bool {
        self.0.iter().zip(truths).all(|(wanted, truth)| wanted.is_none_or(|wanted| wanted == *truth))
    }

    /// Returns the conditions that matter, by their number.
    pub(crate) fn terms(&self) -> impl Iterator<Item = (usize, bool)> {
        self.0.iter().enumerate().filter_map(|(index, wanted)| Some((index, (*wanted)?)))
    }
}

/// Describes the cases `yes` so that no case of `no` is described. What is in neither cannot be, and may be described.
pub(crate) fn cover(yes: &[&[bool]], no: &[&[bool]], weights: &[Weight]) -> Vec<Cube> {
    let mut cubes: Vec<Cube> = Vec::new();
    for case in yes {
        if !cubes.iter().any(|cube| cube.covers(case)) {
            cubes.push(widest(case, no, weights));
        }
    }
    // A later one may cover what an earlier one was made for.
    let mut kept = cubes.clone();
    for cube in &cubes {
        let others = || kept.iter().filter(|other| *other != cube);
        if kept.len() > 1 && yes.iter().all(|case| others().any(|other| other.covers(case))) {
            kept = others().cloned().collect();
        }
    }
    kept.into_iter().collect::<BTreeSet<Cube>>().into_iter().collect()
}

/// Leaves out every condition that is not needed, the least welcome first.
fn widest(case: &[bool], no: &[&[bool]], weights: &[Weight]) -> Cube {
    let mut cube = Cube(case.iter().copied().map(Some).collect());
    let weight = |index: usize| {
        let weight = weights.get(index).copied().unwrap_or(Weight { holds: 0, fails: 0 });
        if case.get(index) == Some(&true) { weight.holds } else { weight.fails }
    };
    let mut order: Vec<usize> = (0..case.len()).collect();
    order.sort_by_key(|index| std::cmp::Reverse(weight(*index)));
    for index in order {
        let Some(slot) = cube.0.get_mut(index) else { continue };
        let kept = slot.take();
        if no.iter().any(|other| cube.covers(other))
            && let Some(slot) = cube.0.get_mut(index)
        {
            *slot = kept;
        }
    }
    cube
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(yes: &[&[bool]], no: &[&[bool]]) -> Vec<Vec<(usize, bool)>> {
        let weights = [Weight { holds: 0, fails: 1 }; 4];
        cover(yes, no, &weights).iter().map(|cube| cube.terms().collect()).collect()
    }

    const T: bool = true;
    const F: bool = false;

    #[test]
    fn only_what_matters_is_said() {
        assert_eq!(said(&[&[T, T], &[T, F]], &[&[F, T], &[F, F]]), [vec![(0, true)]]);
        assert_eq!(said(&[&[T, T]], &[]), [Vec::new()]);
        assert_eq!(said(&[&[T, F]], &[&[T, T], &[F, F]]), [vec![(0, true), (1, false)]]);
        // Either one.
        assert_eq!(said(&[&[T, F], &[F, T], &[T, T]], &[&[F, F]]), [vec![(1, true)], vec![(0, true)]]);
    }

    #[test]
    fn what_cannot_be_makes_it_shorter() {
        // The second holds only where the first does: `[F, T]` is in neither.
        assert_eq!(said(&[&[T, T]], &[&[T, F], &[F, F]]), [vec![(1, true)]]);
    }

    #[test]
    fn nothing_is_described_twice() {
        let yes: [&[bool]; 3] = [&[T, T, F], &[T, F, F], &[T, F, T]];
        let no: [&[bool]; 2] = [&[F, T, F], &[T, T, T]];
        let cubes = cover(&yes, &no, &[Weight { holds: 0, fails: 1 }; 3]);
        for case in yes {
            assert!(cubes.iter().any(|cube| cube.covers(case)));
        }
        for case in no {
            assert!(!cubes.iter().any(|cube| cube.covers(case)));
        }
        assert_eq!(cubes.len(), 2);
    }
}
