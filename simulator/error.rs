//! What can go wrong on a desk.

use std::path::PathBuf;

/// Why the simulator, or something asked of it, cannot go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// HQ refused, or failed.
    #[error("HQ")]
    Hq(#[from] hq::Error),
    /// A box could not be provisioned or started.
    #[error("the box")]
    Box(#[from] checkpointd::Error),
    /// A picture.
    #[error("the picture")]
    Picture(#[from] board::Fault),
    /// No post, pass or key has this name.
    #[error("there is no {0}")]
    Unknown(String),
    /// A post is just being started again.
    #[error("the box is being started again")]
    Busy,
    /// A file of the desk.
    #[error("{path}")]
    File {
        /// Which.
        path: PathBuf,
        /// The system's word.
        source: std::io::Error,
    },
    /// A scenario says something that cannot be.
    #[error("the scenario {name}: {detail}")]
    Scenario {
        /// Its name, or its file.
        name: String,
        /// What and where.
        detail: String,
    },
    /// A port, a thread or an event loop.
    #[error("the system gives no port or thread")]
    System(#[from] std::io::Error),
    /// The busy hour has lost or doubled a row, or a chain does not hold.
    #[error("the busy hour failed: {0}")]
    Failed(String),
}

impl Error {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Hq(error) => error.code(),
            Self::Box(_) => "box",
            Self::Picture(_) => "not-a-picture",
            Self::Unknown(_) => "unknown",
            Self::Busy => "busy",
            Self::File { .. } => "file",
            Self::Scenario { .. } => "scenario",
            Self::System(_) => "system",
            Self::Failed(_) => "failed",
        }
    }

    /// What a visitor reads, in Russian and English.
    pub fn words(&self) -> (String, String) {
        let (ru, en) = match self {
            Self::Hq(_) => ("штаб отказал", "headquarters refused"),
            Self::Box(_) => ("пост не запускается", "the box does not start"),
            Self::Picture(_) => ("это не картинка, которую можно прочесть", "this is no picture that can be read"),
            Self::Unknown(_) => ("такого здесь нет", "there is no such thing here"),
            Self::Busy => ("пост как раз перезапускается", "the box is just being started again"),
            Self::File { .. } | Self::Scenario { .. } | Self::System(_) | Self::Failed(_) => {
                ("симулятор не справился, подробности в его журнале", "the simulator failed, its log says more")
            }
        };
        (ru.to_owned(), en.to_owned())
    }
}

/// An error and its causes on one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
