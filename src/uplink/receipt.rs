//! Receipts are believed only after this.

use ed25519_dalek::VerifyingKey;
use wire::row::Receipt;
use wire::sign::{Context, Sign1};
use wire::{BoxId, RegionId};

use crate::Error;

/// Longest receipt in bytes. A real one has about 250.
const LONGEST: usize = 1024;

/// The receipt in these bytes, when one of the region's receipt keys signed it for this box.
///
/// `keys_at` gives the receipt keys that counted at a time (Unix seconds). The time asked about is the one
/// the receipt itself claims; it is used for nothing but choosing keys until the signature holds.
///
/// # Errors
/// Why it is not to be believed.
pub fn verified(
    bytes: &[u8],
    region: &RegionId,
    name: &BoxId,
    keys_at: &dyn Fn(i64) -> Vec<VerifyingKey>,
) -> Result<Receipt, Error> {
    if bytes.len() > LONGEST {
        return Err(Error::ReceiptLength(bytes.len()));
    }
    let message = Sign1::parse(bytes).map_err(|error| Error::Receipt(error.into()))?;
    let claimed: Receipt = wire::decode(message.payload, "receipt").map_err(Error::Receipt)?;
    let mut refused = Error::ReceiptKey;
    for key in keys_at(claimed.issued) {
        match message.verify(Context::Receipt, &key) {
            Ok(_) if claimed.region != *region || claimed.to != *name => return Err(Error::OtherBox),
            Ok(_) => return Ok(claimed),
            Err(wire::sign::Error::OtherKey) => {}
            Err(error) => refused = Error::Receipt(error.into()),
        }
    }
    Err(refused)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::{Signer as _, SigningKey};
    use wire::row::EpochId;

    struct Key(SigningKey);
    impl wire::sign::Signer for Key {
        fn public(&self) -> VerifyingKey {
            self.0.verifying_key()
        }
        fn sign(&self, message: &[u8]) -> [u8; 64] {
            self.0.sign(message).to_bytes()
        }
    }

    fn key(seed: u8) -> Key {
        Key(SigningKey::from_bytes(&[seed; 32]))
    }

    fn receipt(name: &str) -> Receipt {
        Receipt {
            region: "RU-TVE".parse().unwrap(),
            to: name.parse().unwrap(),
            epoch: EpochId { counter: 1, nonce: [1; 8] },
            sequence: 7,
            chain: [2; 32],
            ledger: [3; 8],
            issued: 1000,
            budget: None,
        }
    }

    fn tried(bytes: &[u8]) -> Result<Receipt, Error> {
        use wire::sign::Signer as _;
        let (region, name) = ("RU-TVE".parse().unwrap(), "post-1".parse().unwrap());
        verified(bytes, &region, &name, &|at| if at == 1000 { vec![key(8).public(), key(9).public()] } else { vec![] })
    }

    fn signed(context: Context, by: u8, receipt: &Receipt) -> Vec<u8> {
        wire::sign::sign(context, &key(by), &wire::encode(receipt))
    }

    #[test]
    fn a_receipt_of_a_receipt_key_for_this_box_is_believed() {
        assert_eq!(tried(&signed(Context::Receipt, 9, &receipt("post-1"))).unwrap(), receipt("post-1"));
    }

    #[test]
    fn every_other_receipt_is_refused_with_its_own_code() {
        let code = |bytes: &[u8]| tried(bytes).unwrap_err().code();
        assert_eq!(code(&signed(Context::Receipt, 9, &receipt("post-2"))), "other-box");
        assert_eq!(code(&signed(Context::Receipt, 1, &receipt("post-1"))), "receipt-key");
        assert_eq!(code(&signed(Context::Command, 9, &receipt("post-1"))), "receipt");
        assert_eq!(code(&signed(Context::Receipt, 9, &Receipt { issued: 1, ..receipt("post-1") })), "receipt-key");
        assert_eq!(code(&wire::encode(&receipt("post-1"))), "receipt");
        assert_eq!(code(&[0; 2000]), "receipt-length");
        assert_eq!(code(&[]), "receipt");
    }

    #[test]
    fn every_single_bit_change_is_refused() {
        let good = signed(Context::Receipt, 9, &receipt("post-1"));
        for bit in 0..good.len() * 8 {
            let mut changed = good.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(tried(&changed).is_err(), "bit {bit}");
        }
    }
}
