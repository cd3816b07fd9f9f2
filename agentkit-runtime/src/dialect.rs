//! Tools as model providers want them described: pure functions of the table of a tool.
//!
//! The schemas were written at compile time. What is left is which of them goes where, and under which name.

use serde_json::{Value, json};

use crate::def::{Access, ToolDef};

/// How a model provider, or MCP, wants tools described.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Dialect {
    /// Functions of `OpenAI`'s Responses API, in strict mode.
    OpenAi,
    /// Tools of Anthropic's Messages API.
    Anthropic,
    /// The same in strict mode, for as many tools as a request may have of them; the rest as in `Anthropic`.
    AnthropicStrict,
    /// Function declarations of the Gemini API.
    Gemini,
    /// Tools of an MCP server.
    Mcp,
}

/// How many strict tools a request to Anthropic may have, and how many unions these may have together.
const STRICT_TOOLS: usize = 20;
const STRICT_UNIONS: usize = 16;

impl Dialect {
    /// All of them.
    pub const ALL: &[Self] = &[Self::OpenAi, Self::Anthropic, Self::AnthropicStrict, Self::Gemini, Self::Mcp];

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Anthropic => "anthropic",
            Self::AnthropicStrict => "anthropic-strict",
            Self::Gemini => "gemini",
            Self::Mcp => "mcp",
        }
    }

    /// The tools of one request or answer, in the order given.
    #[must_use]
    pub fn tools<'t>(self, tools: impl IntoIterator<Item = &'t ToolDef>) -> Vec<Value> {
        let (mut strict, mut unions) = (0, 0);
        let described = tools.into_iter().map(|tool| match self {
            Self::OpenAi => openai(tool),
            Self::Gemini => gemini(tool),
            Self::Mcp => mcp(tool),
            Self::Anthropic => anthropic(tool, false),
            Self::AnthropicStrict => {
                let more = unions + unions_of(&schema(tool.portable_schema));
                let fits = strict < STRICT_TOOLS && more <= STRICT_UNIONS;
                if fits {
                    (strict, unions) = (strict + 1, more);
                }
                anthropic(tool, fits)
            }
        });
        described.collect()
    }
}

fn openai(tool: &ToolDef) -> Value {
    json!({
        "type": "function",
        "name": tool.name,
        "description": tool.about,
        "parameters": schema(tool.portable_schema),
        "strict": true,
    })
}

fn anthropic(tool: &ToolDef, strict: bool) -> Value {
    let schema = schema(if strict { tool.portable_schema } else { tool.input_schema });
    let mut described = json!({"name": tool.name, "description": tool.about, "input_schema": schema});
    if strict {
        described["strict"] = Value::Bool(true);
    }
    described
}

fn gemini(tool: &ToolDef) -> Value {
    let mut described = json!({"name": tool.name, "description": tool.about});
    let schema = schema(tool.portable_schema);
    // An object without properties is refused; a function without parameters has none of this key.
    if schema["properties"].as_object().is_some_and(|properties| !properties.is_empty()) {
        described["parametersJsonSchema"] = schema;
    }
    described
}

fn mcp(tool: &ToolDef) -> Value {
    let mut annotations = json!({
        "readOnlyHint": tool.access == Access::Read,
        "destructiveHint": tool.access == Access::Delete,
        "idempotentHint": tool.repeatable,
        "openWorldHint": true,
    });
    let mut described = json!({"name": tool.name});
    if let Some(title) = tool.title {
        described["title"] = title.into();
        // Where clients of older revisions look.
        annotations["title"] = title.into();
    }
    described["description"] = tool.about.into();
    described["inputSchema"] = schema(tool.input_schema);
    described["outputSchema"] = schema(tool.output_schema);
    described["annotations"] = annotations;
    described
}

/// The macro wrote it, so it is JSON.
fn schema(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

/// How many places of a schema take more than one type.
fn unions_of(schema: &Value) -> usize {
    match schema {
        Value::Object(map) => {
            let here = map.contains_key("anyOf") || map.get("type").is_some_and(Value::is_array);
            usize::from(here) + map.values().map(unions_of).sum::<usize>()
        }
        Value::Array(items) => items.iter().map(unions_of).sum(),
        _ => 0,
    }
}
