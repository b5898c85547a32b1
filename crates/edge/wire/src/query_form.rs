//! The form fields of AWS Query as a tree, and the tree as a [`ShapeDeserializer`].
//!
//! `Tags.member.1.Key=a` is the member `Key` of the first element of the list `Tags`.

use aws_smithy_schema::Schema;
use aws_smithy_schema::serde::{SerdeError, ShapeDeserializer};
use aws_smithy_types::date_time::Format;
use aws_smithy_types::{BigDecimal, BigInteger, Blob, DateTime, Document};

use crate::sign::decode;

/// A field, or a prefix of fields.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Form {
    value: Option<String>,
    children: Vec<(String, Form)>,
}

impl Form {
    /// Reads `name=value&...` with `+` for blanks.
    pub(crate) fn read(text: &str) -> Form {
        let mut form = Form::default();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let unescape = |part: &str| String::from_utf8_lossy(&decode(&part.replace('+', " "))).into_owned();
            let mut node = &mut form;
            // No model is as deep as this; without a bound, a hostile name would be.
            for step in unescape(name).splitn(32, '.') {
                node = node.child_mut(step);
            }
            node.value = Some(unescape(value));
        }
        form
    }

    /// Returns the value of the field `name`.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.child(name)?.value.as_deref()
    }

    fn child(&self, name: &str) -> Option<&Form> {
        self.children.iter().find(|(step, _)| step == name).map(|(_, child)| child)
    }

    fn child_mut(&mut self, name: &str) -> &mut Form {
        let index = self.children.iter().position(|(step, _)| step == name).unwrap_or_else(|| {
            self.children.push((name.to_owned(), Form::default()));
            self.children.len() - 1
        });
        #[expect(clippy::indexing_slicing, reason = "the index was found or made a line above")]
        let child = &mut self.children[index];
        &mut child.1
    }

    /// Returns the children in the order of their numbers.
    fn numbered(&self) -> Vec<&Form> {
        let mut numbered: Vec<(u64, &Form)> =
            self.children.iter().filter_map(|(step, child)| Some((step.parse().ok()?, child))).collect();
        numbered.sort_by_key(|(number, _)| *number);
        numbered.into_iter().map(|(_, child)| child).collect()
    }

    /// Returns the children of the container that `schema` describes: below `wrapper`, or here when flattened.
    fn entries(&self, schema: &Schema<'_>, wrapper: &str) -> Vec<&Form> {
        if schema.xml_flattened() { Some(self) } else { self.child(wrapper) }.map(Form::numbered).unwrap_or_default()
    }

    fn scalar<T>(&self, what: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, SerdeError> {
        let text = self.value.as_deref().unwrap_or_default();
        parse(text).ok_or_else(|| SerdeError::invalid_input(format!("{text} is not {what}")))
    }
}

/// Reads a shape from a form.
pub(crate) struct FormReader<'a>(pub(crate) &'a Form);

/// Returns the name that a member goes by.
fn wire_name<'s>(schema: &'s Schema<'_>, otherwise: &'s str) -> &'s str {
    schema.xml_name().map(|name| name.value()).or(schema.member_name()).unwrap_or(otherwise)
}

