//! The project file, typed, with diagnostics.
