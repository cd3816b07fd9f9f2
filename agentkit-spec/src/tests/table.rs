//! The table of the language: what a reference page will be made of.

use std::collections::BTreeSet;

use crate::ast::{self, ERROR_KINDS};
use crate::diagnostic::Code;
use crate::model::ErrorKind;
use crate::table::Object;

fn objects(object: &'static Object, found: &mut Vec<&'static Object>) {
    if found.iter().any(|known| known.title == object.title) {
        return;
    }
    found.push(object);
    for key in object.keys {
        if let Some(inner) = key.form.object() {
            objects(inner, found);
        }
    }
}

#[test]
fn keys_are_unique_and_explained() {
    let mut all = Vec::new();
    objects(&ast::SPEC, &mut all);
    assert!(all.len() > 20, "{}", all.len());
    for object in all {
        let names: BTreeSet<_> = object.keys.iter().map(|key| key.name).collect();
        assert_eq!(names.len(), object.keys.len(), "{}", object.title);
        for key in object.keys {
            assert!(key.meaning.ends_with('.'), "{}.{}", object.title, key.name);
        }
    }
}

#[test]
fn words_of_error_kinds_are_those_of_the_model() {
    assert_eq!(ERROR_KINDS, ErrorKind::ALL.map(|(word, _)| word));
}

#[test]
fn codes_are_in_order_and_explained() {
    assert!(Code::ALL.windows(2).all(|pair| pair[0].number() < pair[1].number()));
    assert!(Code::ALL.iter().all(|code| code.doc().ends_with('.')));
    assert_eq!(Code::NoInput.to_string(), "AK023");
}
