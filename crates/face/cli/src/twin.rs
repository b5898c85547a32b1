//! The embedded simulated AWS: a world, its front door, and the SDK plugged into it without a socket.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::{Context, Result, anyhow};
use stackfleet_aws::{Connection, Keys, Now};
use stackfleet_base::{Region, Timestamp};
use stackfleet_drive::Clock;
use stackfleet_twin::{World, WorldOptions};
use stackfleet_wire::{Door, connector};

use crate::files::write_whole;

/// Where the SDK is told to go; nothing listens there, since the connector answers instead.
const ENDPOINT: &str = "http://twin.invalid";

/// A simulated AWS that lives in this process.
#[derive(Debug)]
pub(crate) struct Twin {
    door: Door<World>,
    clock: Clock,
    state: Option<PathBuf>,
}

/// Shows the world what the rollout's clock shows.
#[derive(Debug, Clone, Copy)]
struct WorldClock(Clock);

impl stackfleet_wire::Clock for WorldClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
}

impl Twin {
    /// Loads the world of a state file, or makes a new one whose first account has this e-mail address.
    ///
    /// Must be called within the runtime whose time the world is to follow.
    pub(crate) fn open(seed: u64, management_email: Option<&str>, state: Option<&Path>) -> Result<Self> {
        let world = match state.filter(|path| path.exists()) {
            Some(path) => load(path)?,
            None => new(seed, management_email),
        };
        let clock = Clock::starting_at(world.now());
        let door = Door::new(Arc::new(Mutex::new(world)), WorldClock(clock));
        Ok(Self { door, clock, state: state.map(Path::to_owned) })
    }

    /// Returns how to reach it with the keys of its first account's administrator.
    pub(crate) fn connection(&self, home: Option<Region>) -> Connection {
        let (access_key_id, secret_access_key) = {
            let world = self.door.world().lock().unwrap_or_else(PoisonError::into_inner);
            let (id, secret) = world.administrator_key();
            (id.to_owned(), secret.to_owned())
        };
        let clock = self.clock;
        Connection {
            endpoint_url: Some(ENDPOINT.to_owned()),
            home,
            keys: Some(Keys { access_key_id, secret_access_key }),
            http_client: Some(connector(self.door.clone())),
            now: Some(Now::new(move || clock.now())),
            ..Connection::default()
        }
    }

    /// Returns the clock that the world follows.
    pub(crate) const fn clock(&self) -> Clock {
        self.clock
    }

    /// Saves the world where it came from, if it came from anywhere.
    pub(crate) fn save(&self) -> Result<()> {
        let Some(path) = &self.state else { return Ok(()) };
        let world = self.door.world().lock().unwrap_or_else(PoisonError::into_inner);
        save(&world, path)
    }
}

/// Makes a new world.
pub(crate) fn new(seed: u64, management_email: Option<&str>) -> World {
    let mut options = WorldOptions::default();
    if let Some(email) = management_email {
        email.clone_into(&mut options.management_email);
    }
    World::new(seed, options)
}

/// Reads a saved world.
pub(crate) fn load(path: &Path) -> Result<World> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    World::load(&text)
        .map_err(|error| anyhow!(error))
        .with_context(|| format!("{} is not a saved world", path.display()))
}

/// Writes a world, whole or not at all.
pub(crate) fn save(world: &World, path: &Path) -> Result<()> {
    let text = world.save().map_err(|error| anyhow!(error)).context("cannot save the world")?;
    write_whole(path, &text)
}
