//! The connectors that ship with AgentKit: a YAML file each, compiled to a module.

#[cfg_attr(not(test), expect(dead_code, reason = "called by the specs once they compile"))]
mod hooks;
