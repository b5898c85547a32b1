//! The file as a whole: a head, then frames that are compressed one by one: the index, the common texts, the blocks.

use ruzstd::decoding::FrameDecoder;

use super::block::Block;
use super::bytes::{Corrupt, Reader, Wire, from_bytes, to_bytes};
use super::heap::Heap;

/// How the file begins; the last sign is the version of the format.
const MAGIC: &[u8; 8] = b"SFCATLG1";

/// A frame that claims to be larger is damaged.
const FRAME_BYTES_MAX: u32 = 16 * 1024 * 1024;

/// Which types there are, where their facts are, and where AWS has them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Index {
    /// Where the facts come from: package and version.
    pub source: String,
    /// When AWS's schemas were collected, as an RFC 3339 time.
    pub collected: String,
    /// Regions whose types are known, sorted.
    pub regions: Heap,
    /// Sets of regions: bit N is region N.
    pub region_sets: Vec<u64>,
    /// Names of types, sorted.
    pub names: Heap,
    /// Where to find each type, in the order of the names.
    pub entries: Vec<Entry>,
}

/// Where a type is to be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The number of its block.
    pub block: u32,
    /// The number of the type in its block.
    pub position: u32,
    /// The number of its set of regions.
    pub regions: u32,
}

impl Wire for Index {
    fn write(&self, out: &mut Vec<u8>) {
        self.source.write(out);
        self.collected.write(out);
        self.regions.write(out);
        self.region_sets.write(out);
        self.names.write(out);
        // Column by column: like things together compress better.
        for column in [|entry: &Entry| entry.block, |entry: &Entry| entry.position, |entry: &Entry| entry.regions] {
            self.entries.iter().map(column).collect::<Vec<u32>>().write(out);
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, Corrupt> {
        let (source, collected) = Wire::read(input)?;
        let (regions, region_sets) = Wire::read(input)?;
        let names = Heap::read(input)?;
        let mut columns = || Vec::<u32>::read(input);
        let (blocks, positions, sets) = (columns()?, columns()?, columns()?);
        if [blocks.len(), positions.len(), sets.len()] != [names.len(); 3] {
            return Err(Corrupt::new("the index has gaps"));
        }
        let entries = blocks.into_iter().zip(positions).zip(sets);
        let entries = entries.map(|((block, position), regions)| Entry { block, position, regions }).collect();
        Ok(Self { source, collected, regions, region_sets, names, entries })
    }
}

/// Returns the bytes of a file. `compress` makes a zstd frame.
pub fn write<Error>(
    index: &Index,
    common: &Heap,
    blocks: &[Block],
    compress: impl Fn(&[u8]) -> Result<Vec<u8>, Error>,
) -> Result<Vec<u8>, Error> {
    let mut raw = vec![to_bytes(index), to_bytes(common)];
    raw.extend(blocks.iter().map(Block::to_bytes));
    pack(MAGIC, &raw, compress)
}

/// Returns the head and the frames of a file.
pub(super) fn pack<Error>(
    magic: &[u8],
    raw: &[Vec<u8>],
    compress: impl Fn(&[u8]) -> Result<Vec<u8>, Error>,
) -> Result<Vec<u8>, Error> {
    let mut head = magic.to_vec();
    (raw.len() as u64).write(&mut head);
    let mut body = Vec::new();
    for frame in raw {
        let compressed = compress(frame)?;
        (compressed.len() as u64).write(&mut head);
        (frame.len() as u64).write(&mut head);
        body.extend(compressed);
    }
    head.extend(body);
    Ok(head)
}

/// The frames of a file, not decompressed yet.
#[derive(Debug, Clone, Copy)]
struct Frame<'bytes> {
    compressed: &'bytes [u8],
    length: u32,
}

/// A file whose head was read.
#[derive(Debug, Clone)]
pub struct Frames<'bytes> {
    frames: Vec<Frame<'bytes>>,
}

/// Frames before the first block.
const BEFORE_BLOCKS: usize = 2;

impl<'bytes> Frames<'bytes> {
    /// Reads the head of a file.
    ///
    /// # Errors
    /// When the bytes are not such a file, or one of another version.
    pub fn read(bytes: &'bytes [u8]) -> Result<Self, Corrupt> {
        Self::read_as(MAGIC, bytes)
    }

    /// Reads the head of a file that begins so.
    pub(super) fn read_as(magic: &[u8], bytes: &'bytes [u8]) -> Result<Self, Corrupt> {
        let mut input = Reader::new(bytes);
        if input.take(magic.len())? != magic {
            return Err(Corrupt::new("it does not begin as a file of this version does"));
        }
        let lengths = Vec::<(u32, u32)>::read(&mut input)?;
        let mut frames = Vec::with_capacity(lengths.len());
        for (compressed, length) in lengths {
            if length > FRAME_BYTES_MAX {
                return Err(Corrupt::new("a frame is too large"));
            }
            frames.push(Frame { compressed: input.take(compressed as usize)?, length });
        }
        input.end()?;
        Ok(Self { frames })
    }

    /// Returns how many frames there are.
    pub(super) fn len(&self) -> usize {
        self.frames.len()
    }

    /// Returns how many blocks there are.
    #[must_use]
    pub fn blocks(&self) -> usize {
        self.frames.len().saturating_sub(BEFORE_BLOCKS)
    }

    /// Decompresses and reads the index.
    ///
    /// # Errors
    /// When it is damaged.
    pub fn index(&self) -> Result<Index, Corrupt> {
        from_bytes(&self.decompress(0)?)
    }

    /// Decompresses and reads the texts that blocks have in common.
    ///
    /// # Errors
    /// When they are damaged.
    pub fn common(&self) -> Result<Heap, Corrupt> {
        from_bytes(&self.decompress(1)?)
    }

    /// Decompresses and reads a block.
    ///
    /// # Errors
    /// When it is damaged, or there is none of this number.
    pub fn block(&self, number: usize) -> Result<Block, Corrupt> {
        from_bytes(&self.decompress(BEFORE_BLOCKS + number)?)
    }

    /// Decompresses a frame.
    pub(super) fn decompress(&self, number: usize) -> Result<Vec<u8>, Corrupt> {
        let frame = self.frames.get(number).ok_or_else(|| Corrupt::new("a frame is missing"))?;
        // Decompressing stops with an error where there is more than announced.
        let mut bytes = Vec::with_capacity(frame.length as usize);
        FrameDecoder::new()
            .decode_all_to_vec(frame.compressed, &mut bytes)
            .map_err(|error| Corrupt::new(format!("a frame cannot be decompressed: {error}")))?;
        if bytes.len() == frame.length as usize { Ok(bytes) } else { Err(Corrupt::new("a frame has another length")) }
    }
}
