//! SSM Parameter Store: parameters with versions and tags. Secure strings are kept as given: the twin has no KMS.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use stackfleet_api::ssm as api;
use stackfleet_api::{
    DateTime, Error,
    ssm::{
        AddTagsToResourceInput, DeleteParameterInput, DescribeParametersInput, DescribeParametersOutput,
        GetParameterInput, GetParameterOutput, GetParametersByPathInput, GetParametersByPathOutput, GetParametersInput,
        GetParametersOutput, InvalidAllowedPatternException, InvalidFilterKey, InvalidNextToken, InvalidResourceId,
        ListTagsForResourceInput, ListTagsForResourceOutput, Parameter, ParameterAlreadyExists, ParameterMetadata,
        ParameterNotFound, ParameterPatternMismatchException, ParameterTier, ParameterType, ParameterVersionNotFound,
        PutParameterInput, PutParameterOutput, RemoveTagsFromResourceInput, Tag,
    },
};
use stackfleet_base::{AccountId, Region, Timestamp};

use crate::{Call, cloudformation::pairs, pages, service::service};

/// Parameters of one account and region, by name.
type Shelf = BTreeMap<String, Stored>;

/// All parameters.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct SsmStore {
    #[serde(with = "pairs")]
    shelves: BTreeMap<(AccountId, Region), Shelf>,
}

/// A parameter with its history.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Stored {
    kind: String,
    /// Values by version, the first being version 1.
    values: Vec<String>,
    description: Option<String>,
    pattern: Option<String>,
    data_type: String,
    tier: String,
    key: Option<String>,
    modified: Timestamp,
    modified_by: String,
    tags: BTreeMap<String, String>,
}

/// Returns a parameter's ARN; names begin with a slash or have none.
pub(crate) fn arn(call: &Call, name: &str) -> String {
    let slash = if name.starts_with('/') { "" } else { "/" };
    let partition = call.region.partition().as_str();
    format!("arn:{partition}:ssm:{}:{}:parameter{slash}{name}", call.region, call.account())
}

/// Returns the name in what a caller gave: a name, `name:version` or an ARN.
pub(crate) fn name_in(given: &str) -> (&str, Option<i64>) {
    let name = match given.split_once(":parameter/") {
        // The ARN of a name without slashes cannot be told from that of `/name`; the shelf is asked for both.
        Some((_, rest)) if given.starts_with("arn:") => rest,
        Some(_) | None => given,
    };
    match name.rsplit_once(':') {
        Some((name, version)) => match version.parse() {
            Ok(version) => (name, Some(version)),
            Err(_) => (name, None),
        },
        None => (name, None),
    }
}

