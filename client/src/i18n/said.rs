//! What the server, and the session for it, say in English: the same in Portuguese. The sentences are made where things
//! go wrong, which knows no language; here they are recognised by their words, and what was filled in is kept.

use super::{Language, Words};

/// A sentence, with `{}` where something is filled in, and its translation, with `{0}` for the first of these.
type Said = (&'static str, &'static str);

impl Words {
    /// A sentence of the server's in this language; nothing when it is of a later version.
    pub(super) fn said(self, english: &str) -> Option<String> {
        match self.language {
            Language::English => Some(english.to_owned()),
            Language::Portuguese => in_portuguese(english),
        }
    }
}

fn in_portuguese(english: &str) -> Option<String> {
    let tables = [NAMES_AND_TEXTS, ACCOUNTS, CHANNELS, MESSAGES, FILES, SEARCH, THE_SERVER, REQUESTS];
    let known = tables
        .into_iter()
        .flatten()
        .find_map(|(pattern, portuguese)| filled_in(pattern, english).map(|gaps| fill(portuguese, &gaps)));
    known.or_else(|| {
        // What is wrong with a parameter stands behind the name of the method.
        let (method, sentence) = english.split_once(": ")?;
        let is_method = method.contains('.') && !method.contains(' ');
        is_method.then(|| in_portuguese(sentence)).flatten()
    })
}

/// What stands in the gaps of a pattern, if the sentence is made from it.
fn filled_in<'a>(pattern: &str, sentence: &'a str) -> Option<Vec<&'a str>> {
    let mut pieces = pattern.split("{}");
    let mut rest = sentence.strip_prefix(pieces.next()?)?;
    let mut gaps = Vec::new();
    let mut pieces = pieces.peekable();
    while let Some(piece) = pieces.next() {
        let is_last = pieces.peek().is_none();
        let (gap, behind) = if is_last { (rest.strip_suffix(piece)?, "") } else { rest.split_once(piece)? };
        gaps.push(gap);
        rest = behind;
    }
    rest.is_empty().then_some(gaps)
}

fn fill(portuguese: &str, gaps: &[&str]) -> String {
    let fill = |text: String, (i, gap): (usize, &&str)| text.replace(&format!("{{{i}}}"), gap);
    gaps.iter().enumerate().fold(portuguese.to_owned(), fill)
}

const NAMES_AND_TEXTS: &[Said] = &[
    ("a name needs at least one character", "um nome precisa de pelo menos um caractere"),
    ("a name has at most {} characters", "um nome tem no máximo {0} caracteres"),
    (
        "names are made of letters, digits, '.', '_' and '-', without spaces, and begin with a letter or a digit",
        "nomes têm letras, dígitos, '.', '_' e '-', sem espaços, e começam com letra ou dígito",
    ),
    ("the name of a channel begins with '#'", "o nome de um canal começa com '#'"),
    ("say '#channel' or '@user'", "diga '#canal' ou '@usuário'"),
    ("a message needs some text", "uma mensagem precisa de algum texto"),
    (
        "a message has at most {} bytes; send a longer text in parts",
        "uma mensagem tem no máximo {0} bytes; mande um texto maior em partes",
    ),
    ("a subject has at most {} bytes", "um assunto tem no máximo {0} bytes"),
    (
        "a reaction is an emoji or a short word, without spaces, of at most {} bytes",
        "uma reação é um emoji ou uma palavra curta, sem espaços, de no máximo {0} bytes",
    ),
];

