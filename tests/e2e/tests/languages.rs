//! Tests of the chat commands in English and Portuguese, in a real terminal.

use e2e::{Node, PASSWORD, peers};
use serde_json::json;

use crate::terminal_user::TerminalUser;

/// A typed line, and the text that appears in English and in Portuguese.
const STEPS: &[(&str, &str, &str)] = &[
    ("/help", "/join #CHANNEL", "/join #CANAL"),
    ("oi", "no conversation is open", "nenhuma conversa está aberta"),
    ("/create #geral", "alice created #geral", "alice criou #geral"),
    ("/create #geral", "#geral already exists", "#geral já existe: entre nele"),
    ("/topic o almoço", "the subject of #geral was changed", "o assunto de #geral foi alterado"),
    ("/invite bob", "bob can now join #geral", "bob já pode entrar em #geral"),
    ("/kick ninguem", "ninguem is not a member of #geral", "ninguem não está em #geral: veja /members"),
    ("/ban bob", "bob is banned from #geral", "bob foi banido(a) de #geral"),
    ("/unban bob", "bob is no longer banned from #geral", "bob não está mais banido(a) de #geral"),
    ("/role bob king", "use /role NAME owner", "use /role NOME owner"),
    ("/members", "@alice (owner)", "@alice (dono(a))"),
    ("/private on", "only invited users can join", "só entra quem tem convite"),
    ("/history x", "give a number: /history 120", "informe um número: /history 120"),
    ("/msg @ninguem oi", "not sent to @ninguem", "não enviada para @ninguem"),
    ("/open bob", "give a #channel or a @user", "informe um #canal ou um @usuário"),
    ("/search from:", "from: needs a name after it", "from: precisa de um nome depois"),
    ("/search \"oi", "add the missing quotation mark", "ponha a aspa que falta"),
    ("/search before:ontem", "before: needs a date after it", "before: precisa de uma data depois"),
    ("/edit 1 oi", "there is no message 1 in #geral", "a mensagem 1 de #geral não existe"),
    ("/sessions", "opened", "aberta em"),
    ("/revoke others", "0 sessions were ended", "0 sessões foram encerradas"),
    ("/menu", "menu: type a number", "menu: digite um número"),
    ("0", "you are back in the chat", "você voltou à conversa"),
    ("/xyz", "there is no command /xyz", "o comando /xyz não existe"),
    ("/logout", "you are logged out", "você saiu da sua conta"),
    ("oi", "you are not logged in", "você ainda não entrou"),
];

#[test]
fn the_chat_commands_work_in_english() {
    type_all("en", |(typed, en, _)| (typed, en));
}

#[test]
fn the_chat_commands_work_in_portuguese() {
    type_all("pt-BR", |(typed, _, pt)| (typed, pt));
}

#[test]
fn a_failed_start_is_explained_in_the_language_of_the_user() {
    let config = tempfile::TempDir::new().expect("a folder");
    let chat = |server: &str, lang: &str| {
        let config = config.path().to_str().expect("UTF-8");
        let arguments = ["chat", "--server", server, "--config", config, "--data", config, "--lang", lang];
        let finished = e2e::Process::run(arguments);
        (finished.code, finished.log)
    };
    for (server, code, english, portuguese) in [
        (
            "tcp://a.example:1",
            1,
            "the key of tcp://a.example:1 is not known",
            "a chave de tcp://a.example:1 não é conhecida",
        ),
        ("papo://x", 2, "an invite has a key", "um convite tem uma chave"),
    ] {
        for (lang, sentence) in [("en", english), ("pt-BR", portuguese)] {
            let (exit, log) = chat(server, lang);
            assert_eq!(exit, Some(code), "{log}");
            assert!(log.starts_with(&format!("papo: {sentence}")), "{log}");
        }
    }
}

#[test]
fn a_revoked_or_disabled_user_sees_the_reason_once() {
    let node = Node::up();
    let [mut admin] = peers(&node, ["admin"]);
    for (lang, name, disabled, ended) in [
        (
            "en",
            "bob",
            "an administrator disabled your account",
            "your session has ended: log in again with /login NAME",
        ),
        ("pt-BR", "joão", "sua conta foi desativada", "sua sessão terminou: entre de novo com /login NOME"),
    ] {
        let user = TerminalUser::register(&node, name, lang);
        let mut other = node.peer();
        other.login(name).expect("another session");
        other.call("session.revoke", json!({})).expect("the first session ends");
        user.types("/users");
        user.sees(ended);
        user.sees_prompt("papo>");
        assert!(!user.terminal.transcript().contains("papo: "), "{}", user.terminal.transcript());

        user.types(&format!("/login {name}"));
        user.terminal.wait_until("asks", |screen| {
            screen.trim_end().ends_with(if lang == "en" { "password:" } else { "senha:" })
        });
        user.types(PASSWORD);
        user.terminal.wait_until("lets in", |screen| screen.matches(name).count() > 3);
        user.sees_prompt("papo>");
        admin.call("admin.disable", json!({"user": name, "disabled": true})).expect("disabled");
        user.types("/users");
        user.sees(disabled);
        user.sees_prompt("papo>");
        let transcript = user.terminal.transcript();
        assert_eq!(transcript.matches(disabled).count(), 1, "{transcript}");
    }
}

fn type_all(
    lang: &str,
    of: impl Fn(&(&'static str, &'static str, &'static str)) -> (&'static str, &'static str),
) {
    let node = Node::up();
    let alice = TerminalUser::register(&node, "alice", lang);
    let [_bob] = peers(&node, ["bob"]);
    for step in STEPS {
        let (typed, expected) = of(step);
        let before = alice.terminal.output().matches(expected).count();
        alice.types(typed);
        alice.terminal.wait_until_output(&format!("{expected:?} after {typed:?}"), |output| {
            output.matches(expected).count() > before
        });
    }
}
