//! Records whose fields are written one after the other.

/// Declares a record with its form in bytes.
macro_rules! record {
    ($(#[$outer:meta])* $name:ident { $($(#[$inner:meta])* $field:ident: $content:ty,)* }) => {
        $(#[$outer])*
        pub struct $name { $($(#[$inner])* pub $field: $content,)* }

        impl Wire for $name {
            fn write(&self, out: &mut Vec<u8>) {
                $(self.$field.write(out);)*
            }

            fn read(input: &mut Reader<'_>) -> Result<Self, Corrupt> {
                Ok(Self { $($field: Wire::read(input)?,)* })
            }
        }
    };
}

pub(super) use record;