fn version_of(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

impl Stored {
    fn shown(&self, call: &Call, name: &str, version: Option<i64>) -> Result<Parameter, Error> {
        let version = version.unwrap_or_else(|| version_of(self.values.len()));
        let index = usize::try_from(version - 1).unwrap_or(usize::MAX);
        let Some(value) = self.values.get(index) else {
            let message = format!(
                "Systems Manager could not find version {version} of {name}. Verify the version and try again."
            );
            return Err(ParameterVersionNotFound::error(message));
        };
        Ok(Parameter {
            name: Some(name.to_owned()),
            type_: ParameterType::parse(&self.kind),
            value: Some(value.clone()),
            version: Some(version),
            last_modified_date: Some(DateTime::from_millis(self.modified.as_millis())),
            arn: Some(arn(call, name)),
            data_type: Some(self.data_type.clone()),
            ..Parameter::default()
        })
    }
}

impl SsmStore {
    fn shelf(&self, call: &Call) -> Option<&Shelf> {
        self.shelves.get(&(call.account().clone(), call.region.clone()))
    }

    fn find<'a>(&'a self, call: &Call, name: &str) -> Option<(&'a String, &'a Stored)> {
        let shelf = self.shelf(call)?;
        shelf.get_key_value(name).or_else(|| shelf.get_key_value(format!("/{name}").as_str()))
    }

    /// Makes a parameter or gives it another value.
    pub(crate) fn put(
        &mut self,
        call: &Call,
        now: Timestamp,
        caller: &str,
        input: PutParameterInput,
    ) -> Result<PutParameterOutput, Error> {
        if let Some(pattern) = &input.allowed_pattern {
            let Ok(pattern) = regex_lite::Regex::new(pattern) else {
                let message = format!("AllowedPattern {pattern} is not a valid regular expression.");
                return Err(InvalidAllowedPatternException::error(message));
            };
            if !pattern.is_match(&input.value) {
                let message =
                    format!("Parameter value, cannot be validated against allowedPattern: {}", pattern.as_str());
                return Err(ParameterPatternMismatchException::error(message));
            }
        }
        let shelf = self.shelves.entry((call.account().clone(), call.region.clone())).or_default();
        let name = input.name;
        if let Some(stored) = shelf.get_mut(&name) {
            if !input.overwrite.unwrap_or(false) {
                let message = "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.";
                return Err(ParameterAlreadyExists::error(message));
            }
            stored.values.push(input.value);
            if let Some(kind) = input.type_ {
                kind.as_str().clone_into(&mut stored.kind);
            }
            stored.description = input.description.or(stored.description.take());
            stored.pattern = input.allowed_pattern.or(stored.pattern.take());
            stored.modified = now;
            caller.clone_into(&mut stored.modified_by);
            let version = version_of(stored.values.len());
            return Ok(PutParameterOutput { version: Some(version), tier: ParameterTier::parse(&stored.tier) });
        }
        let Some(kind) = input.type_ else {
            let message = "A parameter type is required when you create a parameter.";
            return Err(stackfleet_api::common::validation(stackfleet_api::Service::Ssm, message));
        };
        let tier = input.tier.unwrap_or(ParameterTier::Standard);
        let stored = Stored {
            kind: kind.as_str().to_owned(),
            values: vec![input.value],
            description: input.description,
            pattern: input.allowed_pattern,
            data_type: input.data_type.unwrap_or_else(|| "text".to_owned()),
            tier: tier.as_str().to_owned(),
            key: input.key_id.or_else(|| (kind == ParameterType::SecureString).then(|| "alias/aws/ssm".to_owned())),
            modified: now,
            modified_by: caller.to_owned(),
            tags: input.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)).collect(),
        };
        shelf.insert(name, stored);
        Ok(PutParameterOutput { version: Some(1), tier: Some(tier) })
    }

    /// Returns one parameter.
    pub(crate) fn get(&self, call: &Call, input: &GetParameterInput) -> Result<GetParameterOutput, Error> {
        let (name, version) = name_in(&input.name);
        let (name, stored) = self.find(call, name).ok_or_else(|| ParameterNotFound::error(""))?;
        Ok(GetParameterOutput { parameter: Some(stored.shown(call, name, version)?) })
    }

    /// Returns several parameters and the names of those that are not there.
    pub(crate) fn get_many(&self, call: &Call, input: &GetParametersInput) -> GetParametersOutput {
        let (mut parameters, mut invalid) = (Vec::new(), Vec::new());
        for given in &input.names {
            let (name, version) = name_in(given);
            match self.find(call, name).map(|(name, stored)| stored.shown(call, name, version)) {
                Some(Ok(parameter)) => parameters.push(parameter),
                Some(Err(_)) | None => invalid.push(given.clone()),
            }
        }
        GetParametersOutput { parameters: Some(parameters), invalid_parameters: Some(invalid) }
    }

    /// Returns the parameters below a path.
    pub(crate) fn by_path(
        &self,
        call: &Call,
        input: &GetParametersByPathInput,
    ) -> Result<GetParametersByPathOutput, Error> {
        if input.parameter_filters.as_ref().is_some_and(|filters| !filters.is_empty()) {
            return Err(InvalidFilterKey::error("The twin knows no filters for GetParametersByPath"));
        }
        let prefix = format!("{}/", input.path.trim_end_matches('/'));
        let deep = input.recursive.unwrap_or(false);
        let below = |name: &str| {
            name.strip_prefix(&prefix).is_some_and(|rest| !rest.is_empty() && (deep || !rest.contains('/')))
        };
        let rows =
            self.shelf(call).into_iter().flatten().filter(|(name, _)| below(name)).filter_map(|(name, stored)| {
                stored.shown(call, name, None).ok().map(|parameter| (name.clone(), parameter))
            });
        let max = usize::try_from(input.max_results.unwrap_or(10)).unwrap_or(10);
        let (parameters, last) = pages::page(rows, opened(input.next_token.as_deref())?.as_deref(), max);
        let next_token = last.map(|last| pages::seal("parameters", &last));
        Ok(GetParametersByPathOutput { parameters: Some(parameters), next_token })
    }

    /// Lists parameters without their values.
    pub(crate) fn describe(
        &self,
        call: &Call,
        input: &DescribeParametersInput,
    ) -> Result<DescribeParametersOutput, Error> {
        let wanted = |name: &str| -> Result<bool, Error> {
            let mut good = true;
            for filter in input.parameter_filters.iter().flatten() {
                if filter.key != "Name" {
                    let message = format!("The twin knows no filter by {}, only by Name", filter.key);
                    return Err(InvalidFilterKey::error(message));
                }
                let values = filter.values.as_deref().unwrap_or_default();
                good &= match filter.option.as_deref().unwrap_or("Equals") {
                    "BeginsWith" => values.iter().any(|value| name.starts_with(value.as_str())),
                    "Contains" => values.iter().any(|value| name.contains(value.as_str())),
                    _ => values.iter().any(|value| name == value),
                };
            }
            Ok(good)
        };
        let mut rows = Vec::new();
        for (name, stored) in self.shelf(call).into_iter().flatten() {
            if wanted(name)? {
                rows.push((name.clone(), metadata(call, name, stored)));
            }
        }
        let max = usize::try_from(input.max_results.unwrap_or(50)).unwrap_or(50);
        let after = opened(input.next_token.as_deref())?;
        let (parameters, last) = pages::page(rows.into_iter(), after.as_deref(), max);
        let next_token = last.map(|last| pages::seal("parameters", &last));
        Ok(DescribeParametersOutput { parameters: Some(parameters), next_token })
    }

    /// Deletes a parameter.
    pub(crate) fn delete(&mut self, call: &Call, input: &DeleteParameterInput) -> Result<(), Error> {
        let (name, _) = name_in(&input.name);
        let name = self.find(call, name).map(|(name, _)| name.clone()).ok_or_else(|| ParameterNotFound::error(""))?;
        if let Some(shelf) = self.shelves.get_mut(&(call.account().clone(), call.region.clone())) {
            shelf.remove(&name);
        }
        Ok(())
    }

    fn tagged(&mut self, call: &Call, id: &str) -> Result<&mut BTreeMap<String, String>, Error> {
        let missing = || {
            InvalidResourceId::error(
                "The resource ID is not valid. Verify that you entered the correct ID and try again.",
            )
        };
        let name = self.find(call, id).map(|(name, _)| name.clone()).ok_or_else(missing)?;
        let shelf = self.shelves.get_mut(&(call.account().clone(), call.region.clone())).ok_or_else(missing)?;
        shelf.get_mut(&name).map(|stored| &mut stored.tags).ok_or_else(missing)
    }

    /// Returns a parameter's tags, for authorization; of a parameter that does not exist none.
    pub(crate) fn tags_of(&self, call: &Call, name: &str) -> Vec<(String, String)> {
        let tags = self.find(call, name).map(|(_, stored)| stored.tags.clone());
        tags.into_iter().flatten().collect()
    }

    /// Sets tags.
    pub(crate) fn tag(&mut self, call: &Call, input: AddTagsToResourceInput) -> Result<(), Error> {
        let tags = self.tagged(call, &input.resource_id)?;
        tags.extend(input.tags.into_iter().map(|tag| (tag.key, tag.value)));
        Ok(())
    }

    /// Removes tags.
    pub(crate) fn untag(&mut self, call: &Call, input: &RemoveTagsFromResourceInput) -> Result<(), Error> {
        self.tagged(call, &input.resource_id)?.retain(|key, _| !input.tag_keys.contains(key));
        Ok(())
    }

    /// Returns tags.
    pub(crate) fn tags(
        &mut self,
        call: &Call,
        input: &ListTagsForResourceInput,
    ) -> Result<ListTagsForResourceOutput, Error> {
        let tags = self.tagged(call, &input.resource_id)?;
        let tags = tags.iter().map(|(key, value)| Tag { key: key.clone(), value: value.clone() }).collect();
        Ok(ListTagsForResourceOutput { tag_list: Some(tags) })
    }
}