const ACCOUNTS: &[Said] = &[
    ("a password has at least {} characters", "uma senha tem pelo menos {0} caracteres"),
    ("a password has at most {} bytes", "uma senha tem no máximo {0} bytes"),
    (
        "a password may not be empty or hold control characters",
        "uma senha não pode ser vazia nem ter caracteres de controle",
    ),
    ("no such user, or not this password", "usuário ou senha errados"),
    ("this is not your password", "essa não é a sua senha"),
    (
        "too many wrong passwords: wait {} s, then try again",
        "senhas erradas demais: espere {0} s e tente de novo",
    ),
    (
        "too many log in at once: try again in a moment",
        "muita gente entrando ao mesmo tempo: tente de novo daqui a pouco",
    ),
    (
        "the server has not the memory to check a password; try again later",
        "falta memória ao servidor para conferir uma senha; tente mais tarde",
    ),
    (
        "this token opens no session (any more): log in again",
        "a sessão não existe (mais): entre de novo com /login NOME",
    ),
    (
        "an administrator has disabled this account: ask them; its sessions are ended",
        "quem administra o nó desativou esta conta: fale com essa pessoa; as sessões foram encerradas",
    ),
    ("you are not logged in: log in first", "você não está na sua conta: entre com /login NOME"),
    ("you logged out", "você saiu da sua conta"),
    ("another session has begun", "outra sessão começou"),
    ("you have no such session", "você não tem essa sessão: veja /sessions"),
    ("the name {} is taken", "o nome {0} já está em uso"),
    (
        "a user's name ends with a letter or a digit, and @here is everybody: {} could not be mentioned; take another name",
        "um nome de usuário termina com letra ou número, e @here são todos: {0} não poderia ser mencionado; escolha outro nome",
    ),
    (
        "the name {} is taken (perhaps by this very request, whose first answer was lost: try to log in)",
        "o nome {0} já está em uso (talvez por este mesmo pedido, cuja primeira resposta se perdeu: tente entrar)",
    ),
    ("there is no user {}", "o usuário {0} não existe: veja /users"),
    ("only administrators may do this", "só quem administra o nó pode fazer isto"),
    (
        "{} is the last administrator; promote somebody else first",
        "{0} é a última conta que administra o nó; promova outra antes",
    ),
    (
        "this account is disabled; ask an administrator of the node",
        "esta conta foi desativada; fale com quem administra o nó",
    ),
];

const CHANNELS: &[Said] = &[
    ("{} exists already: join it, or take another name", "{0} já existe: entre nele, ou escolha outro nome"),
    (
        "there is no channel {}; create it, or list the channels there are",
        "o canal {0} não existe: crie-o, ou veja /channels",
    ),
    ("you are not a member of {}; join it first", "você não está em {0}: entre primeiro"),
    ("you are not a member of {}: join it first", "você não está em {0}: entre primeiro"),
    ("your role in {} does not allow this", "seu papel em {0} não permite isso"),
    ("you were banned from {}", "você foi banido(a) de {0}"),
    ("{} is banned from {}; take the ban back first", "{0} tem um banimento em {1}; desfaça-o primeiro"),
    (
        "you are the last owner of {}; make somebody else an owner first",
        "ninguém mais é dono de {0}: passe a posse a alguém primeiro",
    ),
    ("{} is not a member of {}", "{0} não está em {1}: veja /members"),
    ("you have no invitation to {}", "não há convite seu para {0}: veja /invitations"),
    ("too many are invited to, or banned from, {}", "há convites ou banimentos demais em {0}"),
];

const MESSAGES: &[Said] = &[
    (
        "there is no message {} in {}, or it was deleted",
        "não há mensagem {0} em {1}, ou foi apagada: veja /history",
    ),
    ("only the author of a message may do this", "só quem escreveu a mensagem pode fazer isso"),
    ("your reaction {} is so already", "sua reação {0} já está assim"),
    (
        "a message can be edited {} times: send a new one",
        "uma mensagem pode ser editada {0} vezes: mande uma nova",
    ),
    ("a message can have {} reactions", "uma mensagem pode ter {0} reações"),
    (
        "you send too fast: wait {} ms, then send it again",
        "você está mandando rápido demais: espere {0} ms e mande de novo",
    ),
    ("this message id is taken; make a new one", "o id dessa mensagem já está em uso: mande-a de novo"),
    (
        "too many messages wait to be sent: try again when the server has taken some",
        "há mensagens demais esperando envio: tente de novo quando o servidor tiver recebido algumas",
    ),
    ("the session ended before this was sent", "a sessão terminou antes do envio"),
    (
        "this machine cannot keep it until it is sent: {}",
        "esta máquina não consegue guardá-la até o envio: {0}",
    ),
    ("the \"id\" of a message must be a UUID of version 7", "o \"id\" de uma mensagem é um UUID da versão 7"),
    (
        "the \"id\" of this message lies more than a day in the future: set your clock",
        "o \"id\" dessa mensagem está mais de um dia no futuro: acerte o relógio",
    ),
];

