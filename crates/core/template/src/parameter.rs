//! Parameters: their types, and which values they take.

use regex_lite::Regex;

/// A parameter's declaration.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// The type as written.
    pub type_name: String,
    /// What the type means for values; `None` for a type that does not exist.
    pub kind: Option<ParameterKind>,
    /// The value where none is given.
    pub default: Option<String>,
    /// Whether the value is hidden in answers.
    pub no_echo: bool,
    /// The only values allowed, if any are listed.
    pub allowed_values: Vec<String>,
    /// The regular expression that the whole value must match.
    pub allowed_pattern: Option<String>,
    /// Least number of characters.
    pub length_min: Option<u64>,
    /// Most characters.
    pub length_max: Option<u64>,
    /// Least number.
    pub value_min: Option<f64>,
    /// Greatest number.
    pub value_max: Option<f64>,
    /// For people.
    pub description: Option<String>,
    /// What is said instead of the constraint.
    pub constraint_description: Option<String>,
    /// `None` also for patterns beyond this crate's regular expressions, which are then not checked.
    pub(crate) pattern: Option<Regex>,
}

/// Most bytes of a parameter's value (CloudFormation's quota).
const VALUE_BYTES_MAX: usize = 4_096;

/// What a parameter's type means for its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterKind {
    /// Text, including the types that name one AWS resource, and `AWS::SSM::Parameter::Name`.
    Text,
    /// One number.
    Number,
    /// Text with commas between items.
    TextList,
    /// Numbers with commas between them.
    NumberList,
    /// The name of an SSM parameter whose value is used.
    SsmText,
    /// The name of an SSM parameter whose value is used as a list.
    SsmList,
}

impl ParameterKind {
    /// Reads a parameter type.
    #[must_use]
    pub fn from_type(name: &str) -> Option<Self> {
        if let Some(inner) = name.strip_prefix("AWS::SSM::Parameter::Value<").and_then(|rest| rest.strip_suffix('>')) {
            return match Self::from_type(inner)? {
                Self::Text => Some(Self::SsmText),
                Self::TextList => Some(Self::SsmList),
                Self::Number | Self::NumberList | Self::SsmText | Self::SsmList => None,
            };
        }
        match name {
            "String" | "AWS::SSM::Parameter::Name" => Some(Self::Text),
            "Number" => Some(Self::Number),
            "CommaDelimitedList" | "List<String>" => Some(Self::TextList),
            "List<Number>" => Some(Self::NumberList),
            _ => match name.strip_prefix("List<").and_then(|rest| rest.strip_suffix('>')) {
                Some(inner) => AWS_TYPES.contains(&inner).then_some(Self::TextList),
                None => AWS_TYPES.contains(&name).then_some(Self::Text),
            },
        }
    }

    /// Tells whether a `Ref` gives a list.
    #[must_use]
    pub fn is_list(self) -> bool {
        matches!(self, Self::TextList | Self::NumberList | Self::SsmList)
    }

    /// Tells whether the value names an SSM parameter to be looked up.
    #[must_use]
    pub fn is_ssm(self) -> bool {
        matches!(self, Self::SsmText | Self::SsmList)
    }
}

/// The types that stand for themselves.
pub(crate) const PLAIN_TYPES: [&str; 6] =
    ["String", "Number", "CommaDelimitedList", "List<Number>", "List<String>", "AWS::SSM::Parameter::Name"];

/// The types that name a resource of the target account ("AWS-specific parameter types" of the user guide).
pub(crate) const AWS_TYPES: [&str; 10] = [
    "AWS::EC2::AvailabilityZone::Name",
    "AWS::EC2::Image::Id",
    "AWS::EC2::Instance::Id",
    "AWS::EC2::KeyPair::KeyName",
    "AWS::EC2::SecurityGroup::GroupName",
    "AWS::EC2::SecurityGroup::Id",
    "AWS::EC2::Subnet::Id",
    "AWS::EC2::VPC::Id",
    "AWS::EC2::Volume::Id",
    "AWS::Route53::HostedZone::Id",
];

/// Compiles a pattern so that it must match the whole value, as CloudFormation's does.
pub(crate) fn compile_pattern(pattern: &str) -> Option<Regex> {
    Regex::new(&format!("^(?s:{pattern})$")).or_else(|_| Regex::new(&format!("^(?:{pattern})$"))).ok()
}

/// Splits a list value at its commas, without the space around items.
pub(crate) fn items(value: &str) -> impl Iterator<Item = &str> {
    value.split(',').map(str::trim)
}

impl Parameter {
    /// Says what is against a value, in CloudFormation's words.
    ///
    /// # Errors
    /// The first constraint that does not hold.
    pub fn check(&self, name: &str, value: &str) -> Result<(), String> {
        let Some(kind) = self.kind else { return Ok(()) };
        if value.len() > VALUE_BYTES_MAX {
            return Err(format!("Parameter '{name}' must contain at most {VALUE_BYTES_MAX} bytes"));
        }
        if kind.is_list() && kind != ParameterKind::SsmList {
            return items(value).try_for_each(|item| self.check_one(kind, name, item));
        }
        self.check_one(kind, name, value)
    }

    fn check_one(&self, kind: ParameterKind, name: &str, value: &str) -> Result<(), String> {
        let number = value.trim().parse::<f64>().ok();
        if matches!(kind, ParameterKind::Number | ParameterKind::NumberList) && number.is_none() {
            return Err(format!("Parameter '{name}' must be a number."));
        }
        let length = u64::try_from(value.chars().count()).unwrap_or(u64::MAX);
        let broken = if !self.allowed_values.is_empty() && !self.allowed_values.iter().any(|allowed| allowed == value) {
            Some("must be one of AllowedValues".to_owned())
        } else if self.pattern.as_ref().is_some_and(|pattern| !pattern.is_match(value)) {
            Some(format!("must match pattern {}", self.allowed_pattern.as_deref().unwrap_or_default()))
        } else if let Some(least) = self.length_min.filter(|least| length < *least) {
            Some(format!("must contain at least {least} characters"))
        } else if let Some(most) = self.length_max.filter(|most| length > *most) {
            Some(format!("must contain at most {most} characters"))
        } else if let Some(least) = self.value_min.filter(|least| number.is_some_and(|number| number < *least)) {
            Some(format!("must be a number not less than {least}"))
        } else {
            let most = self.value_max.filter(|most| number.is_some_and(|number| number > *most));
            most.map(|most| format!("must be a number not greater than {most}"))
        };
        match (broken, &self.constraint_description) {
            (None, _) => Ok(()),
            (Some(_), Some(said)) => Err(format!("Parameter {name} failed to satisfy constraint: {said}")),
            (Some(broken), None) => Err(format!("Parameter '{name}' {broken}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_told_apart() {
        let kind = ParameterKind::from_type;
        assert_eq!(kind("List<AWS::EC2::Subnet::Id>"), Some(ParameterKind::TextList));
        assert_eq!(kind("AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>"), Some(ParameterKind::SsmText));
        assert_eq!(kind("AWS::SSM::Parameter::Value<List<String>>"), Some(ParameterKind::SsmList));
        assert_eq!(kind("AWS::SSM::Parameter::Value<CommaDelimitedList>"), Some(ParameterKind::SsmList));
        assert_eq!((kind("Integer"), kind("AWS::SSM::Parameter::Value<Number>")), (None, None));
    }
}
