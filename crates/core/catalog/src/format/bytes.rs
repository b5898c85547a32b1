//! Numbers, texts and lists as bytes: what [`super::block`] and [`super::file`] are made of.
//!
//! Whole numbers take seven bits a byte, low bits first; a list is its length and its members. Reading checks every
//! length against what is left, so that no input makes it panic or allocate without bound.

/// Bytes that are not what the reader expects.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the catalog is damaged: {0}")]
pub struct Corrupt(pub(crate) String);

impl Corrupt {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

/// Reads from the front of a slice.
#[derive(Debug)]
pub(crate) struct Reader<'bytes> {
    rest: &'bytes [u8],
}

impl<'bytes> Reader<'bytes> {
    pub(crate) fn new(bytes: &'bytes [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) fn take(&mut self, count: usize) -> Result<&'bytes [u8], Corrupt> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or_else(|| Corrupt::new("it ends too early"))?;
        self.rest = rest;
        Ok(taken)
    }

    pub(crate) fn end(&self) -> Result<(), Corrupt> {
        if self.rest.is_empty() { Ok(()) } else { Err(Corrupt::new("something follows its end")) }
    }

    fn array<const COUNT: usize>(&mut self) -> Result<[u8; COUNT], Corrupt> {
        let taken = self.take(COUNT)?;
        taken.try_into().map_err(|_| Corrupt::new("it ends too early"))
    }
}

/// A value with a form in bytes. Reading what was written gives the value again.
pub(crate) trait Wire: Sized {
    /// Appends the value.
    fn write(&self, out: &mut Vec<u8>);
    /// Reads a value.
    fn read(input: &mut Reader<'_>) -> Result<Self, Corrupt>;
}

/// Returns the bytes of a value.
pub(crate) fn to_bytes(value: &impl Wire) -> Vec<u8> {
    let mut out = Vec::new();
    value.write(&mut out);
    out
}

/// Reads a value that is all of the bytes.
pub(crate) fn from_bytes<T: Wire>(bytes: &[u8]) -> Result<T, Corrupt> {
    let mut input = Reader::new(bytes);
    let value = T::read(&mut input)?;
    input.end()?;
    Ok(value)
}

impl Wire for u64 {
    fn write(&self, out: &mut Vec<u8>) {
        let mut rest = *self;
        while rest >= 0x80 {
            out.push((rest & 0x7F) as u8 | 0x80);
            rest >>= 7;
        }
        out.push((rest & 0x7F) as u8);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, Corrupt> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let [byte] = input.array()?;
            value |= Self::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Corrupt::new("a number is too long"))
    }
}

impl Wire for u32 {
    fn write(&self, out: &mut Vec<u8>) {
        u64::from(*self).write(out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, Corrupt> {
        Self::try_from(u64::read(input)?).map_err(|_| Corrupt::new("a number is too large"))
    }
}

impl Wire for u8 {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(*self);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, Corrupt> {
        let [byte] = input.array()?;
        Ok(byte)
    }
}

impl Wire for bool {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, Corrupt> {
        Ok(u8::read(input)? != 0)
    }
}

/// Whole numbers below 2^53, which are nearly all, take the sign and the amount in one number; others eight bytes.
impl Wire for f64 {
    fn write(&self, out: &mut Vec<u8>) {
        if self.fract() == 0.0 && self.abs() < WHOLE_MAX && !(*self == 0.0 && self.is_sign_negative()) {
            out.push(u8::from(*self < 0.0));
            (self.abs() as u64).write(out);
        } else {
            out.push(FRACTION);
            out.extend(self.to_le_bytes());
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, Corrupt> {
        match u8::read(input)? {
            0 => Ok(u64::read(input)? as Self),
            1 => Ok(-(u64::read(input)? as Self)),
            FRACTION => Ok(Self::from_le_bytes(input.array()?)),
            _ => Err(Corrupt::new("a number has an unknown form")),
        }
    }
}

const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;
const FRACTION: u8 = 2;

impl Wire for () {
    fn write(&self, _: &mut Vec<u8>) {}

    fn read(_: &mut Reader<'_>) -> Result<Self, Corrupt> {
        Ok(())
    }
}

impl<A: Wire, B: Wire> Wire for (A, B) {
    fn write(&self, out: &mut Vec<u8>) {
        self.0.write(out);
        self.1.write(out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, Corrupt> {
        Ok((A::read(input)?, B::read(input)?))
    }
}

impl<T: Wire> Wire for Option<T> {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(u8::from(self.is_some()));
        if let Some(value) = self {
            value.write(out);
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, Corrupt> {
        if bool::read(input)? { T::read(input).map(Some) } else { Ok(None) }
    }
}

impl<T: Wire> Wire for Vec<T> {
    fn write(&self, out: &mut Vec<u8>) {
        (self.len() as u64).write(out);
        for member in self {
            member.write(out);
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, Corrupt> {
        let count = usize::try_from(u64::read(input)?).map_err(|_| Corrupt::new("a list is too long"))?;
        // Every member takes a byte at least, so a damaged length cannot ask for more memory than there are bytes.
        let mut list = Self::with_capacity(count.min(input.rest.len()));
        for _ in 0..count {
            list.push(T::read(input)?);
        }
        Ok(list)
    }
}

impl Wire for String {
    fn write(&self, out: &mut Vec<u8>) {
        (self.len() as u64).write(out);
        out.extend(self.as_bytes());
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, Corrupt> {
        let length = usize::try_from(u64::read(input)?).map_err(|_| Corrupt::new("a text is too long"))?;
        let bytes = input.take(length)?;
        Self::from_utf8(bytes.to_vec()).map_err(|_| Corrupt::new("a text is not UTF-8"))
    }
}
