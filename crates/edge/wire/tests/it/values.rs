//! Values of the model without a protocol: filled from a schema, and written as plain JSON under the model's names.

use std::cell::RefCell;

use aws_smithy_schema::Schema;
use aws_smithy_schema::serde::{SerdeError, SerializableStruct, ShapeDeserializer, ShapeSerializer};
use aws_smithy_types::{BigDecimal, BigInteger, Blob, DateTime, Document, base64};
use serde_json::{Map, Value, json};

/// Gives a different value to every member: two elements to each list, two entries to each map.
#[derive(Default)]
pub(crate) struct Fill {
    count: i32,
}

impl Fill {
    fn next(&mut self) -> i32 {
        self.count += 1;
        self.count
    }
}

impl ShapeDeserializer for Fill {
    fn read_struct(
        &mut self,
        schema: &Schema<'_>,
        consumer: &mut dyn FnMut(&Schema<'_>, &mut dyn ShapeDeserializer) -> Result<(), SerdeError>,
    ) -> Result<(), SerdeError> {
        schema.members().iter().try_for_each(|member| consumer(member, self))
    }

    fn read_list(
        &mut self,
        _: &Schema<'_>,
        consumer: &mut dyn FnMut(&mut dyn ShapeDeserializer) -> Result<(), SerdeError>,
    ) -> Result<(), SerdeError> {
        (0..2).try_for_each(|_| consumer(self))
    }

    fn read_map(
        &mut self,
        _: &Schema<'_>,
        consumer: &mut dyn FnMut(String, &mut dyn ShapeDeserializer) -> Result<(), SerdeError>,
    ) -> Result<(), SerdeError> {
        (0..2).try_for_each(|_| {
            let key = format!("key-{}", self.next());
            consumer(key, self)
        })
    }

    fn read_boolean(&mut self, _: &Schema<'_>) -> Result<bool, SerdeError> {
        Ok(self.next() % 2 == 0)
    }

    fn read_byte(&mut self, _: &Schema<'_>) -> Result<i8, SerdeError> {
        Err(SerdeError::unsupported("no model has bytes"))
    }

    fn read_short(&mut self, _: &Schema<'_>) -> Result<i16, SerdeError> {
        Err(SerdeError::unsupported("no model has shorts"))
    }

    fn read_integer(&mut self, schema: &Schema<'_>) -> Result<i32, SerdeError> {
        Ok(if schema.http_response_code().is_some() { 202 } else { self.next() })
    }

    fn read_long(&mut self, _: &Schema<'_>) -> Result<i64, SerdeError> {
        Ok(9_000_000_000 + i64::from(self.next()))
    }

    fn read_float(&mut self, _: &Schema<'_>) -> Result<f32, SerdeError> {
        Err(SerdeError::unsupported("no model has floats"))
    }

    fn read_double(&mut self, _: &Schema<'_>) -> Result<f64, SerdeError> {
        Ok(f64::from(self.next()) + 0.5)
    }

    fn read_big_integer(&mut self, _: &Schema<'_>) -> Result<BigInteger, SerdeError> {
        Err(SerdeError::unsupported("no model has big integers"))
    }

    fn read_big_decimal(&mut self, _: &Schema<'_>) -> Result<BigDecimal, SerdeError> {
        Err(SerdeError::unsupported("no model has big decimals"))
    }

    fn read_string(&mut self, schema: &Schema<'_>) -> Result<String, SerdeError> {
        if schema.http_header().is_some() {
            return Ok(format!("header {}", self.next()));
        }
        // Characters that every protocol has to escape or to leave alone.
        Ok(format!("{} {} <&> \"ü\"", schema.member_name().unwrap_or_default(), self.next()))
    }

    fn read_blob(&mut self, _: &Schema<'_>) -> Result<Blob, SerdeError> {
        Ok(Blob::new(format!("blob {}", self.next())))
    }

    fn read_timestamp(&mut self, _: &Schema<'_>) -> Result<DateTime, SerdeError> {
        Ok(DateTime::from_secs(1_790_000_000 + i64::from(self.next())))
    }

    fn read_document(&mut self, _: &Schema<'_>) -> Result<Document, SerdeError> {
        Err(SerdeError::unsupported("no model has documents"))
    }

    fn is_null(&self) -> bool {
        false
    }

    fn container_size(&self) -> Option<usize> {
        None
    }
}

/// Returns the members of a structure as JSON: blobs in base64, times in seconds since the epoch.
pub(crate) fn to_json(value: &dyn SerializableStruct) -> Value {
    let mut plain = Plain::default();
    value.serialize_members(&mut plain).unwrap();
    Value::Object(plain.members.into_inner())
}

/// Collects members of a structure, or elements of a list, or keys and values of a map in turn.
#[derive(Default)]
struct Plain {
    members: RefCell<Map<String, Value>>,
    elements: RefCell<Vec<Value>>,
    in_list: bool,
}

impl Plain {
    fn put(&self, schema: &Schema<'_>, value: Value) -> Result<(), SerdeError> {
        if self.in_list {
            self.elements.borrow_mut().push(value);
        } else {
            self.members.borrow_mut().insert(schema.member_name().unwrap_or_default().to_owned(), value);
        }
        Ok(())
    }

