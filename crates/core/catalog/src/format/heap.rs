//! Many short texts in one long one; a text is found by its number and lent out, not copied.

use super::bytes::{Corrupt, Reader, Wire};

/// Texts by number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heap {
    text: String,
    /// Where each text ends; it begins where the one before ends.
    ends: Vec<u32>,
}

impl Heap {
    /// Returns how many texts there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Tells whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Returns the text of this number.
    #[must_use]
    pub fn get(&self, number: usize) -> Option<&str> {
        let end = *self.ends.get(number)? as usize;
        let start = number.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).map(|end| *end as usize))?;
        self.text.get(start..end)
    }

    /// Returns the texts in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).filter_map(|number| self.get(number))
    }

    /// Returns the number of a text in a heap that is sorted.
    #[must_use]
    pub fn find_sorted(&self, wanted: &str) -> Option<usize> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low.midpoint(high);
            match self.get(middle)?.cmp(wanted) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Equal => return Some(middle),
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }
}

impl<'text> FromIterator<&'text str> for Heap {
    fn from_iter<Texts: IntoIterator<Item = &'text str>>(texts: Texts) -> Self {
        let mut heap = Self::default();
        for text in texts {
            heap.text.push_str(text);
            heap.ends.push(u32::try_from(heap.text.len()).unwrap_or(u32::MAX));
        }
        heap
    }
}

/// First all lengths, then all texts: like things together compress better.
impl Wire for Heap {
    fn write(&self, out: &mut Vec<u8>) {
        let lengths: Vec<u64> = self.iter().map(|text| text.len() as u64).collect();
        lengths.write(out);
        self.text.write(out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, Corrupt> {
        let lengths = Vec::<u32>::read(input)?;
        let text = String::read(input)?;
        let mut end: u32 = 0;
        let mut ends = Vec::with_capacity(lengths.len());
        for length in lengths {
            end = end.checked_add(length).ok_or_else(|| Corrupt::new("a text is too long"))?;
            if !text.is_char_boundary(end as usize) {
                return Err(Corrupt::new("a text ends inside a letter or behind the last"));
            }
            ends.push(end);
        }
        if end as usize != text.len() {
            return Err(Corrupt::new("the texts are longer than their lengths say"));
        }
        Ok(Self { text, ends })
    }
}
