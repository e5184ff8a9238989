//! Sentences about accounts and sessions.

use common::UserName;

super::sentences! {
    nobody_is_logged_in() {
        en: "you are not logged in: /login NAME, or /register NAME",
        pt: "você não entrou ainda: /login NOME, ou /register NOME",
    }
    you_are(user: &UserName) {
        en: "you are {user}",
        pt: "você é {user}",
    }
    logged_out() {
        en: "you are logged out",
        pt: "você saiu da sua conta",
    }
    session_ended() {
        en: "-- your session was ended: go on with /login NAME --",
        pt: "-- sua sessão foi encerrada: continue com /login NOME --",
    }
    session_ended_because(error: &str) {
        en: "-- your session was ended: {error} --",
        pt: "-- sua sessão foi encerrada: {error} --",
    }
    password_changed(ended: u64) {
        en: "the password is changed; other sessions that were ended: {ended}",
        pt: "a senha foi trocada; outras sessões encerradas: {ended}",
    }
    sessions_ended(ended: u64) {
        en: "sessions that were ended: {ended}",
        pt: "sessões encerradas: {ended}",
    }
    session(mark: char, session: uuid::Uuid, opened: &str, expires: &str) {
        en: "{mark} {session} opened {opened}, ends {expires}",
        pt: "{mark} {session} aberta em {opened}, termina em {expires}",
    }
    which_session() {
        en: "which session? /revoke others, or an id that /sessions lists",
        pt: "qual sessão? /revoke others, ou um id que /sessions lista",
    }
    only_the_name() {
        en: "say only the name: the password is asked for, and not shown",
        pt: "diga só o nome: a senha é perguntada depois, e não aparece",
    }
    ask_password() {
        en: "password: ",
        pt: "senha: ",
    }
    choose_password() {
        en: "choose a password: ",
        pt: "escolha uma senha: ",
    }
    password_once_more() {
        en: "once more: ",
        pt: "mais uma vez: ",
    }
    passwords_differ() {
        en: "the two passwords differ: try again",
        pt: "as duas senhas são diferentes: tente de novo",
    }
    no_terminal_for_password() {
        en: "there is no terminal to ask for the password: set PAPO_PASSWORD, or say --password-file",
        pt: "não há terminal para perguntar a senha: defina PAPO_PASSWORD, ou use --password-file",
    }
}
