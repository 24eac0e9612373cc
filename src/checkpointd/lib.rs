//! The box: configuration, the wiring on one page, the lane, commands.
pub mod commands;
