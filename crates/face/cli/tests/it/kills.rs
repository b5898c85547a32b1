//! `deploy`, killed at random moments and run again, ends where an undisturbed run ends, and repeats no operation.
//!
//! Twenty moments: sixteen worlds in which it is killed once, each in another sixteenth of the run, and one in which it
//! is killed four times. A moment is a number of calls that the twin has had, from a fixed seed; which calls those are
//! depends on the machine.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::Stdio,
    thread,
};

use serde_json::Value;

use crate::{
    sandbox::{Sandbox, example},
    served::{FAST, Served},
};

/// Worlds with one kill.
const SLICES: u64 = 16;
/// Kills in the world with many.
const CHAIN: u64 = 4;
/// Worlds at once: the machine's cores are few, and each world needs two.
const SIDE_BY_SIDE: usize = 2;

/// Numbers that look random (splitmix64); the seed is the state.
struct Random(u64);

impl Random {
    /// Returns the next number from `from` on, less than `room` above it.
    fn within(&mut self, from: u64, room: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        from + (mixed ^ (mixed >> 31)) % room.max(1)
    }
}

/// Deploys into a world of its own after killing it when the twin has had so many calls of each run; returns the world
/// afterwards, and how many calls the last run made.
fn deploy(sandbox: &Sandbox, name: &str, kills: &[u64]) -> (Value, u64) {
    let project = example();
    let twin = Served::start(sandbox, name, FAST);
    for calls in kills {
        kill_after(&twin, &project, *calls);
    }
    let before = total(&twin);
    let last = twin.run(&project, &["deploy", "--yes", "--json"]).ends(0).json();
    let made = total(&twin) - before;
    assert_eq!(last["summary"]["current"], 24, "{last}");
    twin.run(&project, &["verify", "--quiet"]).ends(0);
    twin.stop();
    (serde_json::from_str(&fs::read_to_string(sandbox.path(name)).unwrap()).unwrap(), made)
}

fn total(twin: &Served<'_>) -> u64 {
    u64::try_from(twin.calls().len()).unwrap()
}

/// Starts a deployment and kills it at its call of this number.
fn kill_after(twin: &Served<'_>, project: &Path, calls: u64) {
    let until = total(twin) + calls;
    let mut command = twin.command(project, &["deploy", "--yes"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while total(twin) < until {
        assert!(child.try_wait().unwrap().is_none(), "it ended before call {calls}");
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn killed_at_twenty_moments_it_ends_as_an_undisturbed_run() {
    let sandbox = Sandbox::new();
    let (undisturbed, calls) = deploy(&sandbox, "undisturbed", &[]);
    let wanted = settled(&undisturbed);
    nothing_was_repeated("undisturbed", &undisturbed);
    let mut random = Random(4_711);
    // Runs differ a little in how often they ask whether something is done, so the last calls are not aimed at.
    let last = calls * 9 / 10;
    let mut worlds: Vec<(String, Vec<u64>)> = (0..SLICES)
        .map(|index| (format!("slice-{index}"), vec![random.within(last * index / SLICES, last / SLICES)]))
        .collect();
    worlds.push(("chain".to_owned(), (0..CHAIN).map(|_| random.within(calls / 8, calls / 8)).collect()));

    thread::scope(|scope| {
        for runner in 0..SIDE_BY_SIDE {
            let mine: Vec<_> = worlds.iter().skip(runner).step_by(SIDE_BY_SIDE).collect();
            let (sandbox, wanted) = (&sandbox, &wanted);
            scope.spawn(move || {
                for (name, kills) in mine {
                    let (world, _) = deploy(sandbox, name, kills);
                    same(&format!("{name}, killed at call {kills:?} of {calls},"), wanted, &settled(&world));
                    nothing_was_repeated(name, &world);
                }
            });
        }
    });
}

/// Members of a saved world that tell how it came to be as it is rather than how it is.
const HISTORY: [&str; 11] = [
    "queue",
    "ids",
    "throttle",
    "sessions",
    "creations",
    "operations",
    "last_operation",
    "token",
    "events",
    "key_use",
    "last_used",
];

/// Larger numbers are times: milliseconds since 1970.
const NUMBER_MAX: i64 = 1_000_000_000_000;

/// Returns how a world is, without how it came about: one line for each value, sorted.
fn settled(world: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    flatten(&world["world"], "", &mut lines);
    lines.sort();
    lines
}

fn flatten(value: &Value, path: &str, lines: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            let told = members.iter().filter(|(name, _)| !HISTORY.contains(&name.as_str()));
            for (name, member) in told {
                flatten(member, &format!("{path}/{name}"), lines);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| flatten(item, &format!("{path}/-"), lines)),
        Value::Number(time) if time.as_i64().is_some_and(|time| time > NUMBER_MAX) => {}
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => lines.push(format!("{path} = {value}")),
    }
}

#[track_caller]
fn same(name: &str, wanted: &[String], found: &[String]) {
    let (wanted, found): (BTreeSet<_>, BTreeSet<_>) = (wanted.iter().collect(), found.iter().collect());
    let lacks: Vec<_> = wanted.difference(&found).take(20).collect();
    let more: Vec<_> = found.difference(&wanted).take(20).collect();
    assert!(lacks.is_empty() && more.is_empty(), "{name} lacks {lacks:#?} and has {more:#?}");
}

/// Every account came from one creation that succeeded, and every instance from one operation.
#[track_caller]
fn nothing_was_repeated(name: &str, world: &Value) {
    let organization = &world["world"]["organization"];
    let mut creations: BTreeMap<&str, usize> = BTreeMap::new();
    for creation in organization["creations"].as_object().unwrap().values() {
        *creations.entry(creation["email"].as_str().unwrap_or_default()).or_default() += 1;
    }
    assert_eq!(creations.len(), 13, "{name}: {creations:?}");
    assert!(creations.values().all(|count| *count == 1), "{name}: {creations:?}");
    for set in world["world"]["cloudformation"]["sets"].as_object().unwrap().values() {
        let mut cells: BTreeMap<String, usize> = BTreeMap::new();
        for operation in set["operations"].as_array().unwrap() {
            assert_eq!(operation["status"], "SUCCEEDED", "{name}: {operation}");
            for account in worked_on(operation) {
                *cells.entry(account).or_default() += 1;
            }
        }
        assert_eq!(cells.len(), 12, "{name}: {}", set["name"]);
        assert!(cells.values().all(|count| *count == 1), "{name}: {}: {cells:?}", set["name"]);
    }
}

/// Accounts in which an operation worked on an instance. The rollout goes to one region.
fn worked_on(operation: &Value) -> BTreeSet<String> {
    let results = operation["results"].as_array().unwrap();
    results.iter().map(|result| result[0][0].as_str().unwrap().to_owned()).collect()
}
