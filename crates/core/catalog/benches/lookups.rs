//! How fast facts are found: `cargo bench -p stackfleet-catalog`.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark measures real time and prints"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use stackfleet_catalog::{Handler, actions, catalog, check};

/// What a serverless application with a database uses.
const TYPICAL: [&str; 10] = [
    "AWS::Lambda::Function",
    "AWS::IAM::Role",
    "AWS::Logs::LogGroup",
    "AWS::Events::Rule",
    "AWS::SNS::Topic",
    "AWS::SQS::Queue",
    "AWS::S3::Bucket",
    "AWS::DynamoDB::Table",
    "AWS::ApiGateway::RestApi",
    "AWS::EC2::SecurityGroup",
];

fn main() {
    let took = |name: &str, took: Duration| println!("{name:<58} {took:>12.2?}");

    let start = Instant::now();
    let catalog = catalog();
    took("first call of catalog(): the index", start.elapsed());
    let start = Instant::now();
    black_box(catalog.resource("AWS::Lambda::Function").unwrap().required().count());
    took("first look-up of AWS::Lambda::Function", start.elapsed());
    let start = Instant::now();
    for name in TYPICAL {
        black_box(catalog.resource(name).unwrap().required().count());
    }
    took("first look-up of ten types of ten services", start.elapsed());
    let start = Instant::now();
    black_box(catalog.resource("AWS::EC2::Instance").unwrap().required().count());
    black_box(catalog.resource("AWS::QuickSight::Dashboard").unwrap().required().count());
    took("first look-up of EC2 (known already) and QuickSight", start.elapsed());
    let start = Instant::now();
    for kind in catalog.types() {
        black_box(kind.required().count());
    }
    took("everything decompressed", start.elapsed());

    let rounds = 100_000;
    let each = |work: &dyn Fn(&str)| {
        let start = Instant::now();
        for round in 0..rounds {
            work(TYPICAL.get(round % TYPICAL.len()).unwrap());
        }
        start.elapsed() / u32::try_from(rounds).unwrap()
    };
    took("a type by its name, known", each(&|name| _ = black_box(catalog.resource(name))));
    took(
        "the schema of a nested property",
        each(&|name| _ = black_box(catalog.resource(name).unwrap().property("/Tags/*/Key"))),
    );
    took("replacement", each(&|name| _ = black_box(catalog.resource(name).unwrap().replacement("/Tags/0/Key"))));
    took(
        "all permissions to create",
        each(&|name| {
            black_box(catalog.resource(name).unwrap().handler(Handler::Create).unwrap().permissions().count());
        }),
    );
    let template = serde_json::json!({ "Resources": TYPICAL.iter().enumerate().map(|(number, name)| {
        let tags = [serde_json::json!({ "Key": "a", "Value": "b" })];
        (format!("R{number}"), serde_json::json!({ "Type": name, "Properties": { "Description": "x", "Tags": tags } }))
    }).collect::<serde_json::Map<_, _>>() });
    let start = Instant::now();
    black_box(check::template(catalog, &template, &[]).len());
    took("a template with ten resources checked", start.elapsed());
    let start = Instant::now();
    black_box(catalog.suggest("AWS::Lambda::Functon"));
    took("a suggestion for a mistyped name", start.elapsed());

    let start = Instant::now();
    let actions = actions();
    took("first call of actions(): the index", start.elapsed());
    let start = Instant::now();
    black_box(actions.action("s3:GetObject").unwrap().level());
    took("first look-up of s3:GetObject", start.elapsed());
    let start = Instant::now();
    black_box(actions.expand("*").len());
    took("all actions decompressed and listed", start.elapsed());
    took("an action by its name, known", each(&|_| _ = black_box(actions.action("s3:GetObject"))));
    took(
        "whether an action takes an ARN",
        each(&|_| _ = black_box(actions.action("s3:GetObject").unwrap().accepts("arn:aws:s3:::bucket/some/key"))),
    );
    took("the actions that s3:Get* names", each(&|_| _ = black_box(actions.expand("s3:Get*"))));
}
