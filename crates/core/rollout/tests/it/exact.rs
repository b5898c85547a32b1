//! Whatever is missing, failed or outdated: operations cover exactly that.

use std::collections::BTreeSet;

use proptest::prelude::*;
use stackfleet_plan::{
    Action, Artifacts, Plan,
    observed::InstanceStatus,
    plan,
    plan::{CellId, Change, Targets},
    repair, verify,
};

use crate::{
    run::{Accident, empty_world, make_plan, project, run},
    world::World,
};

fn deployed() -> World {
    static WORLD: std::sync::OnceLock<World> = std::sync::OnceLock::new();
    let make = || {
        let mut world = empty_world();
        run(make_plan(project(""), &world), &mut world, |_| Accident::None);
        world.worked.clear();
        world
    };
    WORLD.get_or_init(make).clone()
}

/// What befalls an instance.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Kept,
    Gone,
    Failed,
    Outdated,
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![4 => Just(Fate::Kept), 1 => Just(Fate::Gone), 1 => Just(Fate::Failed), 1 => Just(Fate::Outdated)]
}

fn befall(world: &mut World, fates: &[Fate]) {
    let mut fates = fates.iter().cycle();
    for set in world.seen.stack_sets.values_mut() {
        set.instances.retain(|_, instance| {
            let fate = fates.next().copied().unwrap_or(Fate::Kept);
            let detailed = match fate {
                Fate::Kept => return true,
                Fate::Gone => return false,
                Fate::Failed => "FAILED",
                Fate::Outdated => "CANCELLED",
            };
            (instance.status, instance.detailed) = (InstanceStatus::Outdated, Some(detailed.to_owned()));
            true
        });
    }
}

fn targets(action: &Action) -> Option<&Targets> {
    if let Action::CreateInstances { targets, .. }
    | Action::UpdateInstances { targets, .. }
    | Action::UpdateStackSet { targets, .. } = action
    {
        return Some(targets);
    }
    None
}

/// Every operation's targets are its cells, and every cell that changes is in exactly one operation.
fn check(plan: &Plan) {
    let mut covered: BTreeSet<CellId> = BTreeSet::new();
    for step in &plan.steps {
        let Some(targets) = targets(&step.action) else { continue };
        let mut product = BTreeSet::new();
        for account in &targets.accounts {
            product.extend(targets.regions.iter().map(|region| (account.name.as_str(), region)));
        }
        let cells: BTreeSet<_> = step
            .cells
            .iter()
            .filter_map(|id| plan.cells.get(id.index()))
            .map(|cell| (cell.account.name.as_str(), &cell.region))
            .collect();
        assert_eq!(product, cells);
        for id in &step.cells {
            assert!(covered.insert(*id), "{id:?} is in two operations");
        }
    }
    let ids = 0_u32..;
    let changing = ids.zip(&plan.cells).filter(|(_, cell)| cell.change != Change::None).map(|(id, _)| CellId(id));
    assert_eq!(covered, changing.collect());
}

#[test]
fn a_definition_is_replaced_by_way_of_one_cell_when_the_first_wave_has_none() {
    let mut world = deployed();
    let dev = ["Dev", "Test"].map(crate::world::digits);
    world.seen.stack_sets.get_mut("fleet-base").unwrap().instances.retain(|cell, _| !dev.contains(&cell.account));
    let plan = make_plan(project("changed"), &world);
    check(&plan);
    let first = plan.steps.iter().find(|step| matches!(step.action, Action::UpdateStackSet { .. })).unwrap();
    assert_eq!(first.cells.len(), 1);
    assert!(run(plan, &mut world, |_| Accident::None).summary.unwrap().is_complete());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn operations_cover_what_is_amiss_and_nothing_else(
        fates in prop::collection::vec(fate(), 20),
        mend in any::<bool>(),
        changed in any::<bool>(),
    ) {
        let mut world = deployed();
        befall(&mut world, &fates);
        let project = project(if changed { "changed" } else { "" });
        let artifacts = Artifacts::default();
        let plan = if mend { repair(project, &artifacts, &world.seen) } else { plan(project, &artifacts, &world.seen) };
        check(&plan);
        let changing = plan.cells.iter().filter(|cell| cell.change != Change::None).count();
        let ran = run(plan, &mut world, |_| Accident::None);
        prop_assert!(ran.summary.unwrap().is_complete());
        prop_assert!(verify(project, &artifacts, &world.seen).holds());
        prop_assert_eq!(world.worked.len(), changing);
    }
}