    fn elements(write: &dyn Fn(&mut dyn ShapeSerializer) -> Result<(), SerdeError>) -> Result<Vec<Value>, SerdeError> {
        let mut inner = Plain { in_list: true, ..Plain::default() };
        write(&mut inner)?;
        Ok(inner.elements.into_inner())
    }
}

impl ShapeSerializer for Plain {
    fn write_struct(&mut self, schema: &Schema<'_>, value: &dyn SerializableStruct) -> Result<(), SerdeError> {
        self.put(schema, to_json(value))
    }

    fn write_list(
        &mut self,
        schema: &Schema<'_>,
        write: &dyn Fn(&mut dyn ShapeSerializer) -> Result<(), SerdeError>,
    ) -> Result<(), SerdeError> {
        self.put(schema, Value::Array(Plain::elements(write)?))
    }

    fn write_map(
        &mut self,
        schema: &Schema<'_>,
        write: &dyn Fn(&mut dyn ShapeSerializer) -> Result<(), SerdeError>,
    ) -> Result<(), SerdeError> {
        let mut entries = Plain::elements(write)?.into_iter();
        let mut map = Map::new();
        while let (Some(Value::String(key)), Some(value)) = (entries.next(), entries.next()) {
            map.insert(key, value);
        }
        self.put(schema, Value::Object(map))
    }

    fn write_boolean(&mut self, schema: &Schema<'_>, value: bool) -> Result<(), SerdeError> {
        self.put(schema, json!(value))
    }

    fn write_byte(&mut self, schema: &Schema<'_>, value: i8) -> Result<(), SerdeError> {
        self.put(schema, json!(value))
    }

    fn write_short(&mut self, schema: &Schema<'_>, value: i16) -> Result<(), SerdeError> {
        self.put(schema, json!(value))
    }

    fn write_integer(&mut self, schema: &Schema<'_>, value: i32) -> Result<(), SerdeError> {
        self.put(schema, json!(value))
    }

    fn write_long(&mut self, schema: &Schema<'_>, value: i64) -> Result<(), SerdeError> {
        self.put(schema, json!(value))
    }

    fn write_float(&mut self, schema: &Schema<'_>, value: f32) -> Result<(), SerdeError> {
        self.put(schema, json!(value))
    }

    fn write_double(&mut self, schema: &Schema<'_>, value: f64) -> Result<(), SerdeError> {
        self.put(schema, json!(value))
    }

    fn write_big_integer(&mut self, schema: &Schema<'_>, value: &BigInteger) -> Result<(), SerdeError> {
        self.put(schema, json!(value.as_ref()))
    }

    fn write_big_decimal(&mut self, schema: &Schema<'_>, value: &BigDecimal) -> Result<(), SerdeError> {
        self.put(schema, json!(value.as_ref()))
    }

    fn write_string(&mut self, schema: &Schema<'_>, value: &str) -> Result<(), SerdeError> {
        self.put(schema, json!(value))
    }

    fn write_blob(&mut self, schema: &Schema<'_>, value: Blob) -> Result<(), SerdeError> {
        self.put(schema, json!(base64::encode(value)))
    }

    fn write_timestamp(&mut self, schema: &Schema<'_>, value: &DateTime) -> Result<(), SerdeError> {
        self.put(schema, json!(value.secs()))
    }

    fn write_document(&mut self, _: &Schema<'_>, _: &Document) -> Result<(), SerdeError> {
        Err(SerdeError::unsupported("no model has documents"))
    }

    fn write_null(&mut self, schema: &Schema<'_>) -> Result<(), SerdeError> {
        self.put(schema, Value::Null)
    }
}
