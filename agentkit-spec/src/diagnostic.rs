//! What is wrong with a spec: collected while stages go on, shown by `render`.

mod code;
mod render;
#[cfg(test)]
pub(crate) mod sites;

pub use code::{Code, Severity};
pub use render::{Leading, Style};

use crate::source::{SourceFile, Span};

/// One mistake: what is wrong, where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable code, such as `AK023`.
    pub code: Code,
    /// Whether it stops the build.
    pub severity: Severity,
    /// What is wrong, in one line.
    pub message: String,
    /// Where; `span.file` is an index into the files of the run.
    pub span: Span,
    /// Short text beside the caret.
    pub label: Option<String>,
    /// What to write instead.
    pub help: Option<String>,
}

impl Diagnostic {
    /// The report as people read it, without a line break at the end.
    pub fn render(&self, sources: &[SourceFile], style: Style, leading: Leading) -> String {
        render::render(self, sources, style, leading)
    }

    /// Adds a label.
    pub(crate) fn label(&mut self, label: impl Into<String>) -> &mut Self {
        self.label = Some(label.into());
        self
    }

    /// Adds a help line.
    pub(crate) fn help(&mut self, help: impl Into<String>) -> &mut Self {
        self.help = Some(help.into());
        self
    }

    /// Adds `did you mean`, where something in reach is near enough.
    pub(crate) fn suggest<'a>(&mut self, word: &str, known: impl IntoIterator<Item = &'a str>) -> &mut Self {
        if let Some(near) = nearest(word, known) {
            self.help = Some(format!("did you mean `{near}`?"));
        }
        self
    }
}

/// Collects mistakes; must be read before it is dropped, or they would be lost.
#[derive(Debug, Default)]
pub(crate) struct Diagnostics {
    list: Vec<Diagnostic>,
}

impl Diagnostics {
    /// Reports a mistake; the severity is that of the code.
    #[cfg_attr(test, track_caller)]
    pub(crate) fn report(&mut self, code: Code, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        #[cfg(test)]
        sites::note(std::panic::Location::caller());
        let index = self.list.len();
        self.list.push(Diagnostic {
            code,
            severity: code.severity(),
            message: message.into(),
            span,
            label: None,
            help: None,
        });
        &mut self.list[index]
    }

    /// Errors that lie in a span and are of interest.
    pub(crate) fn errors_in(&self, span: Span, of_interest: impl Fn(Code) -> bool) -> bool {
        self.list
            .iter()
            .any(|found| found.severity == Severity::Error && span.holds(found.span) && of_interest(found.code))
    }

    /// Takes out those that are wanted away; whether there were any.
    pub(crate) fn remove(&mut self, away: impl Fn(&Diagnostic) -> bool) -> bool {
        let before = self.list.len();
        self.list.retain(|found| !away(found));
        self.list.len() < before
    }

    /// All of them so far.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.list.iter()
    }

    /// Takes them out, sorted by place; each is shown once.
    pub(crate) fn take(&mut self) -> Vec<Diagnostic> {
        let mut list = std::mem::take(&mut self.list);
        list.sort_by_key(|found| (found.span.file, found.span.start, found.code));
        list.dedup();
        list
    }
}

impl Drop for Diagnostics {
    fn drop(&mut self) {
        debug_assert!(self.list.is_empty() || std::thread::panicking(), "mistakes were dropped unread");
    }
}

/// The known word that is nearest, where it is near enough to be a slip.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Words of a person are short; a long text is no slip of a key.
    if word.len() > 64 {
        return None;
    }
    let allowed = (word.chars().count() / 3).max(1);
    let lower = word.to_lowercase();
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}
