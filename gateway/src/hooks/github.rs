//! The events of GitHub, one line each.

use serde_json::Value;

use super::{Post, field, link, one_line};

/// The message of an event; `None` for events that are not shown.
pub(crate) fn post(event: &str, body: &Value) -> Option<Post> {
    let repository = field(at(body, &["repository"]), "full_name").unwrap_or_else(|| "GitHub".to_owned());
    let line = match event {
        "ping" => format!("the webhook works: {}", one_line(&field(body, "zen").unwrap_or_default())),
        "push" => push(body)?,
        "pull_request" => pull_request(body)?,
        "issues" => issue(body)?,
        "issue_comment" => comment(body)?,
        "pull_request_review" => review(body)?,
        "release" => release(body)?,
        "workflow_run" => completed(body, "workflow_run", "name")?,
        "check_suite" => completed(body, "check_suite", "head_branch")?,
        "create" | "delete" => reference(event, body)?,
        "deployment_status" => deployment(body)?,
        _ => return None,
    };
    Some(Post::new(format!("**{}**: {line}", one_line(&repository)), "GitHub"))
}

/// The value at a path of names.
fn at<'a>(body: &'a Value, path: &[&str]) -> &'a Value {
    path.iter().fold(body, |value, name| value.get(name).unwrap_or(&Value::Null))
}

fn sender(body: &Value) -> String {
    field(at(body, &["sender"]), "login").unwrap_or_else(|| "someone".to_owned())
}

/// Formats an object with a title and an address, such as an issue, as a link.
fn titled(object: &Value, title: &str) -> String {
    let number = field(object, "number").map(|number| format!("#{number} ")).unwrap_or_default();
    let text = format!("{number}{}", field(object, title).unwrap_or_default());
    field(object, "html_url").map_or_else(|| one_line(&text), |url| link(&text, &url))
}

/// The action, if it is one of `known`.
fn action(body: &Value, known: &[&str]) -> Option<String> {
    field(body, "action").filter(|action| known.contains(&&**action))
}

fn is_set(body: &Value, name: &str) -> bool {
    body.get(name).and_then(Value::as_bool).unwrap_or_default()
}

fn push(body: &Value) -> Option<String> {
    let reference = field(body, "ref")?;
    let branch = reference.split_once('/').and_then(|(_, rest)| rest.split_once('/'));
    let branch = one_line(branch.map_or(&*reference, |(_, branch)| branch));
    let sender = sender(body);
    if is_set(body, "deleted") {
        return Some(format!("{sender} deleted {branch}"));
    }
    let count = body.get("commits").and_then(Value::as_array).map_or(0, Vec::len);
    let verb = if is_set(body, "forced") { "force-pushed" } else { "pushed" };
    let commits = if count == 1 { "1 commit".to_owned() } else { format!("{count} commits") };
    let commits = field(body, "compare").map_or(commits.clone(), |url| link(&commits, &url));
    let message = field(at(body, &["head_commit"]), "message").unwrap_or_default();
    let message = one_line(message.lines().next().unwrap_or_default());
    let message = if message.is_empty() { message } else { format!(": {message}") };
    Some(format!("{sender} {verb} {commits} to {branch}{message}"))
}

fn pull_request(body: &Value) -> Option<String> {
    let known = ["opened", "closed", "reopened", "ready_for_review", "converted_to_draft"];
    let action = action(body, &known)?;
    let request = body.get("pull_request")?;
    let is_merged = action == "closed" && is_set(request, "merged");
    let action = if is_merged { "merged".to_owned() } else { action.replace('_', " ") };
    Some(format!("{} {action} pull request {}", sender(body), titled(request, "title")))
}

fn issue(body: &Value) -> Option<String> {
    let action = action(body, &["opened", "closed", "reopened", "deleted", "transferred"])?;
    Some(format!("{} {action} issue {}", sender(body), titled(body.get("issue")?, "title")))
}

fn comment(body: &Value) -> Option<String> {
    action(body, &["created"])?;
    let (issue, comment) = (body.get("issue")?, body.get("comment")?);
    let url = field(comment, "html_url").unwrap_or_default();
    let text = one_line(field(comment, "body").unwrap_or_default().lines().next().unwrap_or_default());
    Some(format!("{} {} {}: {text}", sender(body), link("commented", &url), titled(issue, "title")))
}

fn review(body: &Value) -> Option<String> {
    action(body, &["submitted", "dismissed"])?;
    let state = field(at(body, &["review"]), "state")?;
    let state = match &*state {
        "approved" => "approved",
        "changes_requested" => "requested changes to",
        "commented" => "reviewed",
        "dismissed" => "dismissed a review of",
        _ => return None,
    };
    Some(format!("{} {state} {}", sender(body), titled(body.get("pull_request")?, "title")))
}

fn release(body: &Value) -> Option<String> {
    action(body, &["published"])?;
    let release = body.get("release")?;
    let title = if field(release, "name").is_some() { "name" } else { "tag_name" };
    Some(format!("{} published release {}", sender(body), titled(release, title)))
}

/// A completed workflow or check suite, with its conclusion.
fn completed(body: &Value, object: &str, title: &str) -> Option<String> {
    action(body, &["completed"])?;
    let run = body.get(object)?;
    let conclusion = field(run, "conclusion")?;
    let name = match object {
        "check_suite" => {
            let app = field(at(run, &["app"]), "name").unwrap_or_else(|| "checks".to_owned());
            format!("{} on {}", one_line(&app), one_line(&field(run, title).unwrap_or_default()))
        }
        _ => {
            format!("{} on {}", titled(run, title), one_line(&field(run, "head_branch").unwrap_or_default()))
        }
    };
    Some(format!("{} {name}: {}", sign(&conclusion), conclusion.replace('_', " ")))
}

fn sign(state: &str) -> &'static str {
    match state {
        "success" => "🟢",
        "failure" | "error" | "timed_out" | "startup_failure" | "action_required" => "🔴",
        _ => "⚪",
    }
}

fn reference(event: &str, body: &Value) -> Option<String> {
    let verb = if event == "create" { "created" } else { "deleted" };
    let (kind, name) = (field(body, "ref_type")?, field(body, "ref")?);
    Some(format!("{} {verb} {} {}", sender(body), one_line(&kind), one_line(&name)))
}

fn deployment(body: &Value) -> Option<String> {
    let status = body.get("deployment_status")?;
    let state = field(status, "state")?;
    let environment = field(status, "environment").unwrap_or_default();
    let name = format!("deployment to {}", one_line(&environment));
    let url = field(status, "target_url").or_else(|| field(status, "log_url"));
    let name = url.map_or(name.clone(), |url| link(&name, &url));
    Some(format!("{} {name}: {}", sign(&state), state.replace('_', " ")))
}
