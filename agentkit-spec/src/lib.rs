//! Reads a connector spec: YAML text to a checked model.
pub mod model;
