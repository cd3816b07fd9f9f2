//! A value while its expression is being written: the Rust so far, and how the value is at hand.

use agentkit_spec::model::Ty;
use proc_macro2::TokenStream;
use quote::quote;

use super::types::{self, is_copy, is_text};

/// How a value is at hand.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Form {
    /// A place that must stay whole: it is borrowed or cloned.
    Place,
    /// By value. For a type that is copied, always this.
    Own,
    /// `&T`.
    Ref,
    /// `&str`.
    Str,
    /// `&[T]`.
    Slice,
    /// `Option` of that form.
    Opt(Box<Form>),
    /// A `Vec` of that form, to be taken apart.
    Items(Box<Form>),
    /// An iterator over that form.
    Iter(Box<Form>),
}

/// A value: Rust that gives it, its form and its type in the language.
#[derive(Debug, Clone)]
pub(crate) struct Val {
    /// The Rust.
    pub(crate) code: TokenStream,
    /// How the value is at hand.
    pub(crate) form: Form,
    /// Its type.
    pub(crate) ty: Ty,
    /// `code` needs parentheses before a method can be called on it.
    pub(crate) loose: bool,
    /// Rust for the opposite of a bool, where it is shorter than a `!`.
    pub(crate) opposite: Option<TokenStream>,
    /// An `opt` field whose value is in a box.
    pub(crate) boxed: bool,
    /// Of an iterator made by `map`: what it goes over, and what it makes of an item `v`.
    pub(crate) mapped: Option<(TokenStream, TokenStream)>,
}

