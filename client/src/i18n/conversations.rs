//! Sentences about what is said, and about the lines typed.

use common::Target;

super::sentences! {
    nothing_said(conversation: &Target) {
        en: "-- {conversation}: nothing was said yet --",
        pt: "-- {conversation}: ninguém disse nada ainda --",
    }
    shown_from(conversation: &Target, n: u64) {
        en: "-- {conversation} from {n} on --",
        pt: "-- {conversation} a partir de {n} --",
    }
    not_sent(to: &Target, error: &str, text: &str) {
        en: "not sent to {to}: {error} -- {text}",
        pt: "não enviada para {to}: {error} -- {text}",
    }
    pending(to: &Target, text: &str) {
        en: "-- waiting to be sent to {to}: {text} --",
        pt: "-- esperando envio para {to}: {text} --",
    }
    recalled(count: usize) {
        en: "-- waiting to be sent, from before: {count} --",
        pt: "-- esperando envio desde antes: {count} --",
    }
    some_not_sent(count: usize) {
        en: "messages that were not sent: {count}",
        pt: "mensagens que não foram enviadas: {count}",
    }
    nothing_open() {
        en: "no conversation is open: /open #channel or /open @user, or see /channels",
        pt: "nenhuma conversa está aberta: /open #canal ou /open @usuário, ou veja /channels",
    }
    channel_or_user() {
        en: "say a #channel or a @user",
        pt: "diga um #canal ou um @usuário",
    }
    say_a_number() {
        en: "say a number: /history 120 shows what came before it",
        pt: "diga um número: /history 120 mostra o que veio antes dele",
    }
    no_such_command(name: &str) {
        en: "there is no /{name}: /help lists the commands",
        pt: "não existe /{name}: /help lista os comandos",
    }
    usage(name: &str, arguments: &str, help: &str) {
        en: "say /{name} {arguments}: {help}",
        pt: "diga /{name} {arguments}: {help}",
    }
    anything_else_is_said() {
        en: "anything else is said in the open conversation; //text says /text",
        pt: "tudo o mais é dito na conversa aberta; //texto diz /texto",
    }
}
