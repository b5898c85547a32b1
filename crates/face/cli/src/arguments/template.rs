//! What may be written behind `stackfleet validate` and `stackfleet template`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use stackfleet_base::{AccountId, Region};

/// `validate ...`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  stackfleet validate                                    the project in this folder
  stackfleet validate app/template.yaml --region eu-west-1 --region me-central-1
  stackfleet validate templates/                         every template below a folder
  stackfleet validate --fix *.yaml                       mends what can be mended without asking
  stackfleet validate --sarif templates/ > found.sarif   for code scanning

A FILE is a CloudFormation or SAM template, YAML or JSON; `-` is standard input. IAM policies are checked by \
`stackfleet policy lint`.

Exit codes: 0 no error (there may be warnings); 1 errors; 64 wrong usage.")]
pub(crate) struct Validate {
    /// Templates, or folders with templates; the project, when left out
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// With FILE: a region that the templates go to (may be repeated)
    #[arg(long = "region", value_name = "REGION", requires = "files")]
    pub(crate) regions: Vec<Region>,
    /// Make the changes that are offered, and tell what is left
    #[arg(long)]
    pub(crate) fix: bool,
    /// Print the result as SARIF 2.1.0
    #[arg(long, conflicts_with = "json")]
    pub(crate) sarif: bool,
}

/// `template ...`.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum TemplateCommand {
    /// Show which resource needs which
    Graph(TemplateGraph),
    /// Show what differs between two templates, and what an update from one to the other does
    Diff(TemplateDiff),
}

/// `template graph ...`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  stackfleet template graph template.yaml                          Mermaid, as Markdown files on GitHub show it
  stackfleet template graph template.yaml --format dot | dot -Tsvg > graph.svg
  stackfleet template graph sam.yaml --transformed                 with what the SAM transform makes

An arrow leads to what a resource needs; a dashed one stands for DependsOn.

Exit codes: 0 done; 1 the template cannot be read, or resources need each other in a circle (they are drawn in red).")]
pub(crate) struct TemplateGraph {
    /// The template; `-` is standard input
    pub(crate) file: PathBuf,
    /// What to write
    #[arg(long, value_enum, default_value_t = GraphFormat::Mermaid)]
    pub(crate) format: GraphFormat,
    /// Run the SAM transform and unroll loops first
    #[arg(long)]
    pub(crate) transformed: bool,
    #[command(flatten)]
    pub(crate) cell: TemplateCell,
}

/// How a graph is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum GraphFormat {
    /// Mermaid's flowchart
    Mermaid,
    /// Graphviz
    Dot,
}

/// `template diff ...`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  stackfleet template diff old.yaml new.yaml
  git show HEAD:app.yaml | stackfleet template diff - app.yaml --parameters Environment=prod
  stackfleet template diff a.yaml b.yaml --detailed-exitcode || echo \"they differ\"

Both are evaluated as stacks with these parameters, in this account and region; SAM templates are transformed first.
REPLACED means that CloudFormation makes another resource and deletes the old one.

Exit codes: 0 done; 1 error; 2 they differ (--detailed-exitcode only).")]
pub(crate) struct TemplateDiff {
    /// The template as it is; `-` is standard input
    #[arg(value_name = "A")]
    pub(crate) before: PathBuf,
    /// The template as it will be; `-` is standard input
    #[arg(value_name = "B")]
    pub(crate) after: PathBuf,
    #[command(flatten)]
    pub(crate) cell: TemplateCell,
    /// Exit with 2 when they differ
    #[arg(long)]
    pub(crate) detailed_exitcode: bool,
}

/// The stack for which templates are evaluated.
#[derive(Debug, Clone, Args)]
pub(crate) struct TemplateCell {
    /// Parameter values: k=v,k=v; an item without `=` goes on with the value before it: Zones=a,b
    #[arg(long, value_name = "K=V,...", value_delimiter = ',')]
    pub(crate) parameters: Vec<String>,
    /// The region
    #[arg(long, default_value = "us-east-1")]
    pub(crate) region: Region,
    /// The account
    #[arg(long, value_name = "ID", default_value = "123456789012")]
    pub(crate) account: AccountId,
}

/// `policy least ...`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  stackfleet policy least app/template.yaml --parameters Environment=prod --region eu-west-1 --account 111122223333
  stackfleet policy least app/template.yaml --parameters Environment=prod --explain

The policy is for the role that CloudFormation uses to make, change and delete the resources; whoever starts a stack needs \
CloudFormation's own actions besides. What handlers may call in some cases only is listed by --json.

Exit codes: 0 done; 1 the template cannot be read or evaluated.")]
pub(crate) struct PolicyLeast {
    /// The template; `-` is standard input
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) cell: TemplateCell,
    /// The stack's name: names that CloudFormation makes begin with it
    #[arg(long, value_name = "NAME")]
    pub(crate) stack_name: Option<String>,
    /// Tell each permission with its reason instead
    #[arg(long)]
    pub(crate) explain: bool,
}
