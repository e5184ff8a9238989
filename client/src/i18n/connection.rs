//! Sentences about the connection.

super::sentences! {
    connection_lost() {
        en: "-- the server does not answer; trying again --",
        pt: "-- o servidor não responde; tentando de novo --",
    }
    connection_restored() {
        en: "-- the server answers again --",
        pt: "-- o servidor voltou a responder --",
    }
    set_back() {
        en: "-- the server has gone back to an earlier state, perhaps a backup: what it does not know any more is gone --",
        pt: "-- o servidor voltou a um estado anterior, talvez um backup: o que ele já não conhece se perdeu --",
    }
    connected(server: &str) {
        en: "connected to {server}",
        pt: "conectado a {server}",
    }
    connecting(server: &str) {
        en: "connecting to {server}",
        pt: "conectando a {server}",
    }
    reconnecting(server: &str) {
        en: "reconnecting to {server}",
        pt: "reconectando a {server}",
    }
    offline(server: &str) {
        en: "offline: {server} does not answer; trying again",
        pt: "sem conexão: {server} não responde; tentando de novo",
    }
    waiting(count: usize) {
        en: "waiting to be sent: {count}",
        pt: "esperando envio: {count}",
    }
    complete_up_to(conversation: &common::Target, n: u64) {
        en: "complete up to {conversation} {n}",
        pt: "completo até {conversation} {n}",
    }
    shown_of(conversation: &common::Target, n: u64, head: u64) {
        en: "{conversation}: shown up to {n} of {head}; the others are on their way",
        pt: "{conversation}: mostrado até {n} de {head}; o resto está a caminho",
    }
    prompt_connecting(count: usize) {
        en: "connecting, {count} waiting",
        pt: "conectando, {count} esperando",
    }
    prompt_reconnecting(count: usize) {
        en: "reconnecting, {count} waiting",
        pt: "reconectando, {count} esperando",
    }
    prompt_offline(count: usize) {
        en: "offline, {count} waiting",
        pt: "sem conexão, {count} esperando",
    }
    prompt_waiting(count: usize) {
        en: "{count} waiting",
        pt: "{count} esperando",
    }
    offline_note() {
        en: "-- the server does not answer yet: what you say is kept, and sent when it does --",
        pt: "-- o servidor ainda não responde: o que você disser fica guardado e vai quando ele voltar --",
    }
    as_it_was(conversation: &common::Target, n: u64) {
        en: "-- {conversation} up to {n}, as it was --",
        pt: "-- {conversation} até {n}, como estava --",
    }
    kept_for_later(count: usize) {
        en: "kept, and sent by the next papo chat: {count}",
        pt: "guardadas, para o próximo papo chat enviar: {count}",
    }
    unreachable(server: &str, seconds: f32, question: &str) {
        en: "cannot reach {server} (waited {seconds} s): {question}",
        pt: "não consigo falar com {server} (esperei {seconds} s): {question}",
    }
    is_node_running() {
        en: "is `papo up` running there, and without --plaintext? If so it may have a new key: ask for its new invite",
        pt: "o `papo up` está rodando lá, e sem --plaintext? Se sim, a chave pode ter mudado: peça o convite novo",
    }
    is_plain_node_running() {
        en: "is `papo up --plaintext` running there?",
        pt: "o `papo up --plaintext` está rodando lá?",
    }
    nobody_at(server: &str) {
        en: "nobody is logged in at {server} here: log in first",
        pt: "ninguém entrou em {server} por aqui: entre primeiro",
    }
    too_much_at_once() {
        en: "too much at once: try again in a moment",
        pt: "muita coisa de uma vez: tente de novo daqui a pouco",
    }
    connection_ended() {
        en: "the connection ended: start again",
        pt: "a conexão terminou: comece de novo",
    }
    unexpected_answer() {
        en: "papo answered something else than was asked: please report this",
        pt: "o papo respondeu outra coisa: por favor, avise quem o desenvolve",
    }
    output_closed() {
        en: "the output was closed",
        pt: "a saída foi fechada",
    }
}
