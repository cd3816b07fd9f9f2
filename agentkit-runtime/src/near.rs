//! The name someone probably meant.

/// What is longer is no slip of a name; and comparing takes time by the square of the length.
const LONGEST: usize = 64;

/// The choice nearest to `wanted`, if one is near.
pub(crate) fn nearest<'a>(wanted: &str, choices: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if wanted.len() > LONGEST {
        return None;
    }
    choices
        .into_iter()
        // Two letters swapped count as one slip; in a short word that is much of it.
        .map(|choice| (strsim::jaro_winkler(wanted, choice), strsim::osa_distance(wanted, choice), choice))
        .filter(|(likeness, slips, _)| *likeness > 0.8 || *slips == 1)
        .map(|(likeness, _, choice)| (likeness, choice))
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, choice)| choice)
}

/// `did you mean …?`, else the choices, else what to do.
pub(crate) fn hint<'a>(wanted: &str, choices: impl IntoIterator<Item = &'a str>, otherwise: &str) -> String {
    let choices: Vec<&str> = choices.into_iter().collect();
    if let Some(choice) = nearest(wanted, choices.iter().copied()) {
        return format!("did you mean `{choice}`?");
    }
    if choices.is_empty() {
        return otherwise.to_owned();
    }
    let some: Vec<String> = choices.iter().take(8).map(|choice| format!("`{choice}`")).collect();
    let more = if choices.len() > 8 { ", …" } else { "" };
    format!("{otherwise}: {}{more}", some.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_name_and_a_stranger_gets_the_list() {
        assert_eq!(hint("gmial-work", ["slack", "gmail-work"], "use one of"), "did you mean `gmail-work`?");
        assert_eq!(hint("kye", ["key"], "use one of"), "did you mean `key`?");
        assert_eq!(hint("xyz", ["slack", "gmail"], "use one of"), "use one of: `slack`, `gmail`");
        assert_eq!(nearest(&"x".repeat(5_000_000), [&*"x".repeat(5_000_000)]), None, "no time is spent on it");
        assert_eq!(hint("xyz", [], "add one to agentkit.toml"), "add one to agentkit.toml");
    }
}
