//! What may be written behind `stackfleet`.

mod policy;
mod template;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub(crate) use policy::{PolicyCommand, PolicyDiff};
pub(crate) use template::{
    GraphFormat, PolicyLeast, TemplateCell, TemplateCommand, TemplateDiff, TemplateGraph, Validate,
};

/// Rolls CloudFormation and SAM applications out to many AWS accounts: rehearse it, run it, see that it holds.
#[derive(Debug, Parser)]
#[command(
    name = "stackfleet",
    version,
    about,
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = true
)]
#[command(
    after_help = "Exit codes: 0 done; 1 error; 2 changes pending (--detailed-exitcode); 3 partly done or not as \
    declared; 4 refused by a check; 5 needs approval; 64 wrong usage; 130 interrupted (safe to run again)."
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Global {
    /// Folder with stackfleet.yaml
    #[arg(long, global = true, value_name = "DIR", default_value = ".")]
    pub(crate) project: PathBuf,
    /// Profile of the AWS configuration files
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// Talk to this endpoint instead of AWS
    #[arg(long, global = true, value_name = "URL", conflicts_with = "twin")]
    pub(crate) endpoint_url: Option<String>,
    /// With an endpoint: that AWS is simulated and its time runs this much faster, as with `twin serve --speed`
    #[arg(long, global = true, value_name = "FACTOR", conflicts_with = "twin", default_value_t = 1)]
    pub(crate) endpoint_speed: u32,
    /// Use the embedded simulated AWS, in virtual time
    #[arg(long, global = true)]
    pub(crate) twin: bool,
    /// With --twin: keep the simulated world in this file
    #[arg(long, global = true, value_name = "FILE", requires = "twin")]
    pub(crate) twin_state: Option<PathBuf>,
    /// Print the result as JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Print no progress
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// Print everything, however long
    #[arg(long, short, global = true)]
    pub(crate) verbose: bool,
    /// Print without colours (also: NO_COLOR)
    #[arg(long, global = true)]
    pub(crate) no_color: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write a commented starter project
    Init {
        /// Where
        #[arg(default_value = ".")]
        folder: PathBuf,
    },
    /// Read and check the whole project, or templates, offline
    Validate(Validate),
    /// Show which accounts and regions an app goes to, and why
    #[command(args_conflicts_with_subcommands = true)]
    Targets {
        #[command(subcommand)]
        command: Option<TargetsCommand>,
        /// The app; all, when left out
        app: Option<String>,
    },
    /// May a role or user of an account do something: allowed or refused, by which statement in which file
    ///
    /// Exits with 0 when it is allowed, or depends on what nobody knows yet, and with 4 when it is refused. Without an
    /// endpoint, a profile or keys the answer comes from the project alone.
    Check {
        /// Name or id
        account: String,
        /// Such as `s3:GetObject`
        action: String,
        /// ARN of what it is done to; `{account}` in it stands for the account's id
        #[arg(default_value = "*")]
        resource: String,
        /// A role or user there, or a role that a stack of the project makes there: its name, `role/NAME`, `user/NAME`
        /// or ARN; otherwise the administrator of the account
        #[arg(long = "as", value_name = "NAME")]
        role: Option<String>,
    },
    /// Which roles and users of an account may do something, by which statements
    WhoCan {
        /// Name or id
        account: String,
        /// Such as `s3:GetObject`
        action: String,
        /// ARN of what it is done to; `{account}` in it stands for the account's id
        #[arg(default_value = "*")]
        resource: String,
    },
    /// Show what would change, where, and what stands against it
    Plan {
        /// The apps; all, when left out
        apps: Vec<String>,
        /// Save the plan, to be carried out by `deploy FILE`
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Exit with 2 when changes are pending
        #[arg(long)]
        detailed_exitcode: bool,
    },
    /// Carry a plan out
    Deploy {
        /// The apps (all, when left out), or the file of a saved plan
        what: Vec<String>,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
        /// Try only the cells that failed before
        #[arg(long, value_name = "WHICH", value_parser = ["failed"])]
        retry: Option<String>,
        /// Go ahead although checks of this code (PRE005, say) are errors; may be given several times
        #[arg(long, value_name = "CODE")]
        despite: Vec<String>,
    },
    /// Show what runs where: units x stacks, and problems by cause
    Status {
        /// The apps; all, when left out
        apps: Vec<String>,
    },
    /// Compare every account and region with what is declared
    Verify {
        /// The apps; all, when left out
        apps: Vec<String>,
        /// Bring exactly those that are missing, failed or outdated to what is declared
        #[arg(long)]
        repair: bool,
        /// With --repair: do not ask
        #[arg(long, short)]
        yes: bool,
    },
    /// Play the whole rollout against a simulated AWS in virtual time
    Rehearse {
        /// Folder with stackfleet.yaml
        folder: Option<PathBuf>,
        /// Seed of the simulated world: the same seed gives the same run
        #[arg(long, value_name = "NUMBER", default_value_t = 1)]
        seed: u64,
    },
    /// The simulated AWS
    Twin {
        #[command(subcommand)]
        command: TwinCommand,
    },
    /// The local SAM transform
    Sam {
        #[command(subcommand)]
        command: SamCommand,
    },
    /// CloudFormation and SAM templates: draw, compare
    Template {
        #[command(subcommand)]
        command: TemplateCommand,
    },
    /// IAM policies: decide cases, check documents
    Policy {
        #[command(subcommand)]
        command: PolicyCommand,
    },
    /// Print the JSON Schema of stackfleet.yaml, for editors
    Schema,
    /// Print a completion script
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// `targets ...`.
#[derive(Debug, Subcommand)]
pub(crate) enum TargetsCommand {
    /// Why an account is in or out, app by app
    Explain {
        /// Name or id
        account: String,
    },
}

/// `twin ...`.
#[derive(Debug, Subcommand)]
pub(crate) enum TwinCommand {
    /// Serve the simulated AWS as an endpoint for any AWS client
    Serve {
        /// Port on 127.0.0.1; 0 takes a free one
        #[arg(long, default_value_t = 4566)]
        port: u16,
        /// Write endpoint and keys here once it answers, as JSON
        #[arg(long, value_name = "FILE")]
        ready_file: Option<PathBuf>,
        /// Load the world from this file if it exists, and save it there at the end
        #[arg(long, value_name = "FILE")]
        state: Option<PathBuf>,
        /// Let the world's time run this much faster than real time
        #[arg(long, value_name = "FACTOR", default_value_t = 1)]
        speed: u32,
        /// Seed of a new world
        #[arg(long, value_name = "NUMBER", default_value_t = 1)]
        seed: u64,
        /// Write a line of JSON for every call: its operation, and whether it asks for a change
        #[arg(long, value_name = "FILE")]
        log: Option<PathBuf>,
        /// E-mail address of a new world's management account
        #[arg(long, value_name = "ADDRESS")]
        management_email: Option<String>,
    },
}

/// `sam ...`.
#[derive(Debug, Subcommand)]
pub(crate) enum SamCommand {
    /// Translate SAM templates to CloudFormation templates
    Translate {
        /// The templates
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Region that decides the partition
        #[arg(long, default_value = "us-east-1")]
        region: String,
        /// Parameter values: k=v,k=v
        #[arg(long, value_name = "K=V,...", value_delimiter = ',')]
        parameters: Vec<String>,
        /// What AWS would look up over the network, as JSON
        #[arg(long, value_name = "FILE")]
        lookups: Option<PathBuf>,
        /// Where local code would be uploaded to; without it local code is refused, as AWS refuses it
        #[arg(long, value_name = "s3://BUCKET/KEY")]
        code_uri: Option<String>,
        /// Write DIR/STEM.json, or DIR/STEM.error.txt, instead of printing
        #[arg(long, value_name = "DIR")]
        out_dir: Option<PathBuf>,
    },
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_holds_together() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn targets_takes_an_app_or_a_subcommand() {
        let parse = |line: &str| Arguments::try_parse_from(line.split(' ')).unwrap().command;
        assert!(matches!(parse("stackfleet targets shop"), Command::Targets { app: Some(app), .. } if app == "shop"));
        assert!(matches!(
            parse("stackfleet targets explain Staging"),
            Command::Targets { command: Some(TargetsCommand::Explain { account }), .. } if account == "Staging"
        ));
    }
}
