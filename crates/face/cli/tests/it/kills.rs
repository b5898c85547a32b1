//! `deploy`, killed at random moments and run again, ends where an undisturbed run ends, and repeats no operation.
//!
//! Twenty moments: sixteen worlds in which it is killed once, each in another sixteenth of the run, and one in which it
//! is killed four times. Moments come from a fixed seed; what is on its way in that moment depends on the machine.

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
const SLICES: usize = 16;
/// Kills in the world with many.
const CHAIN: usize = 4;
/// Worlds at once: the machine's cores are few, and each world needs two.
const SIDE_BY_SIDE: usize = 2;

/// Numbers that look random (splitmix64); the seed is the state.
struct Random(u64);

impl Random {
    /// Returns the next number from `from` on, less than `room` above it.
    fn within(&mut self, from: usize, room: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        from + usize::try_from((mixed ^ (mixed >> 31)) >> 33).unwrap() % room.max(1)
    }
}

/// A moment of a run: so many calls that ask for a change, and so many calls of any kind after the last of these. How
/// often a run asks whether something is done depends on the machine; what it changes does not.
#[derive(Debug, Clone, Copy)]
struct Moment {
    changes: usize,
    calls: usize,
}

/// Deploys into a world of its own after killing it at these moments; returns the world afterwards, and how many
/// changes were asked for in all.
fn deploy(sandbox: &Sandbox, name: &str, kills: &[Moment]) -> (Value, usize) {
    let project = example();
    let twin = Served::start(sandbox, name, FAST);
    for moment in kills {
        kill_at(&twin, &project, *moment);
    }
    let last = twin.run(&project, &["deploy", "--yes", "--json"]).ends(0).json();
    assert_eq!(last["summary"]["current"], 24, "{last}");
    twin.run(&project, &["verify", "--quiet"]).ends(0);
    let changes = changes(&twin);
    twin.stop();
    (serde_json::from_str(&fs::read_to_string(sandbox.path(name)).unwrap()).unwrap(), changes)
}

fn changes(twin: &Served<'_>) -> usize {
    twin.calls().iter().filter(|(_, mutating)| *mutating).count()
}

/// Starts a deployment and kills it.
fn kill_at(twin: &Served<'_>, project: &Path, moment: Moment) {
    let until = changes(twin) + moment.changes;
    let mut command = twin.command(project, &["deploy", "--yes"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut wait = |reached: &dyn Fn() -> bool| {
        while !reached() {
            assert!(child.try_wait().unwrap().is_none(), "it ended before {moment:?}");
        }
    };
    wait(&|| changes(twin) >= until);
    let until = twin.calls().len() + moment.calls;
    wait(&|| twin.calls().len() >= until);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn killed_at_twenty_moments_it_ends_as_an_undisturbed_run() {
    let sandbox = Sandbox::new();
    let (undisturbed, changes) = deploy(&sandbox, "undisturbed", &[]);
    let wanted = settled(&undisturbed);
    nothing_was_repeated("undisturbed", &undisturbed);
    let mut random = Random(4_711);
    // Some of the changes are asked for again after a throttle, so the very last may be missing in another run.
    let last = changes - 4;
    let mut worlds: Vec<(String, Vec<Moment>)> = (0..SLICES)
        .map(|index| {
            let changes = random.within(last * index / SLICES, last.div_ceil(SLICES));
            (format!("slice-{index}"), vec![Moment { changes, calls: random.within(0, 4) }])
        })
        .collect();
    let chain = (0..CHAIN).map(|_| Moment { changes: random.within(last / 12, last / 12), calls: random.within(0, 4) });
    worlds.push(("chain".to_owned(), chain.collect()));

    thread::scope(|scope| {
        for runner in 0..SIDE_BY_SIDE {
            let mine: Vec<_> = worlds.iter().skip(runner).step_by(SIDE_BY_SIDE).collect();
            let (sandbox, wanted) = (&sandbox, &wanted);
            scope.spawn(move || {
                for (name, kills) in mine {
                    let (world, _) = deploy(sandbox, name, kills);
                    same(&format!("{name}, killed at {kills:?} of {changes} changes,"), wanted, &settled(&world));
                    nothing_was_repeated(name, &world);
                }
            });
        }
    });
}

/// Ctrl-C begins nothing more, lets AWS end what it is at, and says that it is safe to run again.
#[test]
fn interrupted_it_stops_with_130_and_goes_on_the_next_time() {
    let sandbox = Sandbox::new();
    let project = example();
    let twin = Served::start(&sandbox, "interrupted", FAST);
    let mut command = twin.command(&project, &["deploy", "--yes"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while changes(&twin) < 20 {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it was interrupted");
    }
    assert!(sandbox.command("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{told}");
    assert!(told.contains("stopping: nothing more is begun") && told.contains("safe to run again"), "{told}");
    twin.run(&project, &["deploy", "--yes"]).ends(0).says(&["24 current"]);
    twin.stop();
    let world = serde_json::from_str(&fs::read_to_string(sandbox.path("interrupted")).unwrap()).unwrap();
    nothing_was_repeated("interrupted", &world);
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