impl ShapeDeserializer for FormReader<'_> {
    fn read_struct(
        &mut self,
        schema: &Schema<'_>,
        consumer: &mut dyn FnMut(&Schema<'_>, &mut dyn ShapeDeserializer) -> Result<(), SerdeError>,
    ) -> Result<(), SerdeError> {
        for member in schema.members() {
            if let Some(child) = self.0.child(wire_name(member, "")) {
                consumer(member, &mut FormReader(child))?;
            }
        }
        Ok(())
    }

    fn read_list(
        &mut self,
        schema: &Schema<'_>,
        consumer: &mut dyn FnMut(&mut dyn ShapeDeserializer) -> Result<(), SerdeError>,
    ) -> Result<(), SerdeError> {
        let wrapper = schema.member().map_or("member", |member| wire_name(member, "member"));
        self.0.entries(schema, wrapper).into_iter().try_for_each(|element| consumer(&mut FormReader(element)))
    }

    fn read_map(
        &mut self,
        schema: &Schema<'_>,
        consumer: &mut dyn FnMut(String, &mut dyn ShapeDeserializer) -> Result<(), SerdeError>,
    ) -> Result<(), SerdeError> {
        let key_name = schema.key().map_or("key", |key| wire_name(key, "key"));
        let value_name = schema.member().map_or("value", |value| wire_name(value, "value"));
        for entry in self.0.entries(schema, "entry") {
            let key = entry.text(key_name).unwrap_or_default().to_owned();
            let absent = Form::default();
            consumer(key, &mut FormReader(entry.child(value_name).unwrap_or(&absent)))?;
        }
        Ok(())
    }

    fn read_boolean(&mut self, _: &Schema<'_>) -> Result<bool, SerdeError> {
        self.0.scalar("a boolean", |text| text.to_ascii_lowercase().parse().ok())
    }

    fn read_byte(&mut self, _: &Schema<'_>) -> Result<i8, SerdeError> {
        self.0.scalar("a number", |text| text.parse().ok())
    }

    fn read_short(&mut self, _: &Schema<'_>) -> Result<i16, SerdeError> {
        self.0.scalar("a number", |text| text.parse().ok())
    }

    fn read_integer(&mut self, _: &Schema<'_>) -> Result<i32, SerdeError> {
        self.0.scalar("a number", |text| text.parse().ok())
    }

    fn read_long(&mut self, _: &Schema<'_>) -> Result<i64, SerdeError> {
        self.0.scalar("a number", |text| text.parse().ok())
    }

    fn read_float(&mut self, _: &Schema<'_>) -> Result<f32, SerdeError> {
        self.0.scalar("a number", |text| text.parse().ok())
    }

    fn read_double(&mut self, _: &Schema<'_>) -> Result<f64, SerdeError> {
        self.0.scalar("a number", |text| text.parse().ok())
    }

    fn read_big_integer(&mut self, _: &Schema<'_>) -> Result<BigInteger, SerdeError> {
        self.0.scalar("a number", |text| text.parse().ok())
    }

    fn read_big_decimal(&mut self, _: &Schema<'_>) -> Result<BigDecimal, SerdeError> {
        self.0.scalar("a number", |text| text.parse().ok())
    }

    fn read_string(&mut self, _: &Schema<'_>) -> Result<String, SerdeError> {
        Ok(self.0.value.clone().unwrap_or_default())
    }

    fn read_blob(&mut self, _: &Schema<'_>) -> Result<Blob, SerdeError> {
        self.0.scalar("base64", |text| aws_smithy_types::base64::decode(text).ok()).map(Blob::new)
    }

    fn read_timestamp(&mut self, _: &Schema<'_>) -> Result<DateTime, SerdeError> {
        self.0.scalar("a time", |text| {
            DateTime::from_str(text, Format::DateTimeWithOffset)
                .or_else(|_| DateTime::from_str(text, Format::EpochSeconds))
                .ok()
        })
    }

    fn read_document(&mut self, _: &Schema<'_>) -> Result<Document, SerdeError> {
        Err(SerdeError::unsupported("AWS Query has no documents"))
    }

    fn is_null(&self) -> bool {
        false
    }

    fn skip_value(&mut self) -> Result<(), SerdeError> {
        Ok(())
    }

    fn container_size(&self) -> Option<usize> {
        None
    }
}

#[cfg(test)]
mod tests {
    use stackfleet_api::{Reader, Request, Service, operation};

    use super::*;

    fn read(operation_name: &str, form: &str) -> Request {
        let mut reader = Reader::new();
        let form = Form::read(form);
        let operation = operation(Service::CloudFormation, operation_name).unwrap();
        let request = (operation.read_request)(&mut FormReader(&form), &mut reader).unwrap();
        assert_eq!(reader.message(), None);
        request
    }

    #[test]
    fn lists_are_read_in_the_order_of_their_numbers() {
        let request = read(
            "CreateStackInstances",
            "StackSetName=a+b&Regions.member.10=c&Regions.member.2=b&Regions.member.1=a%2Db&OperationPreferences.MaxConcurrentCount=3&RetainStacks=true",
        );
        let Request::CloudFormation(stackfleet_api::cloudformation::Request::CreateStackInstances(input)) = request
        else {
            panic!("another request");
        };
        assert_eq!(input.stack_set_name, "a b");
        assert_eq!(input.regions, ["a-b", "b", "c"]);
        assert_eq!(input.operation_preferences.unwrap().max_concurrent_count, Some(3));
    }
}
