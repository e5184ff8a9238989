//! Writes the types of the protocol for the page: `web/src/core/protocol.d.ts`. The types of parameters and
//! results come from their examples in the table. `UPDATE_DOCS=1 cargo test -p common` rewrites the file.

#![expect(
    clippy::disallowed_methods,
    reason = "this test reads and writes a source file, not the data folder"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value};

use crate::methods::{Call, Method, table};
use crate::{Detail, Reason, limits};

/// Whether a JSON object is still valid without the member at a path.
type IsOptional<'a> = &'a dyn Fn(&Value) -> bool;

/// The limits that the page checks or shows.
const LIMITS: [(&str, u64); 8] = [
    ("NAME_CHARACTERS_MAX", limits::NAME_CHARACTERS_MAX as u64),
    ("TEXT_BYTES_MAX", limits::TEXT_BYTES_MAX as u64),
    ("SUBJECT_BYTES_MAX", limits::SUBJECT_BYTES_MAX as u64),
    ("EMOJI_BYTES_MAX", limits::EMOJI_BYTES_MAX as u64),
    ("FILE_NAME_BYTES_MAX", limits::FILE_NAME_BYTES_MAX as u64),
    ("HISTORY_EVENTS_MAX", limits::HISTORY_EVENTS_MAX),
    ("LIST_NAMES_MAX", limits::LIST_NAMES_MAX as u64),
    ("PASSWORD_CHARACTERS_MIN", limits::PASSWORD_CHARACTERS_MIN as u64),
];

/// The type of a JSON value. A member of an object is optional if the whole document is valid without it.
fn type_of(value: &Value, document: &Value, path: &[String], is_valid: IsOptional<'_>) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) => "boolean".to_owned(),
        Value::Number(_) => "number".to_owned(),
        Value::String(_) => "string".to_owned(),
        Value::Array(items) => {
            let merged = merged(items);
            let item = merged.as_ref().or(items.first()).map_or("unknown".to_owned(), |item| {
                type_of(item, document, &[path, &["0".to_owned()]].concat(), is_valid)
            });
            format!("{item}[]")
        }
        Value::Object(members) => object(members, document, path, is_valid),
    }
}

/// One object with the members of all objects of a list.
fn merged(items: &[Value]) -> Option<Value> {
    let members = items.iter().filter_map(Value::as_object).flatten();
    let members: Map<_, _> = members.map(|(name, value)| (name.clone(), value.clone())).collect();
    (!members.is_empty()).then_some(Value::Object(members))
}

fn object(
    members: &Map<String, Value>,
    document: &Value,
    path: &[String],
    is_valid: IsOptional<'_>,
) -> String {
    let mut text = "{ ".to_owned();
    for (name, value) in members {
        let path = [path, std::slice::from_ref(name)].concat();
        let optional = if is_valid(&without(document, &path)) { "?" } else { "" };
        let _ = write!(text, "{name}{optional}: {}; ", type_of(value, document, &path, is_valid));
    }
    text + "[further: string]: unknown }"
}

/// The document without the member at a path. The items of lists are `0`, and all of them lose the member.
fn without(document: &Value, path: &[String]) -> Value {
    let mut changed = document.clone();
    remove(&mut changed, path);
    changed
}

fn remove(value: &mut Value, path: &[String]) {
    match (value, path) {
        (Value::Object(members), [name]) => drop(members.remove(name)),
        (Value::Object(members), [name, rest @ ..]) => {
            members.get_mut(name).into_iter().for_each(|member| remove(member, rest));
        }
        (Value::Array(items), [_, rest @ ..]) => items.iter_mut().for_each(|item| remove(item, rest)),
        (_, _) => {}
    }
}

fn methods() -> String {
    let mut text = "/** The parameters, without the token, and the result of each method. */\n".to_owned();
    text += "export interface Methods {\n";
    for method in Method::ALL {
        let about = method.description();
        let json = |example| serde_json::from_str::<Value>(example).expect("json");
        let (all_params, result) = (json(about.params), json(about.result));
        let mut params = all_params.clone();
        params.as_object_mut().expect("an object").remove("token");
        let params = type_of(&params, &all_params, &[], &|params| {
            Call::decode(about.name, &params.to_string()).is_ok()
        });
        let result =
            type_of(&result, &result, &[], &|result| table::decodes_result(*method, &result.to_string()));
        let _ = writeln!(text, "  /** {} */\n  \"{}\": {{\n    params: {params};", about.help, about.name);
        let _ = writeln!(text, "    result: {result};\n  }};");
    }
    text + "}\n\n"
}

fn errors() -> String {
    let mut text = "/** The word in `data.reason` of an error. */\nexport type Reason =\n".to_owned();
    for reason in Reason::ALL {
        let _ = writeln!(text, "  | \"{}\"", reason.word());
    }
    text += ";\n\n/** The arguments of each `data.detail`. */\nexport interface Details {\n";
    for detail in Detail::ALL {
        let args: Vec<_> =
            detail.args.iter().map(|(name, kind)| format!("{name}: {}", argument_type(kind))).collect();
        let args = if args.is_empty() { "null".to_owned() } else { format!("{{ {} }}", args.join("; ")) };
        let _ = writeln!(text, "  {}: {args};", detail.word);
    }
    text + "}\n\n"
}

fn argument_type(kind: &str) -> &'static str {
    match kind {
        "u32" | "u64" | "usize" => "number",
        "String" | "UserName" | "ChannelName" | "Target" => "string",
        other => panic!("add the TypeScript type of {other}"),
    }
}

fn limits() -> String {
    let limits: BTreeMap<_, _> = LIMITS.into();
    let mut text = "/** The limits of the protocol, with the names of common/src/limits.rs. */\n".to_owned();
    text += "export interface Limits {\n";
    for (name, value) in limits {
        let _ = writeln!(text, "  {name}: {value};");
    }
    text + "}\n"
}

#[test]
fn the_types_of_the_page_are_those_of_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../web/src/core/protocol.d.ts");
    let generated =
        "// Generated from common/src: `UPDATE_DOCS=1 cargo test -p common` rewrites this file.\n\n";
    let current = [generated, &methods(), &errors(), &limits()].concat();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        return fs::write(&path, &current).expect("protocol.d.ts");
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(written, current, "run `UPDATE_DOCS=1 cargo test -p common`");
}