const FILES: &[Said] = &[
    (
        "the name of a file must have a letter or a digit",
        "o nome de um arquivo precisa de uma letra ou um dígito",
    ),
    ("the name of a file has at most {} bytes", "o nome de um arquivo tem no máximo {0} bytes"),
    (
        "the name of a file has no '/', no '\\' and no control characters",
        "o nome de um arquivo não tem '/', nem '\\', nem caracteres de controle",
    ),
    ("a file has at most {} bytes, this one has {}", "um arquivo tem no máximo {0} bytes, este tem {1}"),
    (
        "your files would take {} bytes, and may take {}: delete some that you have sent",
        "seus arquivos ocupariam {0} bytes, e podem ocupar {1}: apague alguns que você enviou",
    ),
    (
        "your files would take {} bytes, and may take {}: delete some that you have sent, or end what you are sending, which takes {} of them. One that nothing has come for in 5 minutes gives way to a new one",
        "seus arquivos ocupariam {0} bytes, e podem ocupar {1}: apague alguns que você enviou, ou termine o que está enviando, que ocupa {2} deles. Um que parou há 5 minutos dá lugar a um novo",
    ),
    (
        "you are sending {} files already: end one of them first. One that nothing has come for in 5 minutes gives way to a new one",
        "você já está enviando {0} arquivos: termine um deles primeiro. Um que parou há 5 minutos dá lugar a um novo",
    ),
    (
        "you are sending {} files already: end one of them first. {}",
        "você já está enviando {0} arquivos: termine um deles primeiro. {1}",
    ),
    (
        "a file with this SHA-256 has {} bytes, not {}: measure it anew",
        "um arquivo com este SHA-256 tem {0} bytes, e não {1}: envie-o de novo",
    ),
    (
        "this file is being completed: ask again in a moment",
        "esse arquivo está sendo concluído: tente de novo daqui a pouco",
    ),
    (
        "too many parts of files at once: try again in a moment",
        "muitas partes de arquivos ao mesmo tempo: tente de novo daqui a pouco",
    ),
    (
        "too many files are completed at once: try again in a moment",
        "muitos arquivos sendo concluídos ao mesmo tempo: tente de novo daqui a pouco",
    ),
    ("there is no file {} in {}", "não há arquivo {0} em {1}, ou foi apagado"),
    (
        "there is no such upload of yours (any more): begin it anew",
        "esse envio não existe (mais): comece de novo",
    ),
    ("this id belongs to another upload; make a new one", "esse id é de outro envio: comece de novo"),
    (
        "the server has {} bytes of this file: go on from there",
        "o servidor tem {0} bytes desse arquivo: continue daí",
    ),
    (
        "what was uploaded is not what was announced: begin it anew",
        "o arquivo que chegou não é o anunciado: envie-o de novo",
    ),
    (
        "the server's disk is full: nothing was lost, go on when its operator has made room",
        "o disco do servidor está cheio: nada se perdeu, continue quando houver espaço",
    ),
    (
        "the server cannot write or read files now: try again later",
        "o servidor não consegue guardar nem ler arquivos agora: tente mais tarde",
    ),
    (
        "the server's disk failed, and the upload is gone: begin it anew",
        "o disco do servidor falhou, e o envio se perdeu: comece de novo",
    ),
    ("a SHA-256 is 64 hexadecimal digits", "um SHA-256 tem 64 dígitos hexadecimais"),
    ("a chunk has 1 to {} bytes, this one has {}", "uma parte tem de 1 a {0} bytes, esta tem {1}"),
    (
        "the file was to have {} bytes, and this chunk ends behind them",
        "o arquivo teria {0} bytes, e esta parte termina depois",
    ),
    ("the file has {} bytes, and you ask from {} on", "o arquivo tem {0} bytes, e você pede a partir de {1}"),
    (
        "file.chunk needs its bytes as a frame behind the line, and must be the only line",
        "file.chunk precisa dos bytes em um quadro atrás da linha, e tem de ser a única linha",
    ),
    (
        "file.get must be the only line of its frame, because its reply has bytes",
        "file.get tem de ser a única linha do quadro, porque a resposta tem bytes",
    ),
];

