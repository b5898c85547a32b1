//! Values as AWS's validation messages show them: `[a, b]`, `{k=v}`, `Tag(key=a, value=b)`.

use aws_smithy_schema::Schema;
use aws_smithy_schema::serde::{SerdeError, SerializableStruct, ShapeSerializer};
use aws_smithy_types::date_time::Format;
use aws_smithy_types::{BigDecimal, BigInteger, Blob, DateTime, Document};

use crate::shape::Shape;

/// Returns the text that stands for `value` in a message.
pub(crate) fn describe<T: Shape>(value: &T) -> String {
    let mut text = Text { out: String::new(), place: Place::Top };
    // Text cannot fail to be appended; what has no text (a document) is left out.
    match value.write(&mut text, &aws_smithy_schema::prelude::STRING) {
        Ok(()) | Err(_) => text.out,
    }
}

/// Returns `name` with its first letter in lower case, as messages write members.
pub(crate) fn member_name(name: &str) -> String {
    let mut characters = name.chars();
    characters.next().map(|first| first.to_lowercase().chain(characters).collect()).unwrap_or_default()
}

#[derive(Clone, Copy)]
enum Place {
    Top,
    Struct { first: bool },
    List { first: bool },
    Map { first: bool, key: bool },
}

struct Text {
    out: String,
    place: Place,
}

impl Text {
    fn open(&mut self, schema: &Schema<'_>) {
        match &mut self.place {
            Place::Top => {}
            Place::Struct { first } => {
                if !std::mem::take(first) {
                    self.out.push_str(", ");
                }
                self.out.push_str(&member_name(schema.member_name().unwrap_or_default()));
                self.out.push('=');
            }
            Place::List { first } => {
                if !std::mem::take(first) {
                    self.out.push_str(", ");
                }
            }
            Place::Map { first, key } => {
                if !*key {
                    self.out.push('=');
                } else if !std::mem::take(first) {
                    self.out.push_str(", ");
                }
                *key = !*key;
            }
        }
    }

    fn scalar(&mut self, schema: &Schema<'_>, text: &str) -> Result<(), SerdeError> {
        self.open(schema);
        self.out.push_str(text);
        Ok(())
    }

    fn nested(
        &mut self,
        schema: &Schema<'_>,
        brackets: (&str, &str),
        place: Place,
        write: &dyn Fn(&mut Text) -> Result<(), SerdeError>,
    ) -> Result<(), SerdeError> {
        self.open(schema);
        self.out.push_str(brackets.0);
        let outer = std::mem::replace(&mut self.place, place);
        write(self)?;
        self.place = outer;
        self.out.push_str(brackets.1);
        Ok(())
    }
}

impl ShapeSerializer for Text {
    fn write_struct(&mut self, schema: &Schema<'_>, value: &dyn SerializableStruct) -> Result<(), SerdeError> {
        let name = format!("{}(", value.schema().shape_id().shape_name());
        self.nested(schema, (&name, ")"), Place::Struct { first: true }, &|text| value.serialize_members(text))
    }

    fn write_list(
        &mut self,
        schema: &Schema<'_>,
        write_elements: &dyn Fn(&mut dyn ShapeSerializer) -> Result<(), SerdeError>,
    ) -> Result<(), SerdeError> {
        self.nested(schema, ("[", "]"), Place::List { first: true }, &|text| write_elements(text))
    }

    fn write_map(
        &mut self,
        schema: &Schema<'_>,
        write_entries: &dyn Fn(&mut dyn ShapeSerializer) -> Result<(), SerdeError>,
    ) -> Result<(), SerdeError> {
        self.nested(schema, ("{", "}"), Place::Map { first: true, key: true }, &|text| write_entries(text))
    }

    fn write_boolean(&mut self, schema: &Schema<'_>, value: bool) -> Result<(), SerdeError> {
        self.scalar(schema, if value { "true" } else { "false" })
    }

    fn write_byte(&mut self, schema: &Schema<'_>, value: i8) -> Result<(), SerdeError> {
        self.scalar(schema, &value.to_string())
    }

    fn write_short(&mut self, schema: &Schema<'_>, value: i16) -> Result<(), SerdeError> {
        self.scalar(schema, &value.to_string())
    }

    fn write_integer(&mut self, schema: &Schema<'_>, value: i32) -> Result<(), SerdeError> {
        self.scalar(schema, &value.to_string())
    }

    fn write_long(&mut self, schema: &Schema<'_>, value: i64) -> Result<(), SerdeError> {
        self.scalar(schema, &value.to_string())
    }

    fn write_float(&mut self, schema: &Schema<'_>, value: f32) -> Result<(), SerdeError> {
        self.scalar(schema, &format!("{value:?}"))
    }

    fn write_double(&mut self, schema: &Schema<'_>, value: f64) -> Result<(), SerdeError> {
        self.scalar(schema, &format!("{value:?}"))
    }

    fn write_big_integer(&mut self, schema: &Schema<'_>, value: &BigInteger) -> Result<(), SerdeError> {
        self.scalar(schema, value.as_ref())
    }

    fn write_big_decimal(&mut self, schema: &Schema<'_>, value: &BigDecimal) -> Result<(), SerdeError> {
        self.scalar(schema, value.as_ref())
    }

    fn write_string(&mut self, schema: &Schema<'_>, value: &str) -> Result<(), SerdeError> {
        self.scalar(schema, value)
    }

    fn write_blob(&mut self, schema: &Schema<'_>, value: Blob) -> Result<(), SerdeError> {
        self.scalar(schema, &format!("java.nio.HeapByteBuffer[pos=0 lim={0} cap={0}]", value.as_ref().len()))
    }

    fn write_timestamp(&mut self, schema: &Schema<'_>, value: &DateTime) -> Result<(), SerdeError> {
        let text = value.fmt(Format::DateTime).map_err(|error| SerdeError::custom(error.to_string()))?;
        self.scalar(schema, &text)
    }

    fn write_document(&mut self, _: &Schema<'_>, _: &Document) -> Result<(), SerdeError> {
        Err(SerdeError::unsupported("documents have no text"))
    }

    fn write_null(&mut self, schema: &Schema<'_>) -> Result<(), SerdeError> {
        self.scalar(schema, "null")
    }
}
