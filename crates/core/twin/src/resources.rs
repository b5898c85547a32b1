//! What a request asks for: actions, the ARNs of resources, and the context keys that only it has.
//!
//! One match over all services; the larger ones have a file beneath. Source: "Actions, resources, and condition keys
//! for AWS services" (Service Authorization Reference).

mod account;
mod cloudformation;
mod events;
#[cfg(test)]
mod facts;
mod iam;
mod lambda;
mod logs;
mod organizations;
mod sns;
mod ssm;

use stackfleet_api::{Request, sts};

use crate::{
    authorize::Ask,
    call::Call,
    sts::{asks_to_assume, root},
    world::World,
};

/// Returns everything that a request asks for; all of it must be allowed.
pub(crate) fn asks(world: &World, call: &Call, request: &Request) -> Vec<Ask> {
    match request {
        // No permission is needed to ask who one is, and none can be withheld.
        Request::Sts(sts::Request::GetCallerIdentity(_)) => Vec::new(),
        Request::Sts(sts::Request::AssumeRole(input)) => asks_to_assume(world, call, input),
        Request::Sts(sts::Request::AssumeRoot(input)) => vec![root::ask(input)],
        Request::Organizations(request) => organizations::asks(world, request),
        Request::Iam(request) => iam::asks(world, call, request),
        Request::Account(request) => account::asks(world, call, request),
        Request::CloudFormation(request) => cloudformation::asks(world, call, request),
        Request::Lambda(request) => lambda::asks(world, call, request),
        Request::Events(request) => events::asks(world, call, request),
        Request::Logs(request) => logs::asks(world, call, request),
        Request::Sns(request) => sns::asks(world, call, request),
        Request::Ssm(request) => ssm::asks(world, call, request),
    }
}

/// Asks to hand a role to a service, as every request does that names one for the service to use.
pub(crate) fn pass_role(role_arn: &str, service: &str) -> Ask {
    Ask::new("iam:PassRole", role_arn).key("iam:PassedToService", service)
}

#[cfg(test)]
mod tests {
    use stackfleet_api::{cloudformation, events, lambda, logs, sns, ssm};
    use stackfleet_base::AccountId;

    use super::*;
    use crate::{call::Principal, options::WorldOptions};

    fn check(request: Request, expected: &[&str]) {
        let account: AccountId = "111111111111".parse().unwrap();
        let options = WorldOptions { management_id: Some(account.clone()), ..WorldOptions::default() };
        let world = World::new(1, options);
        let call = Call::outside(Principal::Root { account }, "eu-west-1".parse().unwrap(), "r".into());
        let found: Vec<String> =
            asks(&world, &call, &request).iter().map(|ask| format!("{} {}", ask.action, ask.resource)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn requests_ask_for_what_the_reference_says() {
        check(
            Request::Lambda(lambda::Request::CreateFunction(lambda::CreateFunctionInput {
                function_name: "f".to_owned(),
                role: "arn:aws:iam::111111111111:role/r".to_owned(),
                tags: Some([("k".to_owned(), "v".to_owned())].into()),
                ..lambda::CreateFunctionInput::default()
            })),
            &[
                "lambda:CreateFunction arn:aws:lambda:eu-west-1:111111111111:function:f",
                "iam:PassRole arn:aws:iam::111111111111:role/r",
                "lambda:TagResource arn:aws:lambda:eu-west-1:111111111111:function:f",
            ],
        );
        check(
            Request::CloudFormation(cloudformation::Request::CreateStack(cloudformation::CreateStackInput {
                stack_name: "s".to_owned(),
                ..cloudformation::CreateStackInput::default()
            })),
            &["cloudformation:CreateStack arn:aws:cloudformation:eu-west-1:111111111111:stack/s/*"],
        );
        check(
            Request::Events(events::Request::DescribeRule(events::DescribeRuleInput {
                name: "r".to_owned(),
                event_bus_name: None,
            })),
            &["events:DescribeRule arn:aws:events:eu-west-1:111111111111:rule/r"],
        );
        check(
            Request::Logs(logs::Request::DeleteLogGroup(logs::DeleteLogGroupInput {
                log_group_name: "/aws/lambda/f".to_owned(),
            })),
            &["logs:DeleteLogGroup arn:aws:logs:eu-west-1:111111111111:log-group:/aws/lambda/f:log-stream:"],
        );
        check(
            Request::Sns(sns::Request::CreateTopic(sns::CreateTopicInput {
                name: "t".to_owned(),
                ..sns::CreateTopicInput::default()
            })),
            &["SNS:CreateTopic arn:aws:sns:eu-west-1:111111111111:t"],
        );
        check(
            Request::Ssm(ssm::Request::GetParameter(ssm::GetParameterInput {
                name: "/a/b:3".to_owned(),
                ..ssm::GetParameterInput::default()
            })),
            &["ssm:GetParameter arn:aws:ssm:eu-west-1:111111111111:parameter/a/b"],
        );
        check(Request::Sts(sts::Request::GetCallerIdentity(sts::GetCallerIdentityInput::default())), &[]);
    }
}
