//! `GET /openapi.json`: the API as OpenAPI 3.1, generated from the table of methods.

use axum::http::StatusCode;
use axum::response::Response;
use common::methods::Method;
use serde_json::{Map, Value, json};

use super::answer::json_answer;

pub(crate) async fn document() -> Response {
    json_answer(StatusCode::OK, &build())
}

fn build() -> Value {
    let methods: Vec<_> = Method::ALL.iter().map(|method| method.description()).collect();
    let mut schemas = Map::new();
    let mut references = Vec::new();
    let mut examples = Map::new();
    for method in &methods {
        let params: Value = serde_json::from_str(method.params).unwrap_or_default();
        let result: Value = serde_json::from_str(method.result).unwrap_or_default();
        schemas.insert(
            method.name.to_owned(),
            json!({
                "type": "object",
                "description": method.help,
                "required": ["jsonrpc", "id", "method"],
                "properties": {
                    "jsonrpc": { "const": "2.0" },
                    "id": { "type": ["string", "number"] },
                    "method": { "const": method.name },
                    "params": schema_of(&params),
                },
                "x-result-example": result,
            }),
        );
        references.push(json!({ "$ref": format!("#/components/schemas/{}", method.name) }));
        let mut example = json!({ "jsonrpc": "2.0", "id": 1, "method": method.name, "params": params });
        if method.rights.needs_token()
            && let Some(params) = example.get_mut("params").and_then(Value::as_object_mut)
        {
            // The cookie or the header has the token.
            params.remove("token");
        }
        examples.insert(method.name.to_owned(), json!({ "value": example }));
    }
    let any = json!({ "oneOf": references });
    json!({
        "openapi": "3.1.0",
        "info": { "title": "papo", "version": env!("CARGO_PKG_VERSION") },
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer" },
                "cookie": { "type": "apiKey", "in": "cookie", "name": "__Host-papo-0" },
            },
        },
        "security": [{ "token": [] }, { "cookie": [] }, {}],
        "paths": paths(&any, &examples),
    })
}

