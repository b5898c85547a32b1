//! What can be told to go wrong from project, templates and world alone.

use std::collections::BTreeSet;

use crate::{
    code,
    deployment::{AppWants, Deployment, stack_place, template_place},
    draft::Draft,
    observed::PermissionModel,
    plan::Finding,
};

/// Checks every deployment.
pub(crate) fn all(draft: &mut Draft, wants: &[AppWants<'_>]) {
    for app in wants {
        for deployment in &app.deployments {
            nested(draft, deployment);
            fixed_names(draft, deployment);
            followers(draft, deployment);
        }
    }
}

/// Nested stacks are not supported by service-managed sets, stack sets in a stack set by none.
fn nested(draft: &mut Draft, deployment: &Deployment<'_>) {
    let template = &deployment.stack.template.template;
    for resource in template.resources() {
        let what = match resource.type_name() {
            "AWS::CloudFormation::StackSet" => "a stack set cannot contain a stack set",
            "AWS::CloudFormation::Stack" if deployment.is_service_managed() => {
                "a service-managed stack set cannot contain nested stacks"
            }
            _ => continue,
        };
        let span = template.key_span(&format!("/Resources/{}", resource.name));
        let message = format!("{what}: `{}` of stack `{}`", resource.name, deployment.stack.name.value);
        let place = template_place(deployment.stack, span);
        let help = "put its resources into the template itself";
        draft.find(Finding::error(code::NESTED, message).at(place, span).help(help).cells(deployment.cells.len()));
    }
}

/// Names of IAM resources are unique in an account, so one with a fixed name cannot be made in a second region.
fn fixed_names(draft: &mut Draft, deployment: &Deployment<'_>) {
    let regions: BTreeSet<_> = deployment.cells.iter().map(|cell| &cell.region).collect();
    if regions.len() < 2 {
        return;
    }
    let template = &deployment.stack.template.template;
    for resource in template.resources().filter(|resource| resource.type_name().starts_with("AWS::IAM::")) {
        let named = match resource.type_name() {
            "AWS::IAM::ManagedPolicy" => Some("ManagedPolicyName"),
            "AWS::IAM::Role" => Some("RoleName"),
            "AWS::IAM::User" => Some("UserName"),
            "AWS::IAM::Group" => Some("GroupName"),
            "AWS::IAM::InstanceProfile" => Some("InstanceProfileName"),
            _ => None,
        };
        let Some(property) = named else { continue };
        let name = resource.properties().and_then(|properties| properties.get(property));
        let Some(name) =
            name.filter(|name| !name.to_string().contains("AWS::Region") && resource.condition().is_none())
        else {
            continue;
        };
        let span = template.span(&format!("/Resources/{}/Properties/{property}", resource.name));
        let message = format!(
            "`{}` of stack `{}` has the same name in every region ({}), and IAM has one namespace for all regions",
            resource.name,
            deployment.stack.name.value,
            name.as_str().map_or_else(|| name.to_string(), str::to_owned)
        );
        let help = "add `${AWS::Region}` to the name, or deploy the stack in one region";
        let place = template_place(deployment.stack, span);
        draft.find(Finding::error(code::FIXED_NAME, message).at(place, span).help(help).cells(deployment.cells.len()));
    }
}

/// Automatic deployment knows units and the set's own values only.
fn followers(draft: &mut Draft, deployment: &Deployment<'_>) {
    if !matches!(deployment.definition.model, PermissionModel::ServiceManaged { auto_deploy: true, .. }) {
        return;
    }
    let (app, stack) = (deployment.app, deployment.stack);
    let place = || stack_place(app, stack);
    let narrow = app.targets.text().contains('!') || app.targets.text().contains('&') || !names_only_units(deployment);
    if narrow {
        let message = format!(
            "accounts that join a targeted unit get stack `{}` whatever `targets` says beside the unit",
            stack.name.value
        );
        let help = "exclude whole units, or keep excluded accounts in a unit of their own";
        draft.find(Finding::note(code::FOLLOWS_TOO_FAR, message).at(place(), Some(app.targets.span())).help(help));
    }
    let own = deployment.cells.iter().filter(|cell| !cell.overrides.is_empty()).count();
    if own > 0 {
        let message = format!(
            "accounts that join get stack `{}` with the set's own parameter values, not those of their environment",
            stack.name.value
        );
        let help = "run `stackfleet deploy` when accounts have joined";
        draft.find(Finding::note(code::FOLLOWS_WITH_DEFAULTS, message).at(place(), None).help(help).cells(own));
    }
}

fn names_only_units(deployment: &Deployment<'_>) -> bool {
    use stackfleet_organization::Term;
    let terms = deployment.app.targets.terms();
    terms.iter().all(|(term, _)| matches!(term, Term::Unit(_) | Term::All))
}