const SEARCH: &[Said] = &[
    (
        "say what to look for: words, \"a phrase\", from:alice, in:#general, before:2026-01-31, after:2026-01-31",
        "diga o que procurar: palavras, \"uma frase\", from:alice, in:#geral, before:2026-01-31, after:2026-01-31",
    ),
    (
        "there is nothing to look for: words have letters or digits",
        "não há o que procurar: palavras têm letras ou dígitos",
    ),
    ("a query has at most {} bytes and {} words", "uma busca tem no máximo {0} bytes e {1} palavras"),
    (
        "a phrase begins and ends with \": one of them is missing",
        "uma frase começa e termina com \": falta uma delas",
    ),
    ("{}: needs a name behind it, such as {}:{}", "{0}: precisa de um nome depois, como {1}:{2}"),
    (
        "{}: takes whole days (UTC), such as {}:2026-01-31, and no time",
        "{0}: aceita dias inteiros (UTC), como {1}:2026-01-31, sem hora",
    ),
    (
        "{}: needs a date behind it, such as {}:2026-01-31",
        "{0}: precisa de uma data depois, como {1}:2026-01-31",
    ),
    ("{}: may be said once only", "{0}: só pode ser dito uma vez"),
    (
        "too many search at once: try again in a moment",
        "muita gente buscando ao mesmo tempo: tente de novo daqui a pouco",
    ),
    (
        "the index of the search is not ready: try again in a moment",
        "o índice da busca não está pronto: tente de novo daqui a pouco",
    ),
    ("the search failed; the server's log says why", "a busca falhou; o log do servidor diz por quê"),
];

const THE_SERVER: &[Said] = &[
    ("the server failed; its log says why", "o servidor falhou; o log dele diz por quê"),
    ("nothing was recorded", "nada foi registrado"),
    (
        "the server cannot read its log; its operator must look at it",
        "o servidor não consegue ler o próprio log; quem o administra tem de olhar",
    ),
    (
        "a part of this conversation is damaged on the server ({}, byte {}): its operator must restore it from a backup",
        "uma parte desta conversa está danificada no servidor ({0}, byte {1}): quem o administra tem de restaurá-la de um backup",
    ),
    (
        "the server's disk is full: nothing was stored; its operator must make room",
        "o disco do servidor está cheio: nada foi guardado; quem o administra tem de abrir espaço",
    ),
    (
        "the server cannot write its log; send it again later",
        "o servidor não consegue escrever o próprio log; mande de novo mais tarde",
    ),
    ("too much for one reply: ask again", "é demais para uma resposta: peça de novo"),
    (
        "the server (papo {}) speaks versions {} to {} of the protocol, this client {} to {}: update the older one",
        "o servidor (papo {0}) fala as versões {1} a {2} do protocolo, este cliente {3} a {4}: atualize o mais antigo",
    ),
    (
        "the server's answer makes no sense ({}): are the versions the same?",
        "a resposta do servidor não faz sentido ({0}): as versões são as mesmas?",
    ),
    (
        "the server's answer lacks its bytes: are the versions the same?",
        "faltam os bytes na resposta do servidor: as versões são as mesmas?",
    ),
    ("something else is followed now", "agora se acompanha outra coisa"),
    (
        "too many requests wait for their answers: wait a little",
        "há pedidos demais esperando resposta: espere um pouco",
    ),
];

const REQUESTS: &[Said] = &[
    ("there is no method \"{}\"", "o servidor não conhece \"{0}\": as versões são as mesmas?"),
    ("a frame holds at most {} lines, this one has {}", "um quadro tem no máximo {0} linhas, este tem {1}"),
    ("a line has at most {} bytes, this one has {}", "uma linha tem no máximo {0} bytes, esta tem {1}"),
    ("not UTF-8: {}", "não é UTF-8: {0}"),
    ("not a JSON-RPC request: {}", "não é um pedido de JSON-RPC: {0}"),
    (
        "a request needs an \"id\": a string or a number of at most {} bytes",
        "um pedido precisa de um \"id\": um texto ou um número de no máximo {0} bytes",
    ),
    ("a request needs \"jsonrpc\":\"2.0\"", "um pedido precisa de \"jsonrpc\":\"2.0\""),
    ("a request needs a \"method\": a string", "um pedido precisa de um \"method\": um texto"),
    ("\"params\" must be an object", "\"params\" tem de ser um objeto"),
    ("missing field `{}`", "falta o campo `{0}`"),
];

#[cfg(test)]
mod tests;
