//! One file per verb: its arguments, its help, its work.

pub(crate) mod accounts;
pub(crate) mod check;
pub(crate) mod connect;
pub(crate) mod delete;
pub(crate) mod disconnect;
pub(crate) mod doctor;
pub(crate) mod events;
pub(crate) mod expand;
pub(crate) mod mock;
pub(crate) mod quickstart;
pub(crate) mod run;
pub(crate) mod schema;
pub(crate) mod test;
pub(crate) mod tool;
pub(crate) mod tools;
mod which;
