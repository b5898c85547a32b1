//! Hermetic fixtures for tests.
