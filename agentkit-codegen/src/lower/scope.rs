//! What an expression can reach, and what is still wanted later: the ground of every clone and move.

use agentkit_spec::model::{Expr, OpKind, Root, Ty};
use proc_macro2::TokenStream;
use quote::quote;

use super::types::Types;
use super::value::{Form, Val};
use crate::names;

/// The names in reach while a tool is lowered.
///
/// Tools are lowered from the end to the beginning: `later` holds the paths that are used after the place being
/// lowered, so a path may be moved out of where no path in `later` meets it.
#[derive(Debug)]
pub(crate) struct Scope<'a> {
    /// The records of the connector.
    pub(crate) types: &'a Types<'a>,
    bound: Vec<Bound>,
    later: Vec<Path>,
    depth: usize,
    /// A mistake of a filter cannot be returned here; the value is then absent.
    pub(crate) lenient: bool,
    /// A `?` was written since this was last cleared.
    pub(crate) fallible: bool,
}

/// A root, the Rust that gives it, and whether it may be moved out of.
#[derive(Debug)]
struct Bound {
    root: Root,
    code: TokenStream,
    form: Form,
    depth: usize,
}

/// A root and the plain fields taken from it.
type Path = (Root, Vec<String>);

impl<'a> Scope<'a> {
    /// A scope with nothing in it.
    pub(crate) fn new(types: &'a Types<'a>) -> Self {
        Self { types, bound: Vec::new(), later: Vec::new(), depth: 0, lenient: false, fallible: false }
    }

    /// Brings a root into reach.
    pub(crate) fn bind(&mut self, root: Root, code: TokenStream, form: Form) {
        self.bound.push(Bound { root, code, form, depth: self.depth });
    }

    /// Lowers what runs once per item: roots from outside must stay whole, and the item goes out of reach after it.
    pub(crate) fn looped<T>(&mut self, item: &str, val: &Val, lower: impl FnOnce(&mut Self) -> T) -> T {
        self.depth += 1;
        let root = Root::Item(item.to_owned());
        let name = names::ident(&names::local(item));
        self.bind(root.clone(), quote!(#name), val.form.clone());
        let result = lower(self);
        self.bound.pop();
        self.later.retain(|(used, _)| *used != root);
        self.depth -= 1;
        result
    }

    /// Lowers what runs only where a path is there; the path is in reach as `Narrowed`.
    pub(crate) fn narrowed<T>(&mut self, val: &Val, code: TokenStream, lower: impl FnOnce(&mut Self) -> T) -> T {
        let root = Root::Narrowed(self.proved());
        self.bind(root.clone(), code, val.form.clone());
        let result = lower(self);
        self.bound.pop();
        self.later.retain(|(used, _)| *used != root);
        result
    }

    /// How many paths are proved to be there at this place.
    pub(crate) fn proved(&self) -> usize {
        self.bound.iter().filter(|bound| matches!(bound.root, Root::Narrowed(_))).count()
    }

    /// What is known now, to come back to.
    pub(crate) fn mark(&self) -> Mark {
        Mark(self.later.clone())
    }

    /// Comes back to a mark: what was lowered since is thrown away.
    pub(crate) fn reset(&mut self, mark: &Mark) {
        self.later.clone_from(&mark.0);
    }

    /// Whether a root is used after this place.
    pub(crate) fn is_used_later(&self, root: &Root) -> bool {
        self.later.iter().any(|(used, _)| used == root)
    }

    /// Whether something but the body of a reply was used.
    pub(crate) fn sees_reply(&self) -> bool {
        self.later.iter().any(|(root, _)| matches!(root, Root::Status | Root::Header(_)))
    }

    /// The root of an expression; by value only where `take` asks for it and nothing later misses it.
    pub(crate) fn root(&mut self, expr: &Expr, take: bool) -> Val {
        let path = path_of(expr);
        let free = !self.later.iter().any(|used| meets(used, &path));
        let bound = self.bound.iter().rev().find(|bound| bound.root == expr.root);
        let (code, form) = match bound {
            Some(bound) if matches!(bound.form, Form::Own) => {
                let take = take && free && bound.depth == self.depth;
                (bound.code.clone(), if take { Form::Own } else { Form::Place })
            }
            Some(bound) => (bound.code.clone(), bound.form.clone()),
            None => unbound(&expr.root, &expr.root_ty),
        };
        self.later.push(path);
        Val::new(code, form, expr.root_ty.clone())
    }
}

/// Roots that are asked for where they are used.
fn unbound(root: &Root, ty: &Ty) -> (TokenStream, Form) {
    let code = match root {
        Root::Account(name) if matches!(ty, Ty::Opt(_)) => quote!(cx.account(#name)),
        Root::Account(name) => quote!(cx.account(#name).unwrap_or_default()),
        Root::Header(name) => quote!(reply.header(#name)),
        Root::Status => quote!(i64::from(reply.status)),
        Root::Body => quote!(body),
        Root::Input(name) | Root::Step(name) | Root::Item(name) => {
            let name = names::ident(&names::local(name));
            quote!(#name)
        }
        Root::Narrowed(_) => quote!(arg),
    };
    (code, Form::Own)
}

/// See [`Scope::mark`].
#[derive(Debug)]
pub(crate) struct Mark(Vec<Path>);

fn path_of(expr: &Expr) -> Path {
    let mut fields = Vec::new();
    let mut ty = &expr.root_ty;
    for op in &expr.ops {
        match &op.kind {
            OpKind::Field(name) if matches!(ty, Ty::Record(_) | Ty::File | Ty::Pages(_) | Ty::Entry(_)) => {
                fields.push(name.clone());
            }
            _ => break,
        }
        ty = &op.ty;
    }
    (expr.root.clone(), fields)
}

/// Whether the paths of two expressions lead through each other.
pub(crate) fn meet(a: &Expr, b: &Expr) -> bool {
    meets(&path_of(a), &path_of(b))
}

/// Whether one of two paths leads through the other.
fn meets((a_root, a): &Path, (b_root, b): &Path) -> bool {
    a_root == b_root && a.iter().zip(b).all(|(a, b)| a == b)
}
