//! The fingerprint of a root, or of a request for enrolment, as people compare it: six groups of five digits, read aloud in any language.
//!
//! Each group is five bytes of the SHA-256, big-endian, modulo 100,000. Together they are some 99 bits: nobody makes
//! another one with the same thirty digits.

/// Groups of digits.
const GROUPS: usize = 6;

/// Bytes of the hash in each.
const BYTES: usize = 5;

/// The six groups of a SHA-256.
pub fn groups(hash: &[u8; 32]) -> [String; GROUPS] {
    std::array::from_fn(|at| {
        let bytes = &hash[at * BYTES..][..BYTES];
        format!("{:05}", bytes.iter().fold(0u64, |value, byte| value << 8 | u64::from(*byte)) % 100_000)
    })
}

/// The same in one line.
pub fn line(hash: &[u8; 32]) -> String {
    groups(hash).join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_six_groups_of_five_digits() {
        let hash = std::array::from_fn(|at| at as u8);
        // 0x0001020304 is 16,909,060; 0x0506070809 is 21,575,960,585.
        assert!(line(&hash).starts_with("09060 60585 "), "{}", line(&hash));
        assert!(groups(&hash).iter().all(|group| group.len() == 5));
        let mut other = hash;
        other[29] ^= 1;
        assert_ne!(line(&other), line(&hash));
    }
}
