//! Arithmetic of bytes: the field of 256 elements with the polynomial x⁸ + x⁴ + x³ + x² + 1, the one of QR codes
//! themselves (ISO/IEC 18004 §7.5.2). Adding is exclusive or.

/// Twice a number.
const fn double(a: u8) -> u8 {
    (a << 1) ^ if a & 0x80 == 0 { 0 } else { 0x1D }
}

/// A product.
pub(super) fn product(a: u8, b: u8) -> u8 {
    (0..8).rev().fold(0, |sum, bit| double(sum) ^ if b >> bit & 1 == 0 { 0 } else { a })
}

/// What gives 1 when multiplied by `a`; of 0 it is 0, and nobody asks.
pub(super) fn inverse(a: u8) -> u8 {
    // a²⁵⁵ is 1.
    (0..253).fold(a, |power, _| product(power, a))
}

/// Adds `factor` times one row to another.
pub(super) fn add(to: &mut [u8], factor: u8, row: &[u8]) {
    match factor {
        0 => {}
        1 => to.iter_mut().zip(row).for_each(|(to, byte)| *to ^= byte),
        _ => {
            let mut products = [0; 256];
            products[1] = factor;
            for at in 1..128 {
                products[2 * at] = double(products[at]);
                products[2 * at + 1] = products[2 * at] ^ factor;
            }
            to.iter_mut().zip(row).for_each(|(to, byte)| *to ^= products[usize::from(*byte)]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_field_is_that_of_qr_codes() {
        // Powers of 2 in the table of ISO/IEC 18004, annex A: 2^8 = 29, 2^25 = 3, 2^50 = 5.
        let power = |exponent| (0..exponent).fold(1, |power, _| double(power));
        assert_eq!([power(8), power(25), power(50), power(255)], [29, 3, 5, 1]);
    }

    #[test]
    fn every_number_has_its_inverse_and_rows_are_multiplied_byte_by_byte() {
        let all: Vec<u8> = (0..=255).collect();
        for factor in 0..=255 {
            assert_eq!(product(factor, inverse(factor)), u8::from(factor > 0));
            let mut sum = vec![0x5A; 256];
            add(&mut sum, factor, &all);
            assert!(all.iter().zip(&sum).all(|(byte, sum)| *sum == 0x5A ^ product(factor, *byte)), "{factor}");
        }
    }
}
