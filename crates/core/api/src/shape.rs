//! How values of the model are read and written, whatever the protocol: [`Shape`] for all of them,
//! [`Structure`] and [`Enumeration`] for the generated ones, and the macros that the generated code uses.

use std::collections::BTreeMap;

use aws_smithy_schema::Schema;
use aws_smithy_schema::prelude;
use aws_smithy_schema::serde::{SerdeError, SerializableStruct, ShapeDeserializer, ShapeSerializer};
use aws_smithy_types::{Blob, DateTime};

use crate::constraint::{Constraint, NONE};
use crate::reader::{Reader, element_demands};

/// A value that a request or an answer can hold.
pub trait Shape: Sized {
    /// Whether the value is a string, a number or an enumeration: containers of those report broken elements themselves.
    const SIMPLE: bool = false;

    /// The values of an enumeration.
    const VALUES: Option<&'static [&'static str]> = None;

    /// Reads a value and reports to `reader` where it breaks `constraint`.
    ///
    /// # Errors
    /// Fails when the input cannot be read as this type.
    fn read(
        deserializer: &mut dyn ShapeDeserializer,
        schema: &Schema<'_>,
        constraint: &'static Constraint,
        reader: &mut Reader,
    ) -> Result<Self, SerdeError>;

    /// Writes the value as `schema` says.
    ///
    /// # Errors
    /// Fails when the protocol has no form for the value.
    fn write(&self, serializer: &mut dyn ShapeSerializer, schema: &Schema<'_>) -> Result<(), SerdeError>;
}

/// A structure of the model.
pub trait Structure: SerializableStruct + Default {
    /// The structure's schema.
    const SCHEMA: &'static Schema<'static>;

    /// The required members: bit `n` for the member with index `n`.
    const REQUIRED: u64;

    /// Reads the member `index`; an unknown index is skipped.
    ///
    /// # Errors
    /// Fails when the input cannot be read as the member's type.
    fn read_member(
        &mut self,
        index: usize,
        schema: &Schema<'_>,
        deserializer: &mut dyn ShapeDeserializer,
        reader: &mut Reader,
    ) -> Result<(), SerdeError>;
}

/// An enumeration of the model: a string out of a known set.
pub trait Enumeration: Copy + Default + 'static {
    /// All values as they are written.
    const VALUES: &'static [&'static str];

    /// Returns the value as it is written.
    fn as_str(&self) -> &'static str;

    /// Returns the value that is written `text`.
    fn parse(text: &str) -> Option<Self>;
}

/// Reads a structure: members, then what is missing.
pub(crate) fn read_structure<T: Structure>(
    deserializer: &mut dyn ShapeDeserializer,
    reader: &mut Reader,
) -> Result<T, SerdeError> {
    let mut value = T::default();
    let mut seen = 0_u64;
    deserializer.read_struct(T::SCHEMA, &mut |member, deserializer| {
        // A member that is sent as null counts as not sent.
        if deserializer.is_null() {
            return deserializer.read_null();
        }
        let index = member.member_index().unwrap_or(usize::MAX);
        if index < 64 {
            seen |= 1 << index;
        }
        value.read_member(index, member, deserializer, reader)
    })?;
    let missing = T::REQUIRED & !seen;
    if missing != 0 {
        for (index, member) in T::SCHEMA.members().iter().enumerate() {
            if index < 64 && missing & (1 << index) != 0 {
                reader.missing(member.member_name().unwrap_or_default());
            }
        }
    }
    Ok(value)
}

impl Shape for String {
    const SIMPLE: bool = true;

    fn read(
        deserializer: &mut dyn ShapeDeserializer,
        schema: &Schema<'_>,
        constraint: &'static Constraint,
        reader: &mut Reader,
    ) -> Result<Self, SerdeError> {
        let value = deserializer.read_string(schema)?;
        reader.check_pattern(&value, constraint);
        if constraint.min.is_some() || constraint.max.is_some() {
            reader.check_length(&value, value.chars().count(), constraint);
        }
        Ok(value)
    }

    fn write(&self, serializer: &mut dyn ShapeSerializer, schema: &Schema<'_>) -> Result<(), SerdeError> {
        serializer.write_string(schema, self)
    }
}

