//! A TOML document with the lines of its keys, for errors that say where.

use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use crate::near;
use crate::setup::SetupError;

/// A parsed file.
pub(super) struct Document<'t> {
    name: &'t str,
    text: &'t str,
    root: Spanned<DeTable<'t>>,
}

/// A table of a document.
#[derive(Clone, Copy)]
pub(super) struct Table<'d> {
    document: &'d Document<'d>,
    table: &'d DeTable<'d>,
}

/// A key and its value.
#[derive(Clone, Copy)]
pub(super) struct Entry<'d> {
    document: &'d Document<'d>,
    key: &'d Spanned<DeString<'d>>,
    value: &'d Spanned<DeValue<'d>>,
}

impl<'t> Document<'t> {
    pub(super) fn parse(name: &'t str, text: &'t str) -> Result<Self, SetupError> {
        let root = DeTable::parse(text).map_err(|error| {
            let line = line_of(text, error.span().unwrap_or(0..0).start);
            SetupError::new(error.message().to_owned()).at(format!("{name}:{line}")).help("the file must be TOML")
        })?;
        Ok(Self { name, text, root })
    }

    pub(super) fn top(&self) -> Table<'_> {
        Table { document: self, table: self.root.get_ref() }
    }

    /// A path that counts from the folder of the file.
    pub(super) fn beside(&self, path: &str) -> PathBuf {
        Path::new(self.name).parent().unwrap_or(Path::new("")).join(path)
    }

    fn place(&self, span: &Range<usize>) -> String {
        format!("{}:{}", self.name, line_of(self.text, span.start))
    }
}

impl<'d> Table<'d> {
    pub(super) fn get(&self, key: &str) -> Option<Entry<'d>> {
        self.entries().into_iter().find(|entry| entry.key() == key)
    }

    /// The entries in the order of the file.
    pub(super) fn entries(&self) -> Vec<Entry<'d>> {
        let Self { document, table } = *self;
        let mut entries: Vec<Entry<'d>> = table.iter().map(|(key, value)| Entry { document, key, value }).collect();
        entries.sort_by_key(|entry| entry.key.span().start);
        entries
    }

    /// Refuses other keys: a slip in a key would otherwise pass for a wish that was heard.
    pub(super) fn only(&self, what: &str, keys: &[&str]) -> Result<(), SetupError> {
        match self.entries().into_iter().find(|entry| !keys.contains(&entry.key())) {
            None => Ok(()),
            Some(entry) => Err(SetupError::new(format!("{what} has no key `{}`", entry.key()))
                .at(entry.place())
                .help(near::hint(entry.key(), keys.iter().copied(), "the keys are"))),
        }
    }
}

impl<'d> Entry<'d> {
    pub(super) fn key(&self) -> &'d str {
        self.key.get_ref()
    }

    pub(super) fn document(&self) -> &'d Document<'d> {
        self.document
    }

    /// File and line.
    pub(super) fn place(&self) -> String {
        self.document.place(&self.key.span())
    }

    pub(super) fn text(&self) -> Result<&'d str, SetupError> {
        self.value.get_ref().as_str().ok_or_else(|| self.wrong("a text"))
    }

    pub(super) fn texts(&self) -> Result<Vec<String>, SetupError> {
        let items = self.value.get_ref().as_array().ok_or_else(|| self.wrong("a list of texts"))?;
        items
            .iter()
            .map(|item| item.get_ref().as_str().map(str::to_owned).ok_or_else(|| self.wrong("a list of texts")))
            .collect()
    }

    pub(super) fn table(&self) -> Result<Table<'d>, SetupError> {
        let table = self.value.get_ref().as_table().ok_or_else(|| self.wrong("a table"))?;
        Ok(Table { document: self.document, table })
    }

    fn wrong(&self, wanted: &str) -> SetupError {
        let found = self.value.get_ref().type_str();
        SetupError::new(format!("`{}` is not {wanted} but of type {found}", self.key()))
            .at(self.place())
            .help(format!("write {wanted}"))
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes().iter().take(offset).filter(|byte| **byte == b'\n').count() + 1
}
