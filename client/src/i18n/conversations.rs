//! Messages about conversations, their messages, and the lines that a user types.

use common::{Target, UserName};

super::messages! {
    no_messages(conversation: &Target) {
        en: "-- {conversation}: no messages yet --",
        pt: "-- {conversation}: ainda não há mensagens --",
    }
    shown_from(conversation: &Target, n: u64) {
        en: "-- {conversation} from {n} on --",
        pt: "-- {conversation} a partir de {n} --",
    }
    not_sent(to: &Target, error: &str, text: &str) {
        en: "not sent to {to}: {error} -- {text}",
        pt: "não enviada para {to}: {error} -- {text}",
    }
    delayed(to: &Target, text: &str) {
        en: "-- waiting to be sent to {to}: {text} --",
        pt: "-- aguardando envio para {to}: {text} --",
    }
    unsent_messages(count: usize) {
        en: "-- {count} messages of an earlier chat were not sent; papo sends them now --",
        pt: "-- {count} mensagens da última vez não foram enviadas; o papo as envia agora --",
        one count: { en: "-- 1 message of an earlier chat was not sent; papo sends it now --", pt: "-- 1 mensagem da última vez não foi enviada; o papo a envia agora --" },
    }
    unsent_messages_of_command(count: usize) {
        en: "{count} messages of an earlier command were not sent; papo sends them first",
        pt: "{count} mensagens de um comando anterior não foram enviadas; o papo as envia primeiro",
        one count: {
            en: "1 message of an earlier command was not sent; papo sends it first",
            pt: "1 mensagem de um comando anterior não foi enviada; o papo a envia primeiro"
        },
    }
    messages_not_sent(count: usize) {
        en: "{count} messages were not sent",
        pt: "{count} mensagens não foram enviadas",
        one count: { en: "1 message was not sent", pt: "1 mensagem não foi enviada" },
    }
    nothing_open() {
        en: "no conversation is open: /open #channel or /open @user, or see /channels",
        pt: "nenhuma conversa está aberta: /open #canal ou /open @usuário, ou veja /channels",
    }
    channel_or_user() {
        en: "give a #channel or a @user",
        pt: "informe um #canal ou um @usuário",
    }
    usage_history() {
        en: "give a number: /history 120 shows the events before 120",
        pt: "informe um número: /history 120 mostra os eventos anteriores ao 120",
    }
    no_such_command(name: &str) {
        en: "there is no command /{name}: /help lists the commands; //{name} sends the line as a message, and the Up key brings it back",
        pt: "o comando /{name} não existe: /help lista os comandos; //{name} envia a linha como mensagem, e a seta para cima a traz de volta",
    }
    mistyped_command(name: &str, nearest: &str) {
        en: "there is no command /{name}: did you mean /{nearest}? //{name} sends the line as a message, and the Up key brings it back",
        pt: "o comando /{name} não existe: quis dizer /{nearest}? //{name} envia a linha como mensagem, e a seta para cima a traz de volta",
    }
    bot_is_offline(bot: &UserName) {
        en: "{bot} is not present: it gets the command when it is back",
        pt: "{bot} não está presente: recebe o comando quando voltar",
    }
    usage_link() {
        en: "give the number of an event: /link 17",
        pt: "informe o número de um evento: /link 17",
    }
    link_to_other_server(server: &str) {
        en: "the link leads to another server: papo chat --server tcp://{server}",
        pt: "o link leva a outro servidor: papo chat --server tcp://{server}",
    }
    no_help(name: &str, nearest: &str) {
        en: "there is no command {name}; see /help {nearest}, or /help for all commands",
        pt: "o comando {name} não existe; veja /help {nearest}, ou /help para todos os comandos",
    }
    usage(name: &str, arguments: &str, help: &str) {
        en: "usage: /{name} {arguments}: {help}",
        pt: "uso: /{name} {arguments}: {help}",
    }
    any_other_line() {
        en: "any other line is a message to the open conversation; //text sends /text",
        pt: "qualquer outra linha é uma mensagem para a conversa aberta; //texto envia /texto",
    }
}
