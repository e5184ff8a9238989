//! The server block of nginx in OPERATIONS: WebSockets, secure cookies, large uploads and events pass through
//! it.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use e2e::fake_ca::{DOMAIN, FakeCa};
use e2e::{DEADLINE, Node, PASSWORD, Process, TlsClient, Web};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use transport::clock;
use tungstenite::Message;
use uuid::Uuid;

use super::{team, token};

/// The block of OPERATIONS, with the port, the certificate and the gateway of this test.
fn server_block(listen: &str, [certificate, key]: &[PathBuf; 2], gateway: &str) -> String {
    let operations = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/OPERATIONS.md");
    let operations = std::fs::read_to_string(operations).expect("a document");
    let (_, block) = operations.split_once("```nginx\n").expect("a block");
    let (block, _) = block.split_once("```").expect("its end");
    let replaced = [
        ("listen 443 ssl;", format!("listen {listen} ssl;")),
        ("/etc/ssl/chat.example.pem", certificate.display().to_string()),
        ("/etc/ssl/chat.example.key", key.display().to_string()),
        ("http://127.0.0.1:8080", format!("http://{gateway}")),
    ];
    replaced.iter().fold(block.to_owned(), |block, (old, new)| {
        assert!(block.contains(old), "{old} is not in the block");
        block.replace(old, new)
    })
}

/// Starts nginx with the block, and waits until it answers.
fn start(ca: &FakeCa, block: &str, listen: &str) -> Process {
    let folder = ca.folder();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|kind| format!("{kind}_temp_path {}/{kind};\n", folder.display()))
        .collect();
    let configuration = format!(
        "daemon off;\nmaster_process off;\npid {0}/nginx.pid;\nerror_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n{temporary}{block}}}\n",
        folder.display()
    );
    let file = ca.write("nginx.conf", &configuration);
    let mut nginx = Command::new("nginx");
    nginx.env("PATH", format!("{}:/usr/sbin", std::env::var("PATH").unwrap_or_default()));
    nginx.args(["-e", "stderr", "-c"]).arg(file);
    let nginx = Process::start(nginx);
    let started = clock::now();
    while TcpStream::connect(listen).is_err() {
        assert!(nginx.is_running() && started.elapsed() < DEADLINE, "{}", nginx.log());
        thread::sleep(Duration::from_millis(20));
    }
    nginx
}

#[test]
fn a_node_works_behind_nginx_as_operations_describes_it() {
    let ca = FakeCa::start(Duration::from_secs(3_600));
    let files = ca.write_certificate(&ca.issue(DOMAIN, Duration::from_secs(3_600)));
    let node = Node::with_gateway(&[("web-origin", "https://chat.example"), ("trusted-proxy", "127.0.0.1")]);
    let [alice, _bob] = team(&node);
    let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let listen = port.to_string();
    let browser = TlsClient::new(&Web::new(&listen), DOMAIN, ca.root());
    let nginx = start(&ca, &server_block(&listen, &files, node.web().address()), &listen);

    let json_body = ("Content-Type", "application/json");
    let login = json!({ "user": "alice", "password": PASSWORD }).to_string();
    let origin = format!("https://{DOMAIN}");
    let answer = browser.request("POST", "/session", &[json_body, ("Origin", &origin)], login.as_bytes());
    let cookie = answer.header("set-cookie").unwrap_or_else(|| panic!("{answer:?}"));
    assert!(cookie.starts_with("__Host-papo-0=") && cookie.contains("; Secure; "), "{cookie}");
    let foreign = [json_body, ("Origin", "https://evil.example")];
    assert_eq!(browser.request("POST", "/session", &foreign, login.as_bytes()).status, 403);

    let mut socket = browser.socket(&token(&alice));
    assert!(socket.read().expect("a hello").into_text().expect("text").contains("\"user\":\"alice\""));
    let ping = json!({ "jsonrpc": "2.0", "id": 1, "method": "gateway.ping", "params": {} }).to_string();
    socket.send(Message::text(ping)).expect("sending succeeds");
    assert!(socket.read().expect("a reply").into_text().expect("text").contains("\"result\""));

    let bytes = vec![b'x'; 3 << 20];
    let sha256: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    let path = format!("/files/{}?to=%23ops&name=large.txt&sha256={sha256}", Uuid::now_v7());
    let bearer = format!("Bearer {}", token(&alice));
    let sent = browser.request("PUT", &path, &[("Authorization", &bearer)], &bytes);
    assert_eq!(sent.status, 200, "{sent:?}");
    drop(nginx);
}
