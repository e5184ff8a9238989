//! Monitors: `/metrics`, `/healthz`, `/readyz`, and refused addresses.

use std::net::TcpListener;

use e2e::{Node, Process, Web};
use serde_json::json;
use tempfile::TempDir;

use super::{team, token};

#[test]
fn the_status_of_all_roles_is_one_page() {
    let node = Node::with_gateway(&[]);
    let [alice, _bob] = team(&node);
    let _chat = node.web().chat(&token(&alice));
    let monitor = Web::new(node.endpoint("metrics"));
    let page = monitor.request("GET", "/metrics", &[], b"");
    assert_eq!(page.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let text = String::from_utf8(page.body).expect("text");
    for role in ["broker", "proxy", "server", "gateway"] {
        assert!(text.contains(&format!("papo_role_problems{{role=\"{role}\"}} 0\n")), "{text}");
    }
    for line in ["papo_gateway_connections{kind=\"ws\"} 1\n", "papo_roles_unreachable 0\n"] {
        assert!(text.contains(line), "{line} is not in {text}");
    }
    assert!(!text.contains("alice"), "no names of users");
    let ready = monitor.request("GET", "/readyz", &[], b"");
    assert_eq!((ready.status, ready.json()), (200, json!({ "ready": true, "problems": [] })));
    assert_eq!(monitor.request("GET", "/metrics", &[("Host", "evil.example")], b"").status, 403);
    node.assert_healthy();
}

#[test]
fn a_node_without_its_server_is_not_ready() {
    let mut node = Node::in_three_processes();
    node.add_gateway();
    node.kill("server");
    let answer =
        node.web().request("POST", "/rpc", &[], br#"{"jsonrpc":"2.0","id":1,"method":"server.info"}"#);
    assert_eq!((answer.status, &*answer.reason()), (503, "unavailable"));
}

#[test]
fn an_address_in_use_and_plain_http_for_others_are_refused_with_the_flag() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let used = listener.local_addr().expect("an address").to_string();
    for (web, metrics, sentence) in [
        (&*used, "off", "choose another port with --web, or disable this listener with --web off"),
        ("off", &*used, "choose another port with --metrics, or disable this listener with --metrics off"),
        ("0.0.0.0:0", "off", "would serve plain HTTP to other machines"),
        ("localhost", "off", "--web localhost: write an address and a port, or off"),
    ] {
        let data = TempDir::new().expect("a folder");
        let mut flags: Vec<_> = [
            "clients",
            "subscribers",
            "broker-control",
            "proxy-control",
            "server-control",
            "gateway-control",
        ]
        .map(|flag| format!("--{flag}=tcp://127.0.0.1:0"))
        .to_vec();
        flags.push(format!("--data={}", data.path().display()));
        flags.extend([format!("--web={web}"), format!("--metrics={metrics}")]);
        let refused = Process::run(["up".to_owned()].into_iter().chain(flags));
        assert_eq!(refused.code, Some(1));
        assert!(refused.log.contains(sentence), "{}", refused.log);
    }
}