#[expect(clippy::too_many_lines, reason = "one entry for each path")]
fn paths(request: &Value, examples: &Map<String, Value>) -> Value {
    let body =
        |schema: Value| json!({ "required": true, "content": { "application/json": { "schema": schema } } });
    let text = |name: &str, place: &str| json!({ "name": name, "in": place, "required": place == "path", "schema": { "type": "string" } });
    let operation = |summary: &str, parameters: Vec<Value>| json!({ "summary": summary, "parameters": parameters, "responses": { "default": { "description": "See docs/PROTOCOL.md." } } });
    let with_body = |mut operation: Value, body: Value| {
        if let Some(fields) = operation.as_object_mut() {
            fields.insert("requestBody".to_owned(), body);
        }
        operation
    };
    let either = json!({ "oneOf": [request, { "type": "array", "items": request }] });
    let rpc = json!({
        "required": true,
        "content": { "application/json": { "schema": either, "examples": examples } },
    });
    let mut paths = json!({
        "/rpc": { "post": with_body(operation("Send one request, or an array of requests.", vec![]), rpc) },
        "/session": {
            "post": with_body(operation("Log in, and set a cookie.", vec![]), body(fields(&["user", "password", "slot"]))),
            "delete": operation("End the session of the cookie.", vec![text("slot", "query")]),
        },
        "/messages": {
            "post": with_body(
                operation("Send a message.", vec![text("Idempotency-Key", "header")]),
                body(fields(&["to", "text", "id", "reply"])),
            ),
        },
        "/history/{conversation}": {
            "get": operation("Read a page of a conversation.", vec![
                text("conversation", "path"), text("before", "query"), text("after", "query"),
                text("before_at", "query"), text("after_at", "query"), text("around", "query"),
                text("limit", "query"), text("edits", "query"),
            ]),
        },
        "/events": {
            "get": operation("Follow the events of a conversation as server-sent events.", vec![
                text("conversation", "query"), text("after", "query"), text("Last-Event-ID", "header"),
            ]),
        },
        "/files/{id}": {
            "put": operation("Upload a file, or the rest of it.", vec![
                text("id", "path"), text("to", "query"), text("name", "query"), text("sha256", "query"),
                text("Upload-Offset", "header"), text("Upload-Length", "header"),
            ]),
            "head": operation("Read the number of uploaded bytes.", vec![
                text("id", "path"), text("to", "query"), text("name", "query"), text("sha256", "query"),
                text("Upload-Length", "header"),
            ]),
        },
        "/files/{conversation}/{n}/{name}": {
            "get": operation("Download a file, or a range of it.", vec![
                text("conversation", "path"), text("n", "path"), text("name", "path"), text("Range", "header"),
            ]),
        },
        "/f/{code}": {
            "get": operation("Download the file of a link, or a range of it, without a session.", vec![
                text("code", "path"), text("Range", "header"),
            ]),
        },
        "/upload": {
            "post": operation("Upload a file to yourself, and make a link to it.", vec![
                text("Content-Disposition", "header"), text("Content-Length", "header"),
            ]),
        },
        "/backups/{name}": {
            "get": operation("Download a backup of the node, or a range of it, as an administrator.", vec![
                text("name", "path"), text("Range", "header"), text("slot", "query"),
            ]),
        },
        "/ws": {
            "get": operation("Open a WebSocket with the subprotocol papo.v1.", vec![text("slot", "query")]),
        },
        "/healthz": { "get": operation("Check that the gateway runs.", vec![]) },
        "/roles": { "get": operation("Read the status of all roles, as an administrator.", vec![text("slot", "query")]) },
    });
    for (path, summary, header) in [
        ("/hooks/{token}", "Post a message in the format of Slack and Mattermost.", "Idempotency-Key"),
        ("/hooks/{token}/github", "Post an event of GitHub.", "X-GitHub-Event"),
        ("/hooks/{token}/alertmanager", "Post a notification of Alertmanager.", "X-Hub-Signature-256"),
    ] {
        let post = operation(summary, vec![text("token", "path"), text(header, "header")]);
        if let Some(paths) = paths.as_object_mut() {
            paths.insert(
                path.to_owned(),
                json!({ "post": with_body(post, body(json!({ "type": "object" }))) }),
            );
        }
    }
    paths
}

/// The schema of an object with these fields of any type.
fn fields(names: &[&str]) -> Value {
    let fields: Map<_, _> = names.iter().map(|name| ((*name).to_owned(), json!({}))).collect();
    json!({ "type": "object", "properties": fields })
}

/// The schema of an example: the types of its fields.
fn schema_of(example: &Value) -> Value {
    match example {
        Value::Object(fields) => {
            let fields: Map<_, _> =
                fields.iter().map(|(name, value)| (name.clone(), schema_of(value))).collect();
            json!({ "type": "object", "properties": fields })
        }
        Value::Array(items) => {
            json!({ "type": "array", "items": items.first().map_or(json!({}), schema_of) })
        }
        Value::String(_) => json!({ "type": "string" }),
        Value::Number(_) => json!({ "type": "integer" }),
        Value::Bool(_) => json!({ "type": "boolean" }),
        Value::Null => json!({}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_of_the_table_is_described_with_an_example_of_its_types() {
        let document = build();
        for method in Method::ALL.iter().map(|method| method.description()) {
            let schema = &document["components"]["schemas"][method.name];
            assert_eq!(schema["description"], method.help);
            let params: Value = serde_json::from_str(method.params).expect("an example");
            for (name, value) in params.as_object().expect("an object") {
                let kind = &schema["properties"]["params"]["properties"][name]["type"];
                let is_same = match value {
                    Value::String(_) => kind == "string",
                    Value::Number(_) => kind == "integer",
                    Value::Bool(_) => kind == "boolean",
                    Value::Array(_) => kind == "array",
                    other @ (Value::Null | Value::Object(_)) => panic!("{other}"),
                };
                assert!(is_same, "{} {name}", method.name);
            }
            let examples =
                &document["paths"]["/rpc"]["post"]["requestBody"]["content"]["application/json"]["examples"];
            assert_eq!(examples[method.name]["value"]["method"], method.name);
            assert_eq!(examples[method.name]["value"]["params"].get("token"), None);
        }
    }
}