fn opened(token: Option<&str>) -> Result<Option<String>, Error> {
    let Some(token) = token else { return Ok(None) };
    let wrong = || InvalidNextToken::error("The specified token isn't valid.");
    pages::open("parameters", token).map(Some).ok_or_else(wrong)
}

fn metadata(call: &Call, name: &str, stored: &Stored) -> ParameterMetadata {
    ParameterMetadata {
        name: Some(name.to_owned()),
        arn: Some(arn(call, name)),
        type_: ParameterType::parse(&stored.kind),
        key_id: stored.key.clone(),
        last_modified_date: Some(DateTime::from_millis(stored.modified.as_millis())),
        last_modified_user: Some(stored.modified_by.clone()),
        description: stored.description.clone(),
        allowed_pattern: stored.pattern.clone(),
        version: Some(version_of(stored.values.len())),
        tier: ParameterTier::parse(&stored.tier),
        data_type: Some(stored.data_type.clone()),
        ..ParameterMetadata::default()
    }
}

service! {
    api::Ssm, api;
    put_parameter: PutParameterInput -> PutParameterOutput = op::put_parameter;
    get_parameter: GetParameterInput -> GetParameterOutput = op::get_parameter;
    get_parameters: GetParametersInput -> GetParametersOutput = op::get_parameters;
    get_parameters_by_path: GetParametersByPathInput -> GetParametersByPathOutput = op::get_parameters_by_path;
    describe_parameters: DescribeParametersInput -> DescribeParametersOutput = op::describe_parameters;
    delete_parameter: DeleteParameterInput -> DeleteParameterOutput = op::delete_parameter;
    add_tags_to_resource: AddTagsToResourceInput -> AddTagsToResourceOutput = op::add_tags_to_resource;
    remove_tags_from_resource: RemoveTagsFromResourceInput -> RemoveTagsFromResourceOutput = op::remove_tags_from_resource;
    list_tags_for_resource: ListTagsForResourceInput -> ListTagsForResourceOutput = op::list_tags_for_resource;
}

