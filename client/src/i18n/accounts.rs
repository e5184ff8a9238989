//! Messages about accounts and sessions.

use common::UserName;

super::messages! {
    nobody_is_logged_in() {
        en: "you are not logged in: /login NAME, or /register NAME",
        pt: "você ainda não entrou: /login NOME ou /register NOME",
    }
    you_are(user: &UserName) {
        en: "you are {user}",
        pt: "você é {user}",
    }
    name_set(name: &str) {
        en: "others now see {name} next to your name",
        pt: "os outros agora veem {name} ao lado do seu nome",
    }
    name_removed() {
        en: "your display name was removed",
        pt: "seu nome de exibição foi apagado",
    }
    usage_name() {
        en: "give your display name: /name TEXT; /name - removes it",
        pt: "informe seu nome de exibição: /name TEXTO; /name - apaga esse nome",
    }
    logged_out() {
        en: "you are logged out",
        pt: "você saiu da sua conta",
    }
    session_ended() {
        en: "-- your session has ended: log in again with /login NAME --",
        pt: "-- sua sessão terminou: entre de novo com /login NOME --",
    }
    session_ended_because(error: &str) {
        en: "-- your session has ended: {error} --",
        pt: "-- sua sessão terminou: {error} --",
    }
    password_changed(ended: u64) {
        en: "your password was changed, and {ended} other sessions were ended",
        pt: "sua senha foi alterada, e {ended} outras sessões foram encerradas",
        one ended: { en: "your password was changed, and 1 other session was ended", pt: "sua senha foi alterada, e 1 outra sessão foi encerrada" },
    }
    account_deleted() {
        en: "your account was deleted, and its name cannot be used again",
        pt: "sua conta foi apagada, e o nome dela não poderá ser usado de novo",
    }
    account_of_user_deleted(user: &UserName) {
        en: "the account of {user} was deleted, and its name cannot be used again",
        pt: "a conta de {user} foi apagada, e o nome dela não poderá ser usado de novo",
    }
    usage_delete_account() {
        en: "use /delete-account, or /delete-account erase to also delete your messages",
        pt: "use /delete-account, ou /delete-account erase para apagar também suas mensagens",
    }
    user_blocked(user: &UserName) {
        en: "{user} is blocked: you no longer receive their messages and invitations",
        pt: "{user} foi bloqueado(a): você não recebe mais suas mensagens e convites",
    }
    user_unblocked(user: &UserName) {
        en: "{user} is no longer blocked",
        pt: "{user} não está mais bloqueado(a)",
    }
    hidden_message(user: &UserName) {
        en: "(a message of {user}, whom you have blocked)",
        pt: "(mensagem de {user}, que você bloqueou)",
    }
    no_blocks() {
        en: "you have not blocked any users",
        pt: "você não bloqueou ninguém",
    }
    block(user: &UserName, since: &str) {
        en: "@{user} (blocked since {since})",
        pt: "@{user} (desde {since})",
    }
    sessions_ended(ended: u64) {
        en: "{ended} sessions were ended",
        pt: "{ended} sessões foram encerradas",
        one ended: { en: "1 session was ended", pt: "1 sessão foi encerrada" },
    }
    session(mark: char, session: uuid::Uuid, opened: &str, expires: &str) {
        en: "{mark} {session} opened {opened}, expires {expires}",
        pt: "{mark} {session} aberta em {opened}, expira em {expires}",
    }
    usage_revoke() {
        en: "use /revoke others, or /revoke ID with an id from /sessions",
        pt: "use /revoke others, ou /revoke ID com um id de /sessions",
    }
    only_the_name() {
        en: "give only the name: papo asks for the password and does not show it",
        pt: "informe só o nome: o papo pede a senha depois, sem mostrá-la",
    }
    ask_password() {
        en: "password: ",
        pt: "senha: ",
    }
    choose_password() {
        en: "choose a password: ",
        pt: "escolha uma senha: ",
    }
    repeat_password() {
        en: "repeat the password: ",
        pt: "repita a senha: ",
    }
    passwords_differ() {
        en: "the two passwords differ: try again",
        pt: "as senhas não são iguais: tente de novo",
    }
    no_terminal_for_password() {
        en: "there is no terminal to ask for the password: set PAPO_PASSWORD, or use --password-file",
        pt: "não há terminal para pedir a senha: defina PAPO_PASSWORD ou use --password-file",
    }
}
