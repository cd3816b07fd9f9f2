"""Writes a Cargo workspace with the same operations twice: as a connector of ours and as an OpenAPI document.

    write.py FOLDER FEW MANY

The list is RESOURCES times VERBS; FEW and MANY say how many operations the small and the large crate of each side have.
Both sides get the same paths, inputs, bodies, replies, errors and descriptions.
"""

import json
import sys
from pathlib import Path

NOUNS = (
    "task project note invoice contact ticket order device report payment"
    " booking product review shipment campaign lesson recipe vehicle meeting asset"
).split()
VERBS = ["list", "get", "create", "update"]
STATES = ["open", "waiting", "closed"]

# Fields of every resource: name, our type, schema of OpenAPI, whether it is always there.
FIELDS = [
    ("id", "string", {"type": "string"}, True),
    ("title", "string", {"type": "string"}, True),
    ("amount", "int", {"type": "integer", "format": "int64"}, True),
    ("share", "opt<float>", {"type": "number", "format": "double"}, False),
    ("done", "bool", {"type": "boolean"}, True),
    ("created_at", "datetime", {"type": "string", "format": "date-time"}, True),
    ("state", {"enum": STATES}, {"type": "string", "enum": STATES}, True),
    ("tags", "list<string>", {"type": "array", "items": {"type": "string"}}, True),
    ("note", "opt<string>", {"type": "string"}, False),
]

# Inputs that are no path argument: name, our type, schema, whether it must be given, what it means.
LIST = [
    ("query", "opt<string>", {"type": "string"}, False, "Words to look for."),
    ("state", {"enum": STATES}, {"type": "string", "enum": STATES}, True, "Only those in this state."),
    ("limit", "int", {"type": "integer", "format": "int64"}, True, "How many at most."),
    ("cursor", "opt<string>", {"type": "string"}, False, "Where to go on."),
]
CREATE = [
    ("title", "string", {"type": "string"}, True, "What it is called."),
    ("amount", "int", {"type": "integer", "format": "int64"}, True, "How much."),
    ("state", {"enum": STATES}, {"type": "string", "enum": STATES}, True, "Where it stands."),
    ("note", "opt<string>", {"type": "string"}, False, "Anything else."),
]
UPDATE = [
    ("title", "opt<string>", {"type": "string"}, False, "What it is called."),
    ("amount", "opt<int>", {"type": "integer", "format": "int64"}, False, "How much."),
    ("done", "opt<bool>", {"type": "boolean"}, False, "Whether it is done."),
    ("note", "opt<string>", {"type": "string"}, False, "Anything else."),
]
INPUTS = {"list": LIST, "get": [], "create": CREATE, "update": UPDATE}
METHOD = {"list": "get", "get": "get", "create": "post", "update": "patch"}


def operations(count):
    """The first `count` pairs of a verb and a noun."""
    return [(verb, noun) for noun in NOUNS for verb in VERBS][:count]


def about(verb, noun):
    return f"{verb.capitalize()}s a {noun} of the account." if verb != "list" else f"Lists the {noun}s of the account."


def sample(noun):
    return {
        "id": "x1",
        "title": f"A {noun}",
        "amount": 3,
        "done": False,
        "created_at": "2026-01-02T03:04:05Z",
        "state": "open",
        "tags": ["new"],
        "owner": {"name": "Ana"},
    }


# ---- ours


def example(verb, noun):
    """One example for each tool: what is sent, what comes back, what the agent sees."""
    id_ = {} if verb in ("list", "create") else {"id": "x1"}
    given = {"list": {"state": "open", "limit": 10}, "get": {}, "create": {"title": "T", "amount": 3, "state": "open"}}
    given = given.get(verb, {"title": "T"})
    path = f"/{noun}s" + ("/x1" if id_ else "")
    expect = {METHOD[verb]: path}
    if verb == "list":
        expect["query"] = {"state": "open", "limit": "10"}
    elif given:
        expect["json"] = given
    reply = {"items": [sample(noun)]} if verb == "list" else sample(noun)
    return {
        "name": "one",
        "input": {**id_, **given},
        "exchange": [{"expect": expect, "reply": {"json": reply}}],
        "output": reply,
    }


def tool(verb, noun):
    by_id = verb in ("get", "update")
    inputs = {"id": {"type": "string", "about": f"Id of the {noun}."}} if by_id else {}
    for name, type_, _, _, text in INPUTS[verb]:
        inputs[name] = {**(type_ if isinstance(type_, dict) else {"type": type_}), "about": text}
    request = {METHOD[verb]: f"/{noun}s" + ("/${in.id}" if by_id else "")}
    place = {"list": "query", "create": "json", "update": "json"}.get(verb)
    if place:
        request[place] = {name: f"$in.{name}" for name, *_ in INPUTS[verb]}
    kind = noun.capitalize()
    request["returns"] = f"{kind}Page" if verb == "list" else kind
    return {
        "about": about(verb, noun),
        "access": "read" if METHOD[verb] == "get" else "write",
        "input": inputs,
        "request": request,
        "examples": [example(verb, noun)],
    }


