//! What is known about where a template goes, and with what.

use std::collections::BTreeMap;

use stackfleet_base::Region;

/// Where a template goes, and with what. The default knows nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Deployment<'a> {
    /// The regions; empty where they are not known.
    pub regions: &'a [Region],
    /// Whether it goes to more than one account.
    pub several_accounts: bool,
    /// Values of parameters that are known, as text; the template's defaults serve for others.
    pub parameters: Option<&'a BTreeMap<String, String>>,
    /// Whether no other parameters will be given: then one without a value is told, and one too many.
    pub has_all_parameters: bool,
    /// Whether capabilities are acknowledged by whatever deploys; otherwise a note tells which are needed.
    pub acknowledges_capabilities: bool,
}

impl<'a> Deployment<'a> {
    /// Returns the value that a parameter is given.
    pub(crate) fn parameter(&self, name: &str) -> Option<&'a str> {
        self.parameters?.get(name).map(String::as_str)
    }
}
