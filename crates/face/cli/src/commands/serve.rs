//! `twin serve`: the simulated AWS as an endpoint for any AWS client.

use std::{
    fs,
    io::Write,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::{Context, Result};
use serde_json::json;
use stackfleet_twin::World;
use stackfleet_wire::{Door, RealClock, ServeOptions, serve};
use tokio::net::TcpListener;

use crate::{console::Console, exit::Exit, files::write_whole, session, twin};

/// What may be set.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options<'a> {
    pub(crate) port: u16,
    pub(crate) ready_file: Option<&'a Path>,
    pub(crate) state: Option<&'a Path>,
    pub(crate) speed: u32,
    pub(crate) seed: u64,
    pub(crate) log: Option<&'a Path>,
    pub(crate) management_email: Option<&'a str>,
}

/// The region that the printed settings name; every region is served.
const REGION: &str = "eu-west-1";

pub(crate) fn run(console: &Console, options: &Options<'_>) -> Result<Exit> {
    session::block_on(false, async {
        let world = match options.state.filter(|path| path.exists()) {
            Some(path) => twin::load(path)?,
            None => twin::new(options.seed, options.management_email),
        };
        let (key, secret) = world.administrator_key();
        let (key, secret) = (key.to_owned(), secret.to_owned());
        let account = world.management_account().clone();
        // A served world lives in the present, since clients sign with the time of day; a saved one goes on from there.
        let start = RealClock::time_of_day().max(world.now());
        let world = Arc::new(Mutex::new(world));
        let door = Door::new(Arc::clone(&world), RealClock::new(start, options.speed));
        if let Some(path) = options.log {
            log(&door, path)?;
        }

        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, options.port));
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("cannot listen on {address}; --port 0 takes a free port"))?;
        let address = listener.local_addr().context("cannot find out the port")?;
        let url = format!("http://{address}");
        let ready = json!({
            "schema": "stackfleet/twin-serve/v1",
            "endpoint_url": url,
            "access_key_id": key,
            "secret_access_key": secret,
            "region": REGION,
            "account": account,
        });
        if console.json {
            console.json(&ready);
        } else {
            console.result(format!("export AWS_ENDPOINT_URL={url}"));
            console.result(format!("export AWS_ACCESS_KEY_ID={key}"));
            console.result(format!("export AWS_SECRET_ACCESS_KEY={secret}"));
            console.result(format!("export AWS_REGION={REGION} AWS_DEFAULT_REGION={REGION}"));
            console.say(format!("Simulated AWS of account {account} on {url}; Ctrl-C ends it."));
        }
        if let Some(path) = options.ready_file {
            write_whole(path, &format!("{ready:#}\n"))?;
        }
        serve(listener, door, ServeOptions::default(), ended()).await.context("the server failed")?;
        if let Some(path) = options.state {
            twin::save(&world.lock().unwrap_or_else(PoisonError::into_inner), path)?;
        }
        anyhow::Ok(Exit::Done)
    })?
}

/// Writes a line for every call, at once, so that the file can be followed.
fn log(door: &Door<World>, path: &Path) -> Result<()> {
    let mut file = fs::File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    door.calls().listen(move |operation, mutating| {
        // In one piece, since whoever follows the file should never see half a line.
        let line = format!("{}\n", json!({ "operation": operation, "mutating": mutating }));
        // A full disk must not change what the simulated AWS answers.
        drop(file.write_all(line.as_bytes()));
    });
    Ok(())
}

/// Completes when the process is asked to end.
async fn ended() {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = interrupted => {}
                _ = terminated.recv() => {}
            }
            return;
        }
    }
    drop(interrupted.await);
}
