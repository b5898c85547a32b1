//! One file for each command; this one picks.

mod check;
mod deploy;
mod init;
mod plan;
mod policy;
mod rehearse;
mod sam;
mod serve;
mod status;
mod targets;
mod template;
mod validate;
mod verify;

use anyhow::Result;

use crate::{
    arguments::{Arguments, Command, PolicyCommand, SamCommand, TargetsCommand, TemplateCommand, TwinCommand},
    checks::Despite,
    console::Console,
    exit::Exit,
};

/// Runs the command that the arguments name.
pub(crate) fn run(arguments: &Arguments, console: &Console) -> Result<Exit> {
    let global = &arguments.global;
    match &arguments.command {
        Command::Init { folder } => init::run(console, folder),
        Command::Validate(options) => validate::run(console, global, options),
        Command::Targets { command: Some(TargetsCommand::Explain { account }), .. } => {
            targets::explain(console, global, account)
        }
        Command::Targets { command: None, app } => targets::list(console, global, app.as_deref()),
        Command::Check { account, action, resource, role } => {
            check::check(console, global, &check::Asked { account, action, resource }, role.as_deref())
        }
        Command::WhoCan { account, action, resource } => {
            check::who_can(console, global, &check::Asked { account, action, resource })
        }
        Command::Plan { apps, out, detailed_exitcode } => {
            plan::run(console, global, apps, out.as_deref(), *detailed_exitcode)
        }
        Command::Deploy { what, yes, retry, despite } => {
            let despite = Despite::Codes(despite.iter().cloned().collect());
            deploy::run(console, global, what, *yes, retry.is_some(), &despite)
        }
        Command::Status { apps } => status::run(console, global, apps),
        Command::Verify { apps, repair, yes } => verify::run(console, global, apps, *repair, *yes),
        Command::Rehearse { folder, seed } => rehearse::run(console, global, folder.as_deref(), *seed),
        Command::Twin {
            command: TwinCommand::Serve { port, ready_file, state, speed, seed, log, management_email },
        } => serve::run(
            console,
            &serve::Options {
                port: *port,
                ready_file: ready_file.as_deref(),
                state: state.as_deref(),
                speed: *speed,
                seed: *seed,
                log: log.as_deref(),
                management_email: management_email.as_deref(),
            },
        ),
        Command::Sam { command: SamCommand::Translate { files, region, parameters, lookups, code_uri, out_dir } } => {
            let options = sam::Options {
                region,
                parameters,
                lookups: lookups.as_deref(),
                code_uri: code_uri.as_deref(),
                out_dir: out_dir.as_deref(),
            };
            sam::translate(console, files, &options)
        }
        Command::Template { command: TemplateCommand::Graph(options) } => template::graph(console, options),
        Command::Template { command: TemplateCommand::Diff(options) } => template::diff(console, options),
        Command::Policy { command: PolicyCommand::Evaluate { cases, rollout } } => match (cases, rollout) {
            (_, Some(organization)) => policy::evaluate_rollout(console, organization),
            (Some(cases), None) => policy::evaluate(console, cases),
            (None, None) => Ok(Exit::Usage),
        },
        Command::Policy { command: PolicyCommand::Lint { files, kind, minify } } => {
            policy::lint(console, files, kind.kind(), *minify)
        }
        Command::Policy { command: PolicyCommand::Diff(options) } => policy::diff(console, global, options),
        Command::Policy { command: PolicyCommand::Least(options) } => template::least(console, options),
        Command::Schema => {
            console.json(&stackfleet_project::json_schema());
            Ok(Exit::Done)
        }
        Command::Completions { shell } => {
            use clap::CommandFactory;
            clap_complete::generate(*shell, &mut Arguments::command(), "stackfleet", &mut std::io::stdout());
            Ok(Exit::Done)
        }
    }
}
