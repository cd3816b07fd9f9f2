//! The one file that reads the environment.

use std::env;

/// Text of an environment variable; `None` where it is not set, empty or not UTF-8.
fn read(name: &str) -> Option<String> {
    #[allow(clippy::disallowed_methods, reason = "this is the file that may")]
    env::var(name).ok().filter(|text| !text.is_empty())
}

/// Where tests put their variables instead of in the environment of the process, which all tests share.
#[derive(Debug, Clone, Default)]
pub(crate) enum Environment {
    /// The variables of the process.
    #[default]
    Process,
    /// These variables and no others.
    #[cfg(test)]
    Fixed(std::collections::BTreeMap<String, String>),
}

impl Environment {
    /// Text of a variable.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        match self {
            Self::Process => read(name),
            #[cfg(test)]
            Self::Fixed(map) => map.get(name).cloned().filter(|text| !text.is_empty()),
        }
    }
}