impl Val {
    /// A value; what can be copied is by value whatever its form.
    pub(crate) fn new(code: TokenStream, form: Form, ty: Ty) -> Self {
        let form = match form {
            Form::Place | Form::Ref if is_copy(&ty) => {
                let code = if form == Form::Ref { quote!((*#code)) } else { code };
                return Self { form: Form::Own, ..Self::plain(code, ty) };
            }
            form => form,
        };
        Self { form, ..Self::plain(code, ty) }
    }

    fn plain(code: TokenStream, ty: Ty) -> Self {
        Self { code, form: Form::Own, ty, loose: false, opposite: None, boxed: false, mapped: None }
    }

    /// A bool made by an operator.
    pub(crate) fn operator(code: TokenStream, opposite: Option<TokenStream>) -> Self {
        Self { loose: true, opposite, ..Self::plain(code, Ty::Bool) }
    }

    /// The Rust, fit to call a method on.
    pub(crate) fn receiver(&self) -> TokenStream {
        let code = &self.code;
        if self.loose { quote!((#code)) } else { code.clone() }
    }

    /// Rust of type `T`.
    pub(crate) fn owned(self) -> TokenStream {
        let code = self.receiver();
        if self.boxed {
            return if self.form == Form::Own { quote!(#code.map(|v| *v)) } else { quote!(#code.as_deref().cloned()) };
        }
        match &self.form {
            Form::Own => self.code,
            Form::Place | Form::Ref => quote!(#code.clone()),
            Form::Str => quote!(#code.to_owned()),
            Form::Slice => quote!(#code.to_vec()),
            Form::Opt(inner) => own_each(&code, inner),
            Form::Items(inner) if **inner == Form::Own => self.code,
            Form::Items(inner) => {
                let each = own_each(&quote!(#code.into_iter()), inner);
                quote!(#each.collect::<Vec<_>>())
            }
            Form::Iter(inner) => {
                let each = own_each(&code, inner);
                quote!(#each.collect::<Vec<_>>())
            }
        }
    }

    /// Rust of a reference, or of an `Option` or `Vec` of references: what is only looked at.
    pub(crate) fn seen(self) -> TokenStream {
        let code = &self.code;
        match &self.form {
            Form::Place => quote!(&#code),
            Form::Iter(_) => quote!(#code.collect::<Vec<_>>()),
            _ => self.code,
        }
    }

    /// The same value, only looked at.
    pub(crate) fn sighted(self) -> Val {
        let form = match &self.form {
            Form::Place => Form::Ref,
            Form::Iter(inner) => Form::Items(inner.clone()),
            form => form.clone(),
        };
        let ty = self.ty.clone();
        Val { form, ..Val::new(self.seen(), Form::Own, ty) }
    }

    /// Rust of type `&str`, or of something that a `&str` parameter takes.
    pub(crate) fn text(&self) -> TokenStream {
        let code = &self.code;
        match self.form {
            Form::Str | Form::Ref if is_text(&self.ty) => code.clone(),
            _ if is_text(&self.ty) => quote!(&#code),
            Form::Ref => quote!(&filters::word(#code)),
            _ => quote!(&filters::word(&#code)),
        }
    }

    /// Rust of type `&str` exactly.
    pub(crate) fn str(&self) -> TokenStream {
        let code = self.receiver();
        if self.form == Form::Str { code } else { quote!(#code.as_str()) }
    }

    /// A place that `==` can compare: `String` or `str`, not a reference.
    pub(crate) fn compared(&self) -> TokenStream {
        let code = &self.code;
        match self.form {
            Form::Ref | Form::Str | Form::Slice => quote!(*#code),
            _ => self.receiver(),
        }
    }

    /// An `Option` and the form of what is in it. Only for a value of type `opt`.
    pub(crate) fn opened(self) -> (TokenStream, Val) {
        let inner = types::inner(&self.ty).clone();
        let code = self.receiver();
        let (code, form) = match self.form {
            Form::Opt(form) => (code, *form),
            Form::Own if self.boxed => (quote!(#code.map(|v| *v)), Form::Own),
            Form::Own => (code, Form::Own),
            _ if self.boxed => (quote!(#code.as_deref()), Form::Ref),
            _ if is_text(&inner) => (quote!(#code.as_deref()), Form::Str),
            _ if matches!(inner, Ty::List(_)) => (quote!(#code.as_deref()), Form::Slice),
            _ => (quote!(#code.as_ref()), Form::Ref),
        };
        (code, Val::new(quote!(v), form, inner))
    }

    /// An iterator and one of its items, named `v`. Only for a list.
    pub(crate) fn into_items(self) -> (TokenStream, Val) {
        let item = types::item(&self.ty).clone();
        let code = self.receiver();
        let (code, form) = match self.form {
            Form::Own => (quote!(#code.into_iter()), Form::Own),
            Form::Items(form) => (quote!(#code.into_iter()), *form),
            Form::Iter(form) => (code, *form),
            _ if is_copy(&item) => (quote!(#code.iter().copied()), Form::Own),
            _ => (quote!(#code.iter()), Form::Ref),
        };
        (code, Val::new(quote!(v), form, item))
    }

    /// What a `for` loop goes over, and one of its items.
    pub(crate) fn looped(self) -> (TokenStream, Val) {
        let plain = match self.form {
            Form::Place if !is_copy(types::item(&self.ty)) => {
                let code = &self.code;
                Some(quote!(&#code))
            }
            Form::Own | Form::Items(_) => Some(self.code.clone()),
            _ => None,
        };
        let (code, item) = self.into_items();
        (plain.unwrap_or(code), item)
    }
}

/// `Option` or iterator of a form → of values.
fn own_each(code: &TokenStream, form: &Form) -> TokenStream {
    match form {
        Form::Own => code.clone(),
        Form::Ref => quote!(#code.cloned()),
        Form::Str => quote!(#code.map(str::to_owned)),
        Form::Slice => quote!(#code.map(<[_]>::to_vec)),
        Form::Place | Form::Opt(_) | Form::Items(_) | Form::Iter(_) => {
            let inner = Val { form: form.clone(), ..Val::plain(quote!(v), Ty::Json) };
            let inner = inner.owned();
            quote!(#code.map(|v| #inner))
        }
    }
}
