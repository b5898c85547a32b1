//! `AWS::SSM::Parameter`. Secure strings cannot be made by CloudFormation.

use stackfleet_api::{
    Answer, Request,
    ssm::{
        self, AddTagsToResourceInput, DeleteParameterInput, ParameterTier, ParameterType, PutParameterInput,
        RemoveTagsFromResourceInput, ResourceTypeForTagging, Tag,
    },
};

use super::{Fault, Handler, Made, Provider, ask, gone};

pub(super) static PROVIDER: Provider = Provider {
    kind: "AWS::SSM::Parameter",
    name: Some("Name"),
    required: &["Type", "Value"],
    mutable: &["AllowedPattern", "DataType", "Description", "Tags", "Tier", "Type", "Value"],
    create_only: &["Name"],
    create_seconds: 2,
    update_seconds: 2,
    delete_seconds: 2,
    create,
    update,
    delete,
};

fn create(handler: &mut Handler<'_>) -> Result<Made, Fault> {
    let name = match handler.text("Name") {
        Some(name) => name,
        None => format!("CFN-{}", handler.made_name(200)),
    };
    let tags: Vec<Tag> = handler.wanted_tags().into_iter().map(|(key, value)| Tag { key, value }).collect();
    put(handler, name, false, tags)
}

fn put(handler: &mut Handler<'_>, name: String, overwrite: bool, tags: Vec<Tag>) -> Result<Made, Fault> {
    let kind = handler.needed("Type")?;
    let type_ = ParameterType::parse(&kind).filter(|kind| *kind != ParameterType::SecureString).ok_or_else(|| {
        Fault::Wrong(format!(
            "Properties validation failed for resource {} with message:\n#/Type: #: {kind} is not a valid enum value",
            handler.logical
        ))
    })?;
    let value = handler.needed("Value")?;
    let input = PutParameterInput {
        name: name.clone(),
        description: handler.text("Description"),
        value: value.clone(),
        type_: Some(type_),
        overwrite: overwrite.then_some(true),
        allowed_pattern: handler.text("AllowedPattern"),
        tags: (!tags.is_empty()).then_some(tags),
        tier: handler.text("Tier").as_deref().and_then(ParameterTier::parse),
        data_type: handler.text("DataType"),
        ..PutParameterInput::default()
    };
    ask!(handler, Ssm, ssm::PutParameter(input))?;
    Ok(Made::new(name, [("Type", kind), ("Value", value)]))
}

fn update(handler: &mut Handler<'_>) -> Result<Made, Fault> {
    let name = handler.id();
    let made = put(handler, name.clone(), true, Vec::new())?;
    let (set, tag_keys) = handler.tag_changes();
    let resource_type = ResourceTypeForTagging::Parameter;
    if !tag_keys.is_empty() {
        let input = RemoveTagsFromResourceInput { resource_type, resource_id: name.clone(), tag_keys };
        ask!(handler, Ssm, ssm::RemoveTagsFromResource(input))?;
    }
    if !set.is_empty() {
        let tags = set.into_iter().map(|(key, value)| Tag { key, value }).collect();
        ask!(handler, Ssm, ssm::AddTagsToResource(AddTagsToResourceInput { resource_type, resource_id: name, tags }))?;
    }
    Ok(made)
}

fn delete(handler: &mut Handler<'_>) -> Result<(), Fault> {
    gone(ask!(handler, Ssm, ssm::DeleteParameter(DeleteParameterInput { name: handler.id() })).map(drop))
}
