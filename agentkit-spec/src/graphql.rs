//! Just enough of GraphQL to see that a query is whole, and which variables it declares and uses.
//!
//! Not a parser: the schema is the provider's, so what a query asks for is the provider's to judge.

use std::ops::Range;

/// What a query says of itself.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Query {
    /// Where each operation begins.
    pub(crate) operations: Vec<Range<usize>>,
    /// The variables it declares, in order.
    pub(crate) declared: Vec<Variable>,
    /// Variables it uses, by name without the `$`, and where.
    pub(crate) used: Vec<(String, Range<usize>)>,
}

/// A variable of a query: `$first: Int!`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Variable {
    /// Name without the `$`.
    pub(crate) name: String,
    /// Where the name stands, `$` included.
    pub(crate) range: Range<usize>,
    /// Its type as written, such as `[String!]`, without a `!` at its end.
    pub(crate) ty: String,
    /// It must be given: `!` and no default.
    pub(crate) required: bool,
}

/// What is no query, and where.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mistake {
    pub(crate) message: &'static str,
    pub(crate) help: &'static str,
    pub(crate) range: Range<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'a> {
    Name(&'a str),
    /// With its `$`.
    Variable(&'a str),
    Mark(char),
    /// A text or a number.
    Value,
}

/// Reads a query.
pub(crate) fn read(text: &str) -> Result<Query, Mistake> {
    let tokens = tokens(text)?;
    balanced(&tokens)?;
    let mut query = Query::default();
    let mut depth = 0_usize;
    let mut at = 0;
    let mut operation = false;
    while let Some((token, range)) = tokens.get(at) {
        at += 1;
        match token {
            Token::Name("query" | "mutation" | "subscription") if depth == 0 && !operation => {
                operation = true;
                query.operations.push(range.clone());
                at += usize::from(matches!(tokens.get(at), Some((Token::Name(_), _))));
                if let Some((Token::Mark('('), _)) = tokens.get(at) {
                    at = declarations(&tokens, at + 1, &mut query.declared);
                }
            }
            Token::Name("fragment") if depth == 0 => operation = true,
            Token::Mark('{') => {
                if depth == 0 && !operation {
                    query.operations.push(range.clone());
                }
                depth += 1;
            }
            Token::Mark('}') => {
                depth = depth.saturating_sub(1);
                operation &= depth > 0;
            }
            Token::Variable(name) => query.used.push((bare(name), range.clone())),
            Token::Name(_) | Token::Mark(_) | Token::Value => {}
        }
    }
    if query.operations.is_empty() || tokens.last().is_none_or(|(last, _)| *last != Token::Mark('}')) {
        return Err(Mistake {
            message: "this is no GraphQL query",
            help: "query: 'query { viewer { login } }'",
            range: 0..text.len(),
        });
    }
    Ok(query)
}

/// `$o: String!, $n: Int = 10)`: gives the place behind the `)`.
fn declarations(tokens: &[(Token<'_>, Range<usize>)], mut at: usize, declared: &mut Vec<Variable>) -> usize {
    let mut depth = 1;
    let mut in_type = false;
    while let Some((token, range)) = tokens.get(at).filter(|_| depth > 0) {
        at += 1;
        match token {
            Token::Variable(name) if depth == 1 => {
                let (name, range) = (bare(name), range.clone());
                declared.push(Variable { name, range, ty: String::new(), required: false });
                in_type = true;
            }
            Token::Mark('(' | '{') => depth += 1,
            Token::Mark(')' | '}') => depth -= 1,
            Token::Mark('=' | '@') => {
                in_type = false;
                if let Some(last) = declared.last_mut().filter(|_| *token == Token::Mark('=')) {
                    last.required = false;
                }
            }
            Token::Name(part) if in_type => push(declared, part),
            Token::Mark('[') if in_type => push(declared, "["),
            Token::Mark(']') if in_type => push(declared, "]"),
            Token::Mark('!') if in_type => push(declared, "!"),
            Token::Name(_) | Token::Variable(_) | Token::Mark(_) | Token::Value => {}
        }
    }
    for variable in declared.iter_mut() {
        if let Some(ty) = variable.ty.strip_suffix('!') {
            variable.ty = ty.to_owned();
        }
    }
    at
}

fn push(declared: &mut [Variable], part: &str) {
    if let Some(last) = declared.last_mut() {
        last.ty.push_str(part);
        last.required = part == "!";
    }
}

fn bare(variable: &str) -> String {
    variable.trim_start_matches('$').to_owned()
}

fn balanced(tokens: &[(Token<'_>, Range<usize>)]) -> Result<(), Mistake> {
    let mut open: Vec<(char, &Range<usize>)> = Vec::new();
    for (token, range) in tokens {
        let closes = match token {
            Token::Mark(mark @ ('(' | '[' | '{')) => {
                open.push((*mark, range));
                continue;
            }
            Token::Mark(')') => '(',
            Token::Mark(']') => '[',
            Token::Mark('}') => '{',
            _ => continue,
        };
        if open.pop().is_none_or(|(mark, _)| mark != closes) {
            return Err(unpaired("this closes what is not open", range));
        }
    }
    match open.pop() {
        Some((_, range)) => Err(unpaired("this is not closed", range)),
        None => Ok(()),
    }
}

fn unpaired(message: &'static str, range: &Range<usize>) -> Mistake {
    Mistake { message, help: "braces, brackets and quotes of a query come in pairs", range: range.clone() }
}

fn tokens(text: &str) -> Result<Vec<(Token<'_>, Range<usize>)>, Mistake> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let first = rest.chars().next().unwrap_or_default();
        let named = |from: usize| {
            let tail = rest.get(from..).unwrap_or_default();
            from + tail.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(tail.len())
        };
        let (token, length) = match first {
            '#' => (None, rest.find('\n').unwrap_or(rest.len())),
            '"' => (
                Some(Token::Value),
                quoted(rest).ok_or_else(|| unpaired("this text is not closed", &(at..text.len())))?,
            ),
            '$' => (Some(Token::Variable(&rest[..named(1)])), named(1)),
            c if c.is_ascii_alphabetic() || c == '_' => (Some(Token::Name(&rest[..named(0)])), named(0)),
            c if c.is_ascii_digit() => (Some(Token::Value), named(0)),
            c if c.is_whitespace() || c == ',' => (None, c.len_utf8()),
            c => (Some(Token::Mark(c)), c.len_utf8()),
        };
        tokens.extend(token.map(|token| (token, at..at + length)));
        at += length;
    }
    Ok(tokens)
}

/// Length of the text that begins here, its quotes included.
fn quoted(text: &str) -> Option<usize> {
    if let Some(block) = text.strip_prefix(r#"""""#) {
        let mut from = 0;
        loop {
            let end = from + block.get(from..)?.find(r#"""""#)?;
            if !block[..end].ends_with('\\') {
                return Some(3 + end + 3);
            }
            from = end + 1;
        }
    }
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '\n' => return None,
            '"' if !escaped => return Some(at + 1),
            _ => escaped = c == '\\' && !escaped,
        }
    }
    None
}

#[cfg(test)]
mod tests;
