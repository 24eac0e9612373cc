//! What the panel shows of a box that HQ does not know yet, as values.

/// A QR code, module by module, without its quiet zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Modules {
    width: usize,
    dark: Vec<bool>,
}

impl Modules {
    /// A square of modules, row by row, dark ones set; none when that is no square.
    pub fn new(dark: Vec<bool>) -> Option<Self> {
        let width = dark.len().isqrt();
        (width * width == dark.len()).then_some(Self { width, dark })
    }

    /// Modules a side.
    pub const fn width(&self) -> usize {
        self.width
    }

    /// Whether a module is dark.
    pub fn is_dark(&self, x: usize, y: usize) -> bool {
        x < self.width && self.dark.get(y * self.width + x) == Some(&true)
    }
}

/// What becomes of a box that is to be enrolled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Enrol {
    /// It asks to be known, and waits for HQ's answer.
    Request {
        /// The request.
        code: Modules,
        /// The box.
        name: String,
        /// The fingerprint of the request, in groups of digits.
        digits: [String; 6],
    },
    /// The answer is coming.
    Receiving {
        /// How much of it is here, in percent.
        percent: u8,
    },
    /// The answer was taken.
    Accepted {
        /// The last day of its certificate, `05.06.2021`.
        until: String,
    },
    /// The answer was not taken.
    Refused(NotEnrolled),
}

impl Enrol {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Request { .. } => "request",
            Self::Receiving { .. } => "receiving",
            Self::Accepted { .. } => "accepted",
            Self::Refused(why) => why.code(),
        }
    }
}

/// Why an answer was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotEnrolled {
    /// It is no answer, or not whole.
    Damaged,
    /// Its signature does not hold.
    NotSigned,
    /// It is signed under another root.
    OtherRoot,
    /// It is for another region.
    OtherRegion {
        /// Which.
        region: String,
    },
    /// It is for another box.
    OtherBox {
        /// Which.
        name: String,
    },
    /// It answers another request than the one that is shown.
    Replayed,
    /// It was made for other keys than this box's.
    Unfit,
    /// Its certificate ran out.
    TooOld,
    /// The box cannot write it down.
    Failed,
}

impl NotEnrolled {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Damaged => "damaged",
            Self::NotSigned => "not-signed",
            Self::OtherRoot => "other-root",
            Self::OtherRegion { .. } => "other-region",
            Self::OtherBox { .. } => "other-box",
            Self::Replayed => "replayed",
            Self::Unfit => "unfit",
            Self::TooOld => "too-old",
            Self::Failed => "failed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_a_square() {
        assert_eq!(Modules::new(vec![true; 3]), None);
        let modules = Modules::new(vec![true, false, false, true]).unwrap();
        assert_eq!(modules.width(), 2);
        let dark = [(0, 0), (1, 0), (0, 1), (1, 1), (2, 0), (0, 2)].map(|(x, y)| modules.is_dark(x, y));
        assert_eq!(dark, [true, false, false, true, false, false]);
    }
}
