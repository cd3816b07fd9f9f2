//! The whole way of one file.

use std::collections::BTreeSet;

use crate::check::{self, Cx};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Leading, Severity, Style};
use crate::model::Connector;
use crate::parse::{self, Demand};
use crate::resolve;
use crate::source::{SourceFile, Span};
use crate::table::{is_snake, pascal};
use crate::yaml::{self, Node};

/// What a file became, and what is wrong with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Compiled {
    /// The connector without its broken tools. `None`: the file is a base, or something outside of the tools is wrong.
    pub connector: Option<Connector>,
    /// Where something outside of the tools is wrong: types, hooks and tools as far as they are right. Nothing may be
    /// done with it but to name them, so that code beside the file gets no errors of its own.
    pub remains: Option<Connector>,
    /// Tools that the file names and neither `connector` nor `remains` holds.
    pub stubs: Vec<Stub>,
    /// Errors and warnings by place: first those of the file, then those of its base.
    pub diagnostics: Vec<Diagnostic>,
    /// The name under `connector:` or `base:`, where there is a usable one.
    pub name: Option<String>,
    /// The files that diagnostics point into: the one compiled, then its base.
    pub sources: Vec<SourceFile>,
}

/// A tool that is wrong; only its name is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stub {
    /// Name without the connector's prefix.
    pub name: String,
}

impl Compiled {
    /// Whether anything stops the build.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|found| found.severity == Severity::Error)
    }

    /// The report of one of its diagnostics.
    pub fn render(&self, found: &Diagnostic, style: Style, leading: Leading) -> String {
        found.render(&self.sources, style, leading)
    }
}

/// Compiles a file. `base` is called at most once, with the file name that `use` gives.
///
/// A file with `base:` in place of `connector:` is checked for its shape alone.
pub fn compile(file: &SourceFile, base: impl FnMut(&str) -> Result<SourceFile, String>) -> Compiled {
    let mut diagnostics = Diagnostics::default();
    let mut run = Run { sources: vec![file.clone()], diagnostics: &mut diagnostics };
    let (name, checked) = run.run(base);
    let sources = run.sources;
    let (connector, remains, broken) =
        checked.map_or((None, None, Vec::new()), |checked| (checked.connector, checked.remains, checked.broken));
    Compiled {
        connector,
        remains,
        stubs: broken.into_iter().filter(|name| is_free(name)).map(|name| Stub { name }).collect(),
        diagnostics: diagnostics.take(),
        name,
        sources,
    }
}

/// Whether a stub of this name is nothing but a stub: one called as what the generated module has in reach would break
/// the tools that are right.
fn is_free(tool: &str) -> bool {
    !check::NO_TYPE.contains(&pascal(tool).as_str())
}

struct Run<'a> {
    sources: Vec<SourceFile>,
    diagnostics: &'a mut Diagnostics,
}

impl Run<'_> {
    fn run(
        &mut self,
        mut base: impl FnMut(&str) -> Result<SourceFile, String>,
    ) -> (Option<String>, Option<check::Checked>) {
        let file = self.sources[0].clone();
        let Some(mut root) = yaml::read(self.diagnostics, &file, 0) else { return (None, None) };
        let name = name(&root);
        if !self.one_kind(&root) {
            return (name, None);
        }
        if root.get("base").is_some() {
            parse::parse(self.diagnostics, &self.sources, &mut root, Demand::Nothing);
            return (name, None);
        }
        let stubs = tool_names(&root);
        let uses = resolve::base_name(self.diagnostics, &root).map(|(name, at)| (name.to_owned(), at));
        let mut usable = root.get("use").is_none();
        if let Some((base_name, at)) = uses {
            match base(&base_name) {
                Err(reason) => {
                    self.diagnostics
                        .report(Code::Base, at, format!("`{base_name}` cannot be read: {reason}"))
                        .help("a base lies beside its connector, under the name that `use` gives");
                }
                Ok(source) => {
                    self.sources.push(source);
                    let source = self.sources[1].clone();
                    if let Some(base) = resolve::base(self.diagnostics, &source, at) {
                        resolve::merge(&mut root, base);
                        usable = true;
                    }
                }
            }
        }
        parse::parse(self.diagnostics, &self.sources, &mut root, if usable { Demand::All } else { Demand::Nothing });
        if !usable {
            // Half of the file is missing: what follows from that is no mistake of its own.
            return (name, Some(check::Checked { connector: None, remains: None, broken: stubs }));
        }
        let mut cx = Cx {
            diagnostics: &mut *self.diagnostics,
            sources: &self.sources,
            uses: BTreeSet::new(),
            hooks: BTreeSet::new(),
        };
        let checked = check::check(&mut cx, &root);
        (name, Some(checked))
    }

    /// A file is a connector or a base.
    fn one_kind(&mut self, root: &Node) -> bool {
        match (root.get("connector"), root.get("base")) {
            (Some(_), Some(base)) => {
                self.diagnostics
                    .report(Code::Choice, base.span, "a file is a connector or a base, not both")
                    .help("remove `base`");
                false
            }
            (None, None) => {
                let at = Span { end: root.span.start, ..root.span };
                self.diagnostics
                    .report(Code::Choice, at, "the file says neither `connector` nor `base`")
                    .help("connector: NAME");
                false
            }
            _ => true,
        }
    }
}

fn name(root: &Node) -> Option<String> {
    let name = root.get("connector").or_else(|| root.get("base"))?.text()?;
    is_snake(name).then(|| name.to_owned())
}

fn tool_names(root: &Node) -> Vec<String> {
    let tools = root.get("tools").map(Node::entries).unwrap_or_default();
    tools.iter().map(|entry| entry.key.text.clone()).filter(|name| is_snake(name)).collect()
}