/// The operations, as the world is asked for them.
mod op {
    use stackfleet_api::{Error, ssm as api};

    use crate::{Call, World};

    pub(super) fn put_parameter(
        world: &mut World,
        call: &Call,
        input: api::PutParameterInput,
    ) -> Result<api::PutParameterOutput, Error> {
        let now = world.now;
        let caller = call.principal.shown();
        world.ssm.put(call, now, &caller, input)
    }

    pub(super) fn get_parameter(
        world: &mut World,
        call: &Call,
        input: api::GetParameterInput,
    ) -> Result<api::GetParameterOutput, Error> {
        world.ssm.get(call, &input)
    }

    pub(super) fn get_parameters(
        world: &mut World,
        call: &Call,
        input: api::GetParametersInput,
    ) -> Result<api::GetParametersOutput, Error> {
        Ok(world.ssm.get_many(call, &input))
    }

    pub(super) fn get_parameters_by_path(
        world: &mut World,
        call: &Call,
        input: api::GetParametersByPathInput,
    ) -> Result<api::GetParametersByPathOutput, Error> {
        world.ssm.by_path(call, &input)
    }

    pub(super) fn describe_parameters(
        world: &mut World,
        call: &Call,
        input: api::DescribeParametersInput,
    ) -> Result<api::DescribeParametersOutput, Error> {
        world.ssm.describe(call, &input)
    }

    pub(super) fn delete_parameter(
        world: &mut World,
        call: &Call,
        input: api::DeleteParameterInput,
    ) -> Result<api::DeleteParameterOutput, Error> {
        world.ssm.delete(call, &input).map(|()| api::DeleteParameterOutput::default())
    }

    pub(super) fn add_tags_to_resource(
        world: &mut World,
        call: &Call,
        input: api::AddTagsToResourceInput,
    ) -> Result<api::AddTagsToResourceOutput, Error> {
        world.ssm.tag(call, input).map(|()| api::AddTagsToResourceOutput::default())
    }

    pub(super) fn remove_tags_from_resource(
        world: &mut World,
        call: &Call,
        input: api::RemoveTagsFromResourceInput,
    ) -> Result<api::RemoveTagsFromResourceOutput, Error> {
        world.ssm.untag(call, &input).map(|()| api::RemoveTagsFromResourceOutput::default())
    }

    pub(super) fn list_tags_for_resource(
        world: &mut World,
        call: &Call,
        input: api::ListTagsForResourceInput,
    ) -> Result<api::ListTagsForResourceOutput, Error> {
        world.ssm.tags(call, &input)
    }
}