def connector(count):
    """The connector; JSON is YAML."""
    chosen = operations(count)
    types = {
        "ApiError": {"code": "opt<string>", "message": "opt<string>"},
        "Person": {"name": "string", "email": "opt<string>"},
    }
    for noun in dict.fromkeys(noun for _, noun in chosen):
        kind = noun.capitalize()
        types[kind] = {**{name: type_ for name, type_, _, _ in FIELDS}, "owner": "Person"}
        types[f"{kind}Page"] = {"items": f"list<{kind}>", "next_cursor": "opt<string>"}
    return {
        "agentkit": 1,
        "connector": "office",
        "title": "Office",
        "version": "1.0.0",
        "about": "Things of an office.",
        "auth": {"key": {"kind": "api_key", "about": "A key."}},
        "http": {"base_url": "https://api.example.com"},
        "errors": {"body": "ApiError", "code": "$body.code", "message": "$body.message"},
        "types": types,
        "tools": {f"{verb}_{noun}": tool(verb, noun) for verb, noun in chosen},
    }


# ---- theirs


def operation(verb, noun):
    kind = noun.capitalize()
    reply = f"{kind}Page" if verb == "list" else kind
    parameters = []
    if verb in ("get", "update"):
        text = f"Id of the {noun}."
        parameters.append({"name": "id", "in": "path", "required": True, "description": text, "schema": {"type": "string"}})
    if verb == "list":
        for name, _, schema, must, text in LIST:
            # Ours has one enum for each tool as well.
            parameters.append({"name": name, "in": "query", "required": must, "description": text, "schema": schema})
    found = {
        "operationId": f"{verb}_{noun}",
        "description": about(verb, noun),
        "parameters": parameters,
        "responses": {
            "200": {"description": "It worked.", "content": content({"$ref": f"#/components/schemas/{reply}"})},
            "4XX": {"description": "It did not.", "content": content({"$ref": "#/components/schemas/ApiError"})},
        },
    }
    if verb in ("create", "update"):
        found["requestBody"] = {
            "required": True,
            "content": content({"$ref": f"#/components/schemas/{verb.capitalize()}{kind}"}),
        }
    return found


def content(schema):
    return {"application/json": {"schema": schema}}


def record(fields):
    """A schema of fields: name, schema, whether it must be there, what it means."""
    return {
        "type": "object",
        "required": [name for name, _, must, _ in fields if must],
        "properties": {name: {**schema, **({"description": text} if text else {})} for name, schema, _, text in fields},
    }


def openapi(count):
    chosen = operations(count)
    text = {"type": "string"}
    schemas = {
        "ApiError": record([("code", text, False, ""), ("message", text, False, "")]),
        "Person": record([("name", text, True, ""), ("email", text, False, "")]),
    }
    paths = {}
    for verb, noun in chosen:
        kind = noun.capitalize()
        fields = [(name, schema, must, "") for name, _, schema, must in FIELDS]
        schemas[kind] = record([*fields, ("owner", {"$ref": "#/components/schemas/Person"}, True, "")])
        items = {"type": "array", "items": {"$ref": f"#/components/schemas/{kind}"}}
        schemas[f"{kind}Page"] = record([("items", items, True, ""), ("next_cursor", text, False, "")])
        if verb in ("create", "update"):
            body = [(name, schema, must, text) for name, _, schema, must, text in INPUTS[verb]]
            schemas[f"{verb.capitalize()}{kind}"] = record(body)
            text = {"type": "string"}
        path = f"/{noun}s" + ("/{id}" if verb in ("get", "update") else "")
        paths.setdefault(path, {})[METHOD[verb]] = operation(verb, noun)
    return {
        "openapi": "3.0.3",
        "info": {"title": "Office", "description": "Things of an office.", "version": "1.0.0"},
        "paths": paths,
        "components": {"schemas": schemas},
    }


# ---- the workspace

MANIFEST = """[package]
name = "{name}"
version = "0.0.0"
edition = "2024"

[dependencies]
{dependencies}
"""

OURS = """agentkit-macros = { path = "../../../../agentkit-macros" }
agentkit-runtime = { path = "../../../../agentkit-runtime" }"""

THEIRS = """chrono = { version = "0.4", default-features = false, features = ["serde"] }
progenitor = "=0.15.1"
progenitor-client = "=0.15.1"
reqwest = { version = "0.13", default-features = false, features = ["json", "query", "stream"] }
serde = { version = "1", features = ["derive"] }
serde_json = "1"
"""


def crate(folder, dependencies, code, name, document):
    (folder / "src").mkdir(parents=True, exist_ok=True)
    (folder / "Cargo.toml").write_text(MANIFEST.format(name=folder.name, dependencies=dependencies))
    (folder / "src/lib.rs").write_text(code + "\n")
    (folder / name).write_text(json.dumps(document, indent=1))


def main():
    folder, few, many = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    assert len(operations(many)) == many, f"there are {len(NOUNS) * len(VERBS)} operations"
    members = []
    for size, count in (("few", few), ("many", many)):
        ours, theirs = f"ours_{size}", f"theirs_{size}"
        members += [ours, theirs]
        crate(folder / ours, OURS, 'agentkit_macros::connector!("office.yaml");', "office.yaml", connector(count))
        crate(folder / theirs, THEIRS, 'progenitor::generate_api!("office.json");', "office.json", openapi(count))
    (folder / "Cargo.toml").write_text(f'[workspace]\nresolver = "3"\nmembers = {json.dumps(members)}\n')


main()