macro_rules! number {
    ($type:ty, $read:ident, $write:ident, $number:expr) => {
        impl Shape for $type {
            const SIMPLE: bool = true;

            fn read(
                deserializer: &mut dyn ShapeDeserializer,
                schema: &Schema<'_>,
                constraint: &'static Constraint,
                reader: &mut Reader,
            ) -> Result<Self, SerdeError> {
                let value = deserializer.$read(schema)?;
                let number: fn($type) -> f64 = $number;
                reader.check_range(&value, number(value), constraint);
                Ok(value)
            }

            fn write(&self, serializer: &mut dyn ShapeSerializer, schema: &Schema<'_>) -> Result<(), SerdeError> {
                serializer.$write(schema, *self)
            }
        }
    };
}

number!(i32, read_integer, write_integer, f64::from);
#[expect(clippy::cast_precision_loss, reason = "bounds in models are far below 2^53")]
const fn long_as_number(value: i64) -> f64 {
    value as f64
}
number!(i64, read_long, write_long, long_as_number);
number!(f64, read_double, write_double, |value| value);

impl Shape for bool {
    const SIMPLE: bool = true;

    fn read(
        deserializer: &mut dyn ShapeDeserializer,
        schema: &Schema<'_>,
        _: &'static Constraint,
        _: &mut Reader,
    ) -> Result<Self, SerdeError> {
        deserializer.read_boolean(schema)
    }

    fn write(&self, serializer: &mut dyn ShapeSerializer, schema: &Schema<'_>) -> Result<(), SerdeError> {
        serializer.write_boolean(schema, *self)
    }
}

impl Shape for DateTime {
    fn read(
        deserializer: &mut dyn ShapeDeserializer,
        schema: &Schema<'_>,
        _: &'static Constraint,
        _: &mut Reader,
    ) -> Result<Self, SerdeError> {
        deserializer.read_timestamp(schema)
    }

    fn write(&self, serializer: &mut dyn ShapeSerializer, schema: &Schema<'_>) -> Result<(), SerdeError> {
        serializer.write_timestamp(schema, self)
    }
}

impl Shape for Blob {
    fn read(
        deserializer: &mut dyn ShapeDeserializer,
        schema: &Schema<'_>,
        constraint: &'static Constraint,
        reader: &mut Reader,
    ) -> Result<Self, SerdeError> {
        let value = deserializer.read_blob(schema)?;
        reader.check_length(&value, value.as_ref().len(), constraint);
        Ok(value)
    }

    fn write(&self, serializer: &mut dyn ShapeSerializer, schema: &Schema<'_>) -> Result<(), SerdeError> {
        serializer.write_blob(schema, self.clone())
    }
}

impl<T: Shape> Shape for Box<T> {
    fn read(
        deserializer: &mut dyn ShapeDeserializer,
        schema: &Schema<'_>,
        constraint: &'static Constraint,
        reader: &mut Reader,
    ) -> Result<Self, SerdeError> {
        T::read(deserializer, schema, constraint, reader).map(Box::new)
    }

    fn write(&self, serializer: &mut dyn ShapeSerializer, schema: &Schema<'_>) -> Result<(), SerdeError> {
        self.as_ref().write(serializer, schema)
    }
}

impl<T: Shape> Shape for Vec<T> {
    fn read(
        deserializer: &mut dyn ShapeDeserializer,
        schema: &Schema<'_>,
        constraint: &'static Constraint,
        reader: &mut Reader,
    ) -> Result<Self, SerdeError> {
        let element = schema.member().unwrap_or(&prelude::STRING);
        let element_constraint = constraint.element.unwrap_or(&NONE);
        let mut values = Vec::new();
        let mut read = |reader: &mut Reader| {
            deserializer.read_list(schema, &mut |deserializer| {
                let step = format!("{}.member", values.len() + 1);
                values.push(reader.at(step, |reader| T::read(deserializer, element, element_constraint, reader))?);
                Ok(())
            })
        };
        let broken = if T::SIMPLE {
            let (result, broken) = reader.inside_simple(read);
            result?;
            broken
        } else {
            read(reader)?;
            None
        };
        if let Some(kind) = broken {
            let demand = format!("Member must satisfy constraint: {}", element_demands(element_constraint, T::VALUES));
            if T::VALUES.is_some() {
                reader.refuse_noted(kind, demand);
            } else {
                reader.refuse(&values, element_constraint, kind, demand);
            }
        }
        reader.check_length(&values, values.len(), constraint);
        Ok(values)
    }

