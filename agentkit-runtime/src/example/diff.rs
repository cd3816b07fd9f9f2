//! Two texts, line by line.

/// So many lines on each side are compared pair by pair; more are shown one side after the other.
const MOST: usize = 2_000;

/// The lines of both: those of only the first begin with `-`, those of only the second with `+`.
pub(super) fn diff(old: &[String], new: &[String]) -> Vec<String> {
    let start = old.iter().zip(new).take_while(|(one, other)| one == other).count();
    let (old_rest, new_rest) = (&old[start..], &new[start..]);
    let end = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(one, other)| one == other).count();
    let (old_rest, new_rest) = (&old_rest[..old_rest.len() - end], &new_rest[..new_rest.len() - end]);
    let mut lines = Vec::new();
    lines.extend(old[..start].iter().map(|line| written(' ', line)));
    if old_rest.len() > MOST || new_rest.len() > MOST {
        lines.extend(old_rest.iter().map(|line| written('-', line)));
        lines.extend(new_rest.iter().map(|line| written('+', line)));
    } else {
        middle(&mut lines, old_rest, new_rest);
    }
    lines.extend(old[old.len() - end..].iter().map(|line| written(' ', line)));
    lines
}

/// The same, with only three equal lines around what differs.
pub(super) fn around(old: &[String], new: &[String]) -> Vec<String> {
    const CONTEXT: usize = 3;
    let lines = diff(old, new);
    let changed: Vec<usize> =
        lines.iter().enumerate().filter(|(_, line)| !line.starts_with("    ")).map(|(index, _)| index).collect();
    let mut shown = Vec::new();
    let mut last = None;
    for (index, line) in lines.iter().enumerate() {
        let next = changed.partition_point(|at| *at < index.saturating_sub(CONTEXT));
        if changed.get(next).is_some_and(|at| *at <= index + CONTEXT) {
            if last.map_or(index, |last: usize| index - last - 1) > 0 {
                shown.push("    ...".to_owned());
            }
            shown.push(line.clone());
            last = Some(index);
        }
    }
    if last.is_some_and(|last| last + 1 < lines.len()) {
        shown.push("    ...".to_owned());
    }
    shown
}

fn middle(lines: &mut Vec<String>, old: &[String], new: &[String]) {
    // Lengths of the longest common subsequences of all ends.
    let mut common = vec![vec![0_u16; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i][j] =
                if old[i] == new[j] { common[i + 1][j + 1] + 1 } else { common[i + 1][j].max(common[i][j + 1]) };
        }
    }
    let (mut i, mut j) = (0, 0);
    while i < old.len() || j < new.len() {
        match (old.get(i), new.get(j)) {
            (Some(one), Some(other)) if one == other => {
                lines.push(written(' ', one));
                (i, j) = (i + 1, j + 1);
            }
            (Some(one), other) if other.is_none() || common[i + 1][j] >= common[i][j + 1] => {
                lines.push(written('-', one));
                i += 1;
            }
            (_, Some(other)) => {
                lines.push(written('+', other));
                j += 1;
            }
            (Some(_) | None, None) => return,
        }
    }
}

fn written(sign: char, line: &str) -> String {
    format!("  {sign} {line}")
}
