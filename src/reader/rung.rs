//! What can read a code: the stages of our own search, and the engines of others.

/// What read a code, or tried to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rung {
    /// Our search on the frame as it is.
    Plain,
    /// The same at half the size.
    Half,
    /// The same at a quarter of the size.
    Quarter,
    /// Against the middle instead of the mean of the surroundings: for blurred and pale codes.
    Middle,
    /// On the frame sharpened.
    Sharp,
    /// With a finder that had to be guessed: it is covered or in a reflection.
    Guessed,
    /// On bent paper, patch by patch.
    Settled,
    /// With the blur undone between modules.
    Unblurred,
    /// From several frames together.
    Together,
    /// rxing on the frame as it is, inverted codes too.
    Rxing,
    /// rxing at half size: its local threshold is made for codes of a few hundred pixels.
    RxingHalf,
    /// rxing at twice the size, for small and soft codes.
    RxingDouble,
    /// rxing on its own pyramid with closing of gaps.
    RxingFiltered,
    /// rqrr with its own search.
    Rqrr,
}

impl Rung {
    /// The engines of others, in order of yield per millisecond.
    pub const OTHERS: [Self; 5] = [Self::Rxing, Self::RxingHalf, Self::RxingDouble, Self::RxingFiltered, Self::Rqrr];

    /// Stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Half => "half",
            Self::Quarter => "quarter",
            Self::Middle => "middle",
            Self::Sharp => "sharp",
            Self::Guessed => "guessed",
            Self::Settled => "settled",
            Self::Unblurred => "unblurred",
            Self::Together => "together",
            Self::Rxing => "rxing",
            Self::RxingHalf => "rxing-half",
            Self::RxingDouble => "rxing-double",
            Self::RxingFiltered => "rxing-filtered",
            Self::Rqrr => "rqrr",
        }
    }

    /// Whether an engine of others can help with a frame of this size: the smallest code has 21 modules a side.
    pub(crate) const fn suits(self, width: u32, height: u32) -> bool {
        let (shorter, longer) = if width > height { (height, width) } else { (width, height) };
        match self {
            Self::RxingHalf => longer >= 900 && shorter >= 42,
            Self::RxingDouble => longer <= 1300 && shorter >= 11,
            _ => shorter >= 21,
        }
    }
}