    fn write(&self, serializer: &mut dyn ShapeSerializer, schema: &Schema<'_>) -> Result<(), SerdeError> {
        let element = schema.member().unwrap_or(&prelude::STRING);
        serializer.write_list_with_length(schema, self.len(), &|serializer| {
            self.iter().try_for_each(|value| value.write(serializer, element))
        })
    }
}

impl<T: Shape> Shape for BTreeMap<String, T> {
    fn read(
        deserializer: &mut dyn ShapeDeserializer,
        schema: &Schema<'_>,
        constraint: &'static Constraint,
        reader: &mut Reader,
    ) -> Result<Self, SerdeError> {
        let element = schema.member().unwrap_or(&prelude::STRING);
        let element_constraint = constraint.element.unwrap_or(&NONE);
        let key_constraint = constraint.key.unwrap_or(&NONE);
        let mut values = BTreeMap::new();
        let mut broken_keys = None;
        let mut read = |reader: &mut Reader| {
            deserializer.read_map(schema, &mut |key, deserializer| {
                let ((), broken) = reader.inside_simple(|reader| {
                    reader.check_pattern(&key, key_constraint);
                    reader.check_length(&key, key.chars().count(), key_constraint);
                });
                broken_keys = broken_keys.or(broken);
                let step = format!("{key}.member");
                let value = reader.at(step, |reader| T::read(deserializer, element, element_constraint, reader))?;
                values.insert(key, value);
                Ok(())
            })
        };
        let broken = if T::SIMPLE {
            let (result, broken) = reader.inside_simple(read);
            result?;
            broken
        } else {
            read(reader)?;
            None
        };
        if let Some(kind) = broken_keys {
            let demand = format!("Map keys must satisfy constraint: {}", element_demands(key_constraint, None));
            reader.refuse(&values, element_constraint, kind, demand);
        }
        if let Some(kind) = broken {
            let demand =
                format!("Map value must satisfy constraint: {}", element_demands(element_constraint, T::VALUES));
            reader.refuse(&values, element_constraint, kind, demand);
        }
        reader.check_length(&values, values.len(), constraint);
        Ok(values)
    }

    fn write(&self, serializer: &mut dyn ShapeSerializer, schema: &Schema<'_>) -> Result<(), SerdeError> {
        let key_schema = schema.key().unwrap_or(&prelude::STRING);
        let element = schema.member().unwrap_or(&prelude::STRING);
        serializer.write_map_with_length(schema, self.len(), &|serializer| {
            self.iter().try_for_each(|(key, value)| {
                serializer.write_string(key_schema, key)?;
                value.write(serializer, element)
            })
        })
    }
}

/// Writes a required member.
pub(crate) fn required<T: Shape>(
    value: &T,
    serializer: &mut dyn ShapeSerializer,
    schema: &Schema<'_>,
) -> Result<(), SerdeError> {
    value.write(serializer, schema)
}

/// Writes an optional member, or nothing.
pub(crate) fn optional<T: Shape>(
    value: &Option<T>,
    serializer: &mut dyn ShapeSerializer,
    schema: &Schema<'_>,
) -> Result<(), SerdeError> {
    value.as_ref().map_or(Ok(()), |value| value.write(serializer, schema))
}

