//! What an expression can begin with at its place, for checks and for helps.

use super::{Known, Scope};
use crate::check::types::{fits, peel};
use crate::model::{Field, Ty};

impl Scope<'_> {
    /// Whether an expression may begin with this name here.
    pub(crate) fn sees(&self, name: &str) -> bool {
        match name {
            "in" => self.inputs.is_some(),
            "account" => self.account.is_some(),
            "body" => self.body.is_some(),
            "status" | "header" => self.reply,
            _ => self.steps.iter().any(|(step, _)| step == name) || self.items.iter().any(|(item, _)| item == name),
        }
    }

    /// The names that an expression can begin with.
    pub(super) fn reach(&self) -> Vec<String> {
        let mut reach: Vec<String> = Vec::new();
        reach.extend(self.inputs.map(|_| "in".to_owned()));
        reach.extend(self.account.map(|_| "account".to_owned()));
        reach.extend(self.steps.iter().map(|(name, _)| name.clone()));
        reach.extend(self.items.iter().map(|(name, _)| name.clone()));
        reach.extend(self.body.as_ref().map(|_| "body".to_owned()));
        if self.reply {
            reach.extend(["status".to_owned(), "header".to_owned()]);
        }
        reach
    }

    /// The fields of the inputs, of items, of a reply and of steps, the nearest first, with their paths.
    fn fields(&self) -> Vec<(String, &Field)> {
        let items = self.items.iter().rev().filter_map(|(name, ty)| Some((name.as_str(), ty.as_ref()?)));
        let body = self.body.iter().map(|known| ("body", known));
        let steps = self.steps.iter().rev().map(|(name, known)| (name.as_str(), known));
        let known = body.chain(steps).filter_map(|(name, known)| match known {
            Known::Ty(ty) => Some((name, ty)),
            Known::Nothing | Known::Broken => None,
        });
        let mut found = Vec::new();
        for (root, ty) in items.chain(known) {
            let Ty::Record(record) = ty else { continue };
            let fields = self.types.map(|types| types.fields(record)).unwrap_or_default();
            found.extend(fields.iter().map(|field| (format!("${root}.{}", field.name), field)));
        }
        let inputs = self.inputs.map(|inputs| inputs.fields).unwrap_or_default();
        found.extend(inputs.iter().map(|field| (format!("$in.{}", field.name), field)));
        found
    }
}

/// A field in reach that is called like the place it is wanted for, and fits it.
pub(crate) fn value_named(scope: &Scope<'_>, name: &str, ty: &Ty) -> Option<String> {
    scope.fields().into_iter().find(|(_, field)| field.name == name && fits(&field.ty, ty)).map(|(path, _)| path)
}

/// What to take where a list is wanted: one that is in reach.
pub(crate) fn list_help(scope: &Scope<'_>) -> String {
    let lists: Vec<String> = scope
        .fields()
        .into_iter()
        .filter(|(_, field)| matches!(peel(&field.ty), (Ty::List(_), false)))
        .map(|(path, _)| path)
        .collect();
    if lists.is_empty() {
        return "take a field that is declared as a list".to_owned();
    }
    format!("lists in reach here: {}", lists.join(", "))
}
