//! What a person sees while a command runs. Nothing here decides anything, and nothing is shown where nobody looks.

pub mod progress;

pub use progress::Progress;
