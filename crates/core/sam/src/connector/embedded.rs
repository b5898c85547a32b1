//! The `Connectors` attribute of a resource: connectors that have the resource as their source.

use crate::context::Context;
use crate::error::Fault;
use crate::node::{Map, Node, Text, map};
use crate::properties::should_be;

/// Takes `Connectors` off all resources and adds them as resources of their own.
///
/// # Errors
/// All connectors that are not as documented.
pub(crate) fn expand_embedded(context: &mut Context<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut made: Vec<(Text, Text, Map)> = Vec::new();
    for (id, resource) in context.resources.iter_mut() {
        let Some(resource) = resource.as_map_mut() else { continue };
        let Some(connectors) = resource.remove("Connectors") else { continue };
        let Some(connectors) = connectors.as_map() else {
            faults.push(Fault::resource(id, format!("Attribute '{id}.Connectors' should be a map.")));
            continue;
        };
        for (name, connector) in connectors.iter() {
            let full = id.with(name);
            let Some(connector) = connector.as_map() else {
                faults.push(Fault::resource(&full, format!("{id}.{full} should be a map.")));
                continue;
            };
            match standalone(id, name, connector) {
                Ok(connector) => made.push((id.clone(), full, connector)),
                Err(fault) => faults.push(fault),
            }
        }
    }
    for (id, full, connector) in made {
        if context.resources.contains(&full) {
            faults.push(Fault::Duplicate {
                id: id.to_string(),
                generated: full.to_string(),
                kind: super::KIND.to_owned(),
            });
            continue;
        }
        context.resources.insert(full, connector);
    }
    faults
}

fn standalone(id: &Text, name: &Text, connector: &Map) -> Result<Map, Fault> {
    let path = format!("Connectors.{name}.Properties");
    let Some(Node::Map(given)) = connector.get("Properties").filter(|properties| properties.truthy()) else {
        return Err(Fault::resource(id, format!("Attribute '{path}' should be a map.")));
    };
    let mut source = map! {"Id" => Node::from(id)};
    let mut properties = Map::new();
    for (key, value) in given.iter() {
        if key == "SourceReference" {
            let Some(reference) = value.as_map() else {
                return Err(Fault::resource(id, should_be(&format!("{path}.SourceReference"), "a map")));
            };
            for (key, value) in reference.iter() {
                if key == "Id" {
                    return Err(Fault::resource(name, "'Id' shouldn't be defined in 'SourceReference'."));
                }
                source.insert(key.clone(), value.clone());
            }
        } else {
            properties.insert(key.clone(), value.clone());
        }
    }
    properties.insert("Source", source);
    let mut made = map! {"Type" => super::KIND};
    for (key, value) in connector.iter() {
        if key != "Properties" {
            made.insert(key.clone(), value.clone());
        }
    }
    made.insert("Properties", properties);
    Ok(made)
}
