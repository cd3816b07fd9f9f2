#![expect(clippy::disallowed_methods, reason = "the page is a file of the workspace")]

use std::path::Path;
use std::{env, fs};

use super::{prose, reference};
use crate::ast::ERROR_KINDS;
use crate::check::scalars;

#[test]
fn the_page_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reference.md");
    if env::var_os("UPDATE").is_some() {
        fs::write(&path, reference()).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap();
    assert!(
        found == reference(),
        "docs/reference.md is out of date: run `UPDATE=1 cargo test -p agentkit-spec reference`"
    );
}

#[test]
fn every_link_leads_to_a_heading() {
    let page = reference();
    let anchors: Vec<String> = page
        .lines()
        .filter_map(|line| {
            Some(super::anchor(line.trim_start_matches('#').trim_start())).filter(|_| line.starts_with('#'))
        })
        .collect();
    let links: Vec<&str> = page.split("](#").skip(1).filter_map(|rest| rest.split(')').next()).collect();
    assert!(links.len() > 50);
    for link in links {
        assert!(anchors.iter().any(|anchor| anchor == link), "no heading for #{link}");
    }
}

#[test]
fn tables_beside_the_table_are_whole() {
    let types: Vec<&str> = prose::SCALARS.iter().map(|(name, _)| *name).collect();
    assert_eq!(types, scalars().map(|(name, _)| name));
    let kinds: Vec<&str> = prose::KINDS.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, ERROR_KINDS);
}