/// Implements [`Structure`] and [`Shape`]: schema, reading, writing. One line per member:
/// `index required|optional field "WireName" ShapeType constraint [schema setters];`
macro_rules! structure {
    ($name:ident: $namespace:literal $shape:literal $required:literal $count:literal [$($with:tt)*] {
        $($index:literal $need:ident $field:ident $wire:literal $type:ident $constraint:ident [$($member_with:tt)*];)*
    }) => {
        const _: () = {
            use ::aws_smithy_schema::serde::{SerdeError, SerializableStruct, ShapeDeserializer, ShapeSerializer};
            use ::aws_smithy_schema::{Schema, ShapeType, shape_id};

            static MEMBERS: [Schema<'static>; $count] = [
                $(Schema::new_member(shape_id!($namespace, $shape, $wire), ShapeType::$type, $wire, $index)
                    $($member_with)*,)*
            ];
            static REFERENCES: [&Schema<'static>; $count] = [$(&MEMBERS[$index]),*];
            static SCHEMA: Schema<'static> =
                Schema::new_struct(shape_id!($namespace, $shape), ShapeType::Structure, &REFERENCES)$($with)*;

            impl $crate::shape::Structure for $name {
                const SCHEMA: &'static Schema<'static> = &SCHEMA;
                const REQUIRED: u64 = $required;

                fn read_member(
                    &mut self,
                    index: usize,
                    schema: &Schema<'_>,
                    deserializer: &mut dyn ShapeDeserializer,
                    reader: &mut $crate::reader::Reader,
                ) -> Result<(), SerdeError> {
                    let _ = (schema, &reader);
                    match index {
                        $($index => reader.$need(&mut self.$field, $wire, &$constraint, schema, deserializer),)*
                        _ => deserializer.skip_value(),
                    }
                }
            }

            impl SerializableStruct for $name {
                fn schema(&self) -> &Schema<'_> {
                    &SCHEMA
                }

                fn serialize_members(&self, serializer: &mut dyn ShapeSerializer) -> Result<(), SerdeError> {
                    let _ = (&serializer, &MEMBERS);
                    $($crate::shape::$need(&self.$field, serializer, &MEMBERS[$index])?;)*
                    Ok(())
                }
            }

            impl $crate::shape::Shape for $name {
                fn read(
                    deserializer: &mut dyn ShapeDeserializer,
                    _: &Schema<'_>,
                    _: &'static $crate::constraint::Constraint,
                    reader: &mut $crate::reader::Reader,
                ) -> Result<Self, SerdeError> {
                    $crate::shape::read_structure(deserializer, reader)
                }

                fn write(&self, serializer: &mut dyn ShapeSerializer, schema: &Schema<'_>) -> Result<(), SerdeError> {
                    serializer.write_struct(schema, self)
                }
            }
        };
    };
}
pub(crate) use structure;

/// Implements [`Enumeration`], [`Shape`], `Display` and `FromStr`.
macro_rules! enumeration {
    ($name:ident { $($variant:ident = $text:literal,)* }) => {
        impl $name {
            /// Returns the value as it is written.
            pub fn as_str(&self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }

            /// Returns the value that is written `text`.
            pub fn parse(text: &str) -> Option<Self> {
                match text {
                    $($text => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }

        impl $crate::shape::Enumeration for $name {
            const VALUES: &'static [&'static str] = &[$($text),*];

            fn as_str(&self) -> &'static str {
                $name::as_str(self)
            }

            fn parse(text: &str) -> Option<Self> {
                $name::parse(text)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str(self.as_str())
            }
        }

        impl $crate::shape::Shape for $name {
            const SIMPLE: bool = true;
            const VALUES: Option<&'static [&'static str]> = Some(<Self as $crate::shape::Enumeration>::VALUES);

            fn read(
                deserializer: &mut dyn aws_smithy_schema::serde::ShapeDeserializer,
                schema: &aws_smithy_schema::Schema<'_>,
                _: &'static $crate::constraint::Constraint,
                reader: &mut $crate::reader::Reader,
            ) -> Result<Self, aws_smithy_schema::serde::SerdeError> {
                $crate::shape::read_enumeration(deserializer, schema, reader)
            }

            fn write(
                &self,
                serializer: &mut dyn aws_smithy_schema::serde::ShapeSerializer,
                schema: &aws_smithy_schema::Schema<'_>,
            ) -> Result<(), aws_smithy_schema::serde::SerdeError> {
                serializer.write_string(schema, self.as_str())
            }
        }
    };
}
pub(crate) use enumeration;

/// Reads an enumeration. What is not among its values is reported, and the first value stands in.
pub(crate) fn read_enumeration<T: Enumeration>(
    deserializer: &mut dyn ShapeDeserializer,
    schema: &Schema<'_>,
    reader: &mut Reader,
) -> Result<T, SerdeError> {
    let text = deserializer.read_string(schema)?;
    reader.note(&text);
    Ok(T::parse(&text).unwrap_or_else(|| {
        reader.not_among(&text, T::VALUES);
        T::default()
    }))
}
