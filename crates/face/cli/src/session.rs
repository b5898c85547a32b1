//! What most commands begin with: the project read, artifacts packed, AWS reached and looked at.

use std::{collections::BTreeMap, future::Future, path::Path, sync::Arc};

use anyhow::{Context, Result, bail};
use stackfleet_aws::{Aws, ConnectError, Connection, observe};
use stackfleet_base::{Diagnostic, Digest, Files, Sources};
use stackfleet_drive::Clock;
use stackfleet_pack::{Folder, pack};
use stackfleet_plan::{Artifact, Artifacts, Observed, scope};
use stackfleet_project::{FILE_NAME, Project};

use crate::{arguments::Global, console::Console, diagnostics, exit::Exit, twin::Twin};

/// Packed archives by digest.
type Archives = BTreeMap<Digest, Arc<[u8]>>;

/// A project without errors, and its packed code.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) project: Project,
    /// The project's files, for places.
    pub(crate) sources: Sources,
    pub(crate) artifacts: Artifacts,
    pub(crate) bytes: Archives,
}

/// Reads a project with everything that is to be said about it.
pub(crate) fn read(folder: &Path) -> Result<(Option<Project>, Sources, Vec<Diagnostic>)> {
    read_from(folder, &Folder::new(folder))
}

/// Reads a project as [`read`] does, with the texts that `files` gives.
pub(crate) fn read_from(folder: &Path, files: &dyn Files) -> Result<(Option<Project>, Sources, Vec<Diagnostic>)> {
    if !folder.join(FILE_NAME).is_file() {
        bail!(
            "there is no {FILE_NAME} in {}; `stackfleet init` writes one, --project DIR names another folder",
            folder.display()
        );
    }
    let (project, sources, mut found) = stackfleet_project::load(files);
    stackfleet_base::diagnostic::sort(&mut found);
    Ok((project, sources, found))
}

/// Reads a project that is to be worked with; shows what is wrong with it.
pub(crate) fn load(console: &Console, folder: &Path) -> Result<Result<Loaded, Exit>> {
    let (project, sources, found) = read(folder)?;
    let wrong = found.iter().any(Diagnostic::is_error);
    if wrong || !console.quiet {
        diagnostics::show(console, &sources, &found);
    }
    match project {
        Some(project) if !wrong => {
            let (artifacts, bytes) = packed(&project, folder)?;
            Ok(Ok(Loaded { project, sources, artifacts, bytes }))
        }
        _ => Ok(Err(Exit::Error)),
    }
}

fn packed(project: &Project, folder: &Path) -> Result<(Artifacts, Archives)> {
    let files = Folder::new(folder);
    let mut artifacts = Artifacts::default();
    let mut bytes = BTreeMap::new();
    for app in project.apps.values() {
        for stack in app.stacks.values() {
            for code in stack.template.local_code() {
                let template = &stack.template.path.value;
                let place = code.place.join(".");
                let Some(path) = code.path else {
                    bail!("{template}: {place} leads out of the project's folder");
                };
                if !code.archived {
                    bail!(
                        "{template}: {place} names the local file `{path}`, which is not uploaded yet; write it inline"
                    );
                }
                let path = if path.is_empty() { "." } else { &path };
                let packed = pack(&files, path).with_context(|| format!("cannot pack {place} of {template}"))?;
                artifacts.entries.push(Artifact {
                    app: app.name.value.clone(),
                    stack: stack.name.value.clone(),
                    place: code.place,
                    digest: packed.digest,
                    size: u64::try_from(packed.bytes.len()).unwrap_or(u64::MAX),
                });
                bytes.insert(packed.digest, packed.bytes);
            }
        }
    }
    Ok((artifacts, bytes))
}

/// Leaves only the named apps in a project; all, when none is named.
pub(crate) fn choose(loaded: &mut Loaded, apps: &[String]) -> Result<()> {
    if let Some(unknown) = apps.iter().find(|name| !loaded.project.apps.contains_key(*name)) {
        bail!(no_app(&loaded.project, unknown));
    }
    if !apps.is_empty() {
        loaded.project.apps.retain(|name, _| apps.contains(name));
        loaded.artifacts.entries.retain(|artifact| apps.contains(&artifact.app));
    }
    Ok(())
}

