//! What is wrong with a configuration, a data directory or a root key, said to the operator.

use std::fmt;

/// The runtime cannot start: what is wrong, where, and what to do.
#[derive(Debug)]
pub struct SetupError {
    message: String,
    place: Option<String>,
    help: Option<String>,
    in_use: bool,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl SetupError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), place: None, help: None, in_use: false, source: None }
    }

    pub(crate) fn at(self, place: impl Into<String>) -> Self {
        Self { place: Some(place.into()), ..self }
    }

    pub(crate) fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    /// Only a store in a file can be held by another process.
    #[cfg(feature = "sqlite")]
    pub(crate) fn in_use(self) -> Self {
        Self { in_use: true, ..self }
    }

    pub(crate) fn caused_by(self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { source: Some(source.into()), ..self }
    }

    /// What is wrong.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Where, such as `agentkit.toml:3`.
    pub fn place(&self) -> Option<&str> {
        self.place.as_deref()
    }

    /// Whether nothing is wrong but that another process has the data open.
    pub fn is_in_use(&self) -> bool {
        self.in_use
    }

    /// What to do.
    pub fn hint(&self) -> Option<&str> {
        self.help.as_deref()
    }
}

impl fmt::Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        f.write_str(&self.message)?;
        if let Some(help) = &self.help {
            write!(f, "; {help}")?;
        }
        Ok(())
    }
}

impl std::error::Error for SetupError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn std::error::Error + 'static))
    }
}

impl From<crate::store::StoreError> for SetupError {
    fn from(error: crate::store::StoreError) -> Self {
        Self::new(error.to_string()).at("store").caused_by(error)
    }
}
