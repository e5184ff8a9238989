//! Messages about the connection.

use common::Target;

super::messages! {
    connection_lost() {
        en: "-- the server does not answer; trying again --",
        pt: "-- o servidor não responde; tentando de novo --",
    }
    connection_restored() {
        en: "-- the server answers again --",
        pt: "-- o servidor voltou a responder --",
    }
    rolled_back() {
        en: "-- the server returned to an earlier state, probably a backup: newer messages are lost --",
        pt: "-- o servidor voltou a um estado anterior, provavelmente um backup: as mensagens mais novas se perderam --",
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
        en: "{count} messages are waiting to be sent",
        pt: "{count} mensagens aguardam envio",
        one count: { en: "1 message is waiting to be sent", pt: "1 mensagem aguarda envio" },
    }
    complete_up_to(conversation: &Target, n: u64) {
        en: "complete up to {conversation} {n}",
        pt: "completo até {conversation} {n}",
    }
    shown_up_to(conversation: &Target, n: u64, head: u64) {
        en: "{conversation}: shown up to {n} of {head}; papo is fetching the rest",
        pt: "{conversation}: exibido até {n} de {head}; o papo está buscando o resto",
    }
    prompt_connecting(count: usize) {
        en: "connecting, {count} waiting",
        pt: "conectando, {count} aguardando",
    }
    prompt_reconnecting(count: usize) {
        en: "reconnecting, {count} waiting",
        pt: "reconectando, {count} aguardando",
    }
    prompt_offline(count: usize) {
        en: "offline, {count} waiting",
        pt: "sem conexão, {count} aguardando",
    }
    prompt_waiting(count: usize) {
        en: "{count} waiting",
        pt: "{count} aguardando",
    }
    offline_note() {
        en: "-- the server does not answer yet: papo keeps your messages and sends them when it does --",
        pt: "-- o servidor ainda não responde: o papo guarda suas mensagens e as envia quando ele voltar --",
    }
    cached_up_to(conversation: &Target, n: u64) {
        en: "-- {conversation} up to {n}, from the copy on this machine --",
        pt: "-- {conversation} até {n}, da cópia nesta máquina --",
    }
    kept_for_later(count: usize) {
        en: "{count} messages were not sent; the next papo send or papo chat sends them",
        pt: "{count} mensagens não foram enviadas; o próximo papo send ou papo chat as envia",
        one count: { en: "1 message was not sent; the next papo send or papo chat sends it", pt: "1 mensagem não foi enviada; o próximo papo send ou papo chat a envia" },
    }
    unreachable(server: &str, seconds: f32, question: &str) {
        en: "cannot reach {server} (waited {seconds} s): {question}",
        pt: "{server} não respondeu em {seconds} s: {question}",
    }
    question_encrypted() {
        en: "is `papo up` running there without --plaintext? If it is, its key may have changed: ask for the new invite",
        pt: "o `papo up` está rodando lá, sem --plaintext? Se estiver, a chave pode ter mudado: peça o convite novo",
    }
    question_plain() {
        en: "is `papo up --plaintext` running there?",
        pt: "o `papo up --plaintext` está rodando lá?",
    }
    not_logged_in_at(server: &str) {
        en: "you are not logged in at {server}: run `papo login NAME` first",
        pt: "você ainda não entrou em {server}: rode antes `papo login NOME`",
    }
    too_many_commands() {
        en: "too many commands at once: try again in a moment",
        pt: "comandos demais ao mesmo tempo: tente de novo daqui a pouco",
    }
    connection_ended() {
        en: "the connection ended: start papo again",
        pt: "a conexão foi encerrada: abra o papo de novo",
    }
    unexpected_answer() {
        en: "papo received an unexpected answer: this is a bug, please report it",
        pt: "o papo recebeu uma resposta inesperada: isso é um bug, avise quem desenvolve o papo",
    }
    output_closed() {
        en: "the output was closed",
        pt: "a saída foi fechada",
    }
}
