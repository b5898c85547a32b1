//! MD5 as RFC 1321 defines it: S3's entity tags are made of it. Never use it where an adversary matters.

const SHIFTS: [[u32; 4]; 4] = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]];

/// Returns the digest of `bytes`.
pub(crate) fn md5(bytes: &[u8]) -> [u8; 16] {
    let constants = constants();
    let mut state = [0x6745_2301_u32, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
    let mut chunks = bytes.chunks_exact(64);
    for chunk in &mut chunks {
        block(&mut state, chunk, &constants);
    }
    let mut tail = chunks.remainder().to_vec();
    tail.push(0x80);
    while tail.len() % 64 != 56 {
        tail.push(0);
    }
    tail.extend_from_slice(&(bytes.len() as u64).wrapping_mul(8).to_le_bytes());
    for chunk in tail.chunks_exact(64) {
        block(&mut state, chunk, &constants);
    }
    let mut digest = [0; 16];
    for (slot, byte) in digest.iter_mut().zip(state.iter().flat_map(|word| word.to_le_bytes())) {
        *slot = byte;
    }
    digest
}

/// Returns the digest of `bytes` as 32 lower-case hexadecimal digits.
pub(crate) fn md5_hex(bytes: &[u8]) -> String {
    hex(&md5(bytes))
}

/// Returns `bytes` as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The integer parts of 2^32 times the absolute sine of 1 to 64.
fn constants() -> [u32; 64] {
    let mut table = [0; 64];
    for (index, slot) in (1_u32..).zip(table.iter_mut()) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "|sin| < 1, so it fits in 32 bits")]
        let value = (f64::from(index).sin().abs() * 4_294_967_296.0) as u32;
        *slot = value;
    }
    table
}

#[expect(clippy::indexing_slicing, reason = "indexes are taken modulo the arrays' lengths")]
fn block(state: &mut [u32; 4], chunk: &[u8], constants: &[u32; 64]) {
    let mut words = [0_u32; 16];
    for (word, bytes) in words.iter_mut().zip(chunk.chunks_exact(4)) {
        *word = bytes.iter().rev().fold(0, |sum, byte| sum << 8 | u32::from(*byte));
    }
    let [mut a, mut b, mut c, mut d] = *state;
    for step in 0..64 {
        let (mixed, index) = match step / 16 {
            0 => ((b & c) | (!b & d), step),
            1 => ((d & b) | (!d & c), (5 * step + 1) % 16),
            2 => (b ^ c ^ d, (3 * step + 5) % 16),
            _ => (c ^ (b | !d), (7 * step) % 16),
        };
        let sum = a.wrapping_add(mixed).wrapping_add(constants[step]).wrapping_add(words[index]);
        (a, d, c) = (d, c, b);
        b = b.wrapping_add(sum.rotate_left(SHIFTS[step / 16][step % 4]));
    }
    for (slot, value) in state.iter_mut().zip([a, b, c, d]) {
        *slot = slot.wrapping_add(value);
    }
}

#[cfg(test)]
mod tests {
    use super::md5_hex;

    #[test]
    fn agrees_with_the_test_suite_of_rfc_1321() {
        assert_eq!(md5_hex(b""), "d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(md5_hex(b"abc"), "900150983cd24fb0d6963f7d28e17f72");
        let long = "12345678901234567890123456789012345678901234567890123456789012345678901234567890";
        assert_eq!(md5_hex(long.as_bytes()), "57edf4a22be3c955ac49da2e2107b67a");
    }
}