/// Says that there is no such app, and which name may have been meant.
pub(crate) fn no_app(project: &Project, name: &str) -> String {
    let known: Vec<&str> = project.apps.keys().map(String::as_str).collect();
    let near = stackfleet_base::suggest::nearest(name, known.iter().copied());
    let hint = near.map_or_else(|| known.join(", "), |near| format!("did you mean `{near}`?"));
    format!("there is no app `{name}`: {hint}")
}

/// Where AWS, or what stands in for it, is reached.
#[derive(Debug)]
pub(crate) struct Reach {
    pub(crate) aws: Aws,
    pub(crate) clock: Clock,
    twin: Option<Twin>,
}

impl Reach {
    /// Connects as the options say.
    pub(crate) async fn connect(global: &Global, project: &Project) -> Result<Self> {
        let home = scope(project, &Artifacts::default()).home;
        if global.twin {
            let email = project.organization.as_ref().map(|organization| organization.management.value.as_str());
            let twin = Twin::open(1, email, global.twin_state.as_deref())?;
            return Self::through(twin, project).await;
        }
        if global.endpoint_speed > 1 && endpoint(global).is_none() {
            bail!(
                "--endpoint-speed is for simulated endpoints, not for AWS; name one with --endpoint-url or \
                 AWS_ENDPOINT_URL"
            );
        }
        let connection = Connection {
            profile: global.profile.clone(),
            endpoint_url: global.endpoint_url.clone(),
            home,
            speed: global.endpoint_speed,
            ..Connection::default()
        };
        let clock = Clock::system().faster(global.endpoint_speed);
        let aws = Aws::connect(connection).await.map_err(|error| unconnected(global, error))?;
        Ok(Self { aws, clock, twin: None })
    }

    /// Connects to a twin.
    pub(crate) async fn through(twin: Twin, project: &Project) -> Result<Self> {
        let home = scope(project, &Artifacts::default()).home;
        let aws = Aws::connect(twin.connection(home)).await?;
        Ok(Self { aws, clock: twin.clock(), twin: Some(twin) })
    }

    /// Looks at everything that planning needs.
    pub(crate) async fn observe(&self, loaded: &Loaded) -> Result<Observed> {
        let scope = scope(&loaded.project, &loaded.artifacts);
        observe(&self.aws, &scope, self.clock.now()).await.context("cannot read the organization")
    }

    /// Keeps what has to be kept: the world of an embedded twin.
    pub(crate) fn close(&self) -> Result<()> {
        self.twin.as_ref().map_or(Ok(()), Twin::save)
    }
}

/// The endpoint that stands in for AWS, if one is named.
fn endpoint(global: &Global) -> Option<String> {
    let named = || std::env::var("AWS_ENDPOINT_URL").ok().filter(|url| !url.is_empty());
    global.endpoint_url.clone().or_else(named)
}

/// Says what to do about a connection that cannot be made.
fn unconnected(global: &Global, error: ConnectError) -> anyhow::Error {
    let told = match (&error, endpoint(global)) {
        (ConnectError::WhoAmI(failure), _) if failure.lacks_credentials() => {
            "nobody is signed in to AWS; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a profile with --profile, \
             or try things out with --twin"
                .to_owned()
        }
        (ConnectError::WhoAmI(failure), Some(url)) if failure.is_without_answer() => {
            format!("nothing answers at {url}; `stackfleet twin serve` starts a simulated AWS and prints its address")
        }
        (ConnectError::WhoAmI(failure), None) if failure.is_without_answer() => {
            "AWS cannot be reached; is there a network, or a proxy that has to be named in HTTPS_PROXY?".to_owned()
        }
        (ConnectError::WhoAmI(_) | ConnectError::NoRegion | ConnectError::Identity(_), _) => return error.into(),
    };
    anyhow::Error::new(error).context(told)
}

/// Runs to its end, in virtual time where the world is simulated in this process.
pub(crate) fn block_on<T>(virtual_time: bool, future: impl Future<Output = T>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(virtual_time)
        .build()
        .context("cannot start the runtime")?;
    Ok(runtime.block_on(future))
}
