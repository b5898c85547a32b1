//! Which capabilities a template needs, and because of what.

use crate::{
    Template,
    pointer::{Step, to_pointer},
};

/// A consent that CloudFormation asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Capability {
    /// `CAPABILITY_IAM`: the template makes IAM resources.
    Iam,
    /// `CAPABILITY_NAMED_IAM`: it gives them names of its own. Includes [`Self::Iam`].
    NamedIam,
    /// `CAPABILITY_AUTO_EXPAND`: macros change the template.
    AutoExpand,
}

impl Capability {
    /// Returns the word that requests carry.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Iam => "CAPABILITY_IAM",
            Self::NamedIam => "CAPABILITY_NAMED_IAM",
            Self::AutoExpand => "CAPABILITY_AUTO_EXPAND",
        }
    }
}

/// A capability and what needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapabilityNeed {
    /// What is needed.
    pub capability: Capability,
    /// The part of the template that needs it, as a JSON pointer.
    pub pointer: String,
    /// The logical id and type of the resource, or the macro's name.
    pub because: String,
}

/// Returns every need, in the order of the template.
///
/// ```
/// let template = stackfleet_template::read_body("Resources: {Role: {Type: AWS::IAM::Role}}").unwrap();
/// let needs = stackfleet_template::capabilities(&template);
/// assert_eq!(needs[0].capability.as_str(), "CAPABILITY_IAM");
/// assert_eq!(needs[0].because, "Role (AWS::IAM::Role)");
/// ```
#[must_use]
pub fn capabilities(template: &Template) -> Vec<CapabilityNeed> {
    let mut needs: Vec<CapabilityNeed> = template
        .transforms()
        .into_iter()
        .map(|name| CapabilityNeed {
            capability: Capability::AutoExpand,
            pointer: "/Transform".to_owned(),
            because: name.to_owned(),
        })
        .collect();
    for resource in template.resources() {
        let Some(name_property) = name_property(resource.type_name()) else { continue };
        let named = name_property.filter(|name| resource.properties().is_some_and(|all| all.contains_key(*name)));
        let mut path = vec![Step::Key("Resources"), Step::Key(resource.name)];
        path.extend(named.into_iter().flat_map(|name| [Step::Key("Properties"), Step::Key(name)]));
        needs.push(CapabilityNeed {
            capability: if named.is_some() { Capability::NamedIam } else { Capability::Iam },
            pointer: to_pointer(&path),
            because: format!("{} ({})", resource.name, resource.type_name()),
        });
    }
    needs
}

/// Returns what CloudFormation answers (as `InsufficientCapabilitiesException`) when a request does not bring what the
/// template needs, `None` when it does. A request through a change set needs no consent to macros: pass `true`.
#[must_use]
pub fn insufficient_capabilities(template: &Template, given: &[&str], change_set: bool) -> Option<String> {
    let has = |capability: Capability| given.contains(&capability.as_str());
    let missing = |capability: &Capability| match capability {
        Capability::AutoExpand => !change_set && !has(Capability::AutoExpand),
        Capability::NamedIam => !has(Capability::NamedIam),
        Capability::Iam => !has(Capability::Iam) && !has(Capability::NamedIam),
    };
    // The strongest one is named alone.
    let lacking = capabilities(template).into_iter().map(|need| need.capability).filter(missing).max()?;
    Some(format!("Requires capabilities : [{}]", lacking.as_str()))
}

/// Returns `None` for types that need no capability, else the property that names the resource, if there is one.
/// The list is that of "Acknowledging IAM resources in CloudFormation templates" in the user guide.
fn name_property(type_name: &str) -> Option<Option<&'static str>> {
    Some(match type_name.strip_prefix("AWS::IAM::")? {
        "Role" => Some("RoleName"),
        "User" => Some("UserName"),
        "Group" => Some("GroupName"),
        "ManagedPolicy" => Some("ManagedPolicyName"),
        "InstanceProfile" => Some("InstanceProfileName"),
        "AccessKey" | "Policy" | "UserToGroupAddition" => None,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read_body;

    #[test]
    fn the_strongest_capability_is_asked_for() {
        let plain = read_body(
            "Resources: {R: {Type: 'AWS::IAM::Role'}, P: {Type: 'AWS::IAM::Policy', Properties: {PolicyName: x}}}",
        )
        .unwrap();
        let named = read_body("Resources: {R: {Type: 'AWS::IAM::Role', Properties: {RoleName: x}}}").unwrap();
        let sam =
            read_body("Transform: AWS::Serverless-2016-10-31\nResources: {F: {Type: 'AWS::Serverless::Function'}}")
                .unwrap();
        let asked = |template, given: &[&str]| insufficient_capabilities(template, given, false);
        assert_eq!(asked(&plain, &[]).unwrap(), "Requires capabilities : [CAPABILITY_IAM]");
        assert_eq!(asked(&plain, &["CAPABILITY_NAMED_IAM"]), None);
        assert_eq!(asked(&named, &["CAPABILITY_IAM"]).unwrap(), "Requires capabilities : [CAPABILITY_NAMED_IAM]");
        assert_eq!(asked(&sam, &["CAPABILITY_IAM"]).unwrap(), "Requires capabilities : [CAPABILITY_AUTO_EXPAND]");
        assert_eq!(insufficient_capabilities(&sam, &[], true), None);
        let needs = capabilities(&named);
        assert_eq!(
            (needs[0].because.as_str(), needs[0].pointer.as_str()),
            ("R (AWS::IAM::Role)", "/Resources/R/Properties/RoleName")
        );
    }
}
