//! What a template is evaluated with while its stack is worked on: resources that are there, exports, parameters.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_json::Value;
use stackfleet_template::{Answer, Inputs, Lookup, Scope};

use super::first;
use crate::{
    Call, World,
    cloudformation::{
        references,
        stack::{Definition, Resource, Stack},
        store::Prepared,
        walk::Logical,
    },
};

/// What a template can learn while a stack is worked on.
pub(crate) struct Known<'a> {
    world: RefCell<&'a mut World>,
    call: &'a Call,
    resources: &'a BTreeMap<Logical, Resource>,
    imports: RefCell<BTreeSet<String>>,
}

impl<'a> Known<'a> {
    /// Makes it for a stack's resources, asking as `call`.
    pub(crate) fn new(world: &'a mut World, call: &'a Call, resources: &'a BTreeMap<Logical, Resource>) -> Self {
        Self { world: RefCell::new(world), call, resources, imports: RefCell::default() }
    }

    /// Returns the exports that were read.
    pub(crate) fn imports(self) -> BTreeSet<String> {
        self.imports.into_inner()
    }
}

impl Lookup for Known<'_> {
    fn reference(&self, logical_id: &str) -> Answer {
        match self.resources.get(logical_id).and_then(|resource| resource.physical.as_deref()) {
            Some(physical) => Answer::Known(Value::String(physical.to_owned())),
            None => Answer::Unknown,
        }
    }

    fn attribute(&self, logical_id: &str, attribute: &str) -> Answer {
        let Some(resource) = self.resources.get(logical_id).filter(|resource| resource.physical.is_some()) else {
            return Answer::Unknown;
        };
        match resource.attributes.get(attribute) {
            Some(value) => Answer::Known(value.clone()),
            None => Answer::Refused(format!(
                "Template error: resource {logical_id} does not support attribute type {attribute} in Fn::GetAtt"
            )),
        }
    }

    fn export(&self, name: &str) -> Answer {
        let world = self.world.borrow();
        let place = (self.call.account().clone(), self.call.region.clone());
        match world.cloudformation.exports.get(&place).and_then(|exports| exports.get(name)) {
            Some((value, _)) => {
                self.imports.borrow_mut().insert(name.to_owned());
                Answer::Known(Value::String(value.clone()))
            }
            None => Answer::Refused(format!("No export named {name} found.")),
        }
    }

    fn ssm_parameter(&self, name: &str) -> Answer {
        let mut world = self.world.borrow_mut();
        match references::parameter(&mut world, self.call, name) {
            Ok(value) => Answer::Known(Value::String(value)),
            Err(message) => Answer::Refused(message),
        }
    }

    fn dynamic_reference(&self, reference: &str) -> Answer {
        let mut world = self.world.borrow_mut();
        match references::dynamic(&mut world, self.call, reference) {
            Ok(value) => Answer::Known(Value::String(value)),
            Err(message) => Answer::Refused(message),
        }
    }

    fn availability_zones(&self, region: &str) -> Answer {
        let region = if region.is_empty() { self.call.region.as_str() } else { region };
        Answer::Known(["a", "b", "c"].into_iter().map(|zone| Value::String(format!("{region}{zone}"))).collect())
    }
}

impl World {
    /// Returns the template of a stack made ready, from what is kept while it is worked on.
    pub(crate) fn prepared(&mut self, stack: &Stack, call: &Call) -> Result<Arc<Prepared>, String> {
        if let Some(prepared) = self.cloudformation.scopes.get(&stack.id) {
            return Ok(prepared.clone());
        }
        let prepared = Arc::new(self.prepare(stack, &stack.definition, call)?);
        self.cloudformation.scopes.insert(stack.id.clone(), prepared.clone());
        Ok(prepared)
    }

    /// Makes a template ready for a stack.
    pub(crate) fn prepare(&mut self, stack: &Stack, definition: &Definition, call: &Call) -> Result<Prepared, String> {
        let text = self.cloudformation.text(&definition.template);
        let blueprint =
            self.cloudformation.blueprints.ready(definition.template, &text, &stack.region, &definition.parameters)?;
        let inputs = Inputs {
            parameters: definition.parameters.clone(),
            account: stack.account.clone(),
            region: stack.region.clone(),
            stack_name: Some(stack.name.to_string()),
            stack_id: Some(stack.id.to_string()),
            notification_arns: definition.notification_arns.clone(),
        };
        let known = Known::new(self, call, &stack.resources);
        let scope = Scope::new(&blueprint.template, &inputs, &known).map_err(|problems| first(&problems))?;
        let graph = scope.graph(&blueprint.template);
        if let Err(cycle) = graph.order() {
            return Err(cycle.to_string());
        }
        let needs = graph.resources().map(|name| (name.into(), graph.dependencies(name).map(Into::into).collect()));
        Ok(Prepared { needs: needs.collect(), blueprint, scope })
    }
}
