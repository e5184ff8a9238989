//! The errors of the protocol in Portuguese. The table of `common` has the English sentences.

use common::Detail;

/// Declares the translations. A missing detail, or a sentence without one of its arguments, does not compile.
macro_rules! translations {
    ($($detail:ident $({ $($arg:ident),+ })? $sentence:literal;)+) => {
        pub(super) fn in_portuguese(detail: &Detail) -> String {
            match detail { $(Detail::$detail $({ $($arg),+ })? => format!($sentence),)+ }
        }
    };
}

translations! {
    // Invalid requests: a user sees these only if client and server have different versions.
    NotUtf8 { error } "a linha não está em UTF-8: {error}";
    NotJson { error } "a linha não é JSON: {error}";
    NotRequest { error } "a linha não é um pedido JSON-RPC: {error}";
    NoId { max } "um pedido precisa de um \"id\": um texto ou um número de no máximo {max} bytes";
    NoVersion "um pedido precisa de \"jsonrpc\":\"2.0\"";
    NoMethod "um pedido precisa de um \"method\": um texto";
    NoEmptyFrame "envie um quadro vazio antes das linhas do pedido, como um socket REQ faz sozinho";
    TooManyFrames { max } "uma mensagem tem no máximo {max} quadros: envie o quadro vazio, as linhas do pedido e no máximo um quadro de bytes";
    NoChunkBytes "file.chunk precisa dos bytes em um quadro depois da linha, e deve ser a única linha";
    FileGetNotAlone "um pedido cuja resposta traz bytes deve ser a única linha do quadro";
    OnlyWebSocket { method } "{method} só funciona em um WebSocket: abra /ws";
    MethodNotFound { method } "o servidor não conhece \"{method}\": confira se cliente e servidor são da mesma versão";
    ParamsNotObject "\"params\" deve ser um objeto";
    BadParams { method, error } "{method}: {error}";
    NoToken { method } "{method} precisa de um \"token\": entre primeiro";

    // Names, texts and passwords.
    NameEmpty "um nome precisa de pelo menos um caractere";
    NameTooLong { max } "um nome pode ter no máximo {max} caracteres";
    NameCharacters "um nome só pode ter letras, dígitos, '.', '_' e '-', e deve começar com letra ou dígito";
    NameDirection "um nome com letras da direita para a esquerda deve começar com uma delas, não pode ter letras da esquerda para a direita nem dois tipos de dígitos, e deve terminar com letra ou dígito";
    ChannelWithoutHash "o nome de um canal deve começar com '#'";
    TargetWithoutSign "escreva '#canal' ou '@usuário'";
    NotMentionable { user } "ninguém poderia mencionar @{user}: escolha um nome que termine com letra ou dígito e não seja \"here\"";
    TextEmpty "escreva algum texto na mensagem";
    TextTooLong { max } "uma mensagem pode ter no máximo {max} bytes: envie um texto maior em várias mensagens";
    DisplayNameTooLong { max } "um nome de exibição pode ter no máximo {max} caracteres: escreva um mais curto";
    DisplayNameCharacters "um nome de exibição precisa ser visível e não pode ter caracteres de controle, quebras de linha ou marcas de direção";
    SubjectTooLong { max } "um assunto pode ter no máximo {max} bytes: escreva um mais curto";
    BadReaction { max } "uma reação deve ser um emoji ou uma palavra curta, sem espaços, de no máximo {max} bytes";
    PasswordTooShort { min } "a senha deve ter pelo menos {min} caracteres: escolha uma mais longa";
    PasswordTooLong { max } "a senha deve ter no máximo {max} bytes: escolha uma mais curta";
    PasswordBlank "a senha precisa de um caractere que não seja espaço: escolha outra senha";
    NameConfusable { user, known } "{user} se confunde com {known}: escolha outro nome";
    NameMixesScripts "um nome usa letras de um só alfabeto: não misture letras latinas com letras de outro alfabeto";
    JoinCodeBounds { uses, days, note } "um código de entrada pode valer para 1 a {uses} contas, por 1 a {days} dias, e ter uma anotação de no máximo {note} bytes";
    PasswordCharacters "a senha não pode ser vazia nem ter caracteres de controle";

    // Accounts and sessions.
    WrongCredentials "usuário ou senha incorretos";
    WrongPassword "a senha está incorreta";
    WrongResetCode "o usuário ou o código está incorreto, ou o código já foi usado ou expirou: peça um novo a quem administra o nó";
    RegistrationClosed "este nó não aceita contas novas: fale com quem o administra";
    InvalidJoinCode "este código de entrada está incorreto, já foi usado ou expirou: peça um novo a quem administra o nó";
    JoinCodeUsedOnRetry "este código de entrada já foi usado. Se o seu cadastro deu certo e só a resposta se perdeu, tente entrar";
    JoinCodeNeeded "para criar uma conta neste nó você precisa de um código de entrada: peça a quem o administra um endereço com código (um nó sem contas mostra um ao iniciar)";
    NoSuchJoinCode "esse código de entrada não existe, já foi usado ou expirou";
    TooManyNames { max } "um canal pode ter {max} nomes, contando os anteriores: use um deles de novo";
    TooManyJoinCodes { max } "o nó já tem {max} códigos de entrada, o máximo: revogue um deles primeiro";
    CommandNameCharacters { max } "o nome de um comando precisa de 1 a {max} letras de a a z ou hifens, e começa com uma letra";
    CommandTextCharacters { max } "a descrição e o uso de um comando podem ter no máximo {max} caracteres visíveis em uma linha";
    CommandRepeated { name } "dê o comando /{name} só uma vez";
    CommandTaken { name, bot } "{bot} tem um comando /{name} em um desses canais: escolha outro nome";
    CommandBuiltIn { name } "/{name} é um comando do papo: escolha outro nome";
    TooManyCommands { max } "há mais de {max} comandos, o máximo: registre menos";
    NotBot "você não é um robô: registre comandos com o token de um robô";
    NoSuchBot "não há esse token de robô, ou outro usuário o criou: veja papo bot list";
    OutOfScope { method } "o token deste robô não permite {method} aqui: indique uma de suas conversas, crie um token com um escopo maior ou entre como usuário";
    TooManyPushSubscriptions { max } "você recebe notificações push em {max} navegadores, o máximo: encerre uma dessas sessões primeiro";
    TooManyBotTokens { max } "há {max} tokens de robôs, o máximo: revogue um deles primeiro";
    BotConversations { max } "o token de um robô precisa de 1 a {max} conversas";
    NoSuchHook "esse webhook não existe, ou foi revogado";
    BadHookUrl { max } "escreva um endereço como https://ci.example/papo: em ASCII, com no máximo {max} bytes, sem nome de usuário e sem '#'";
    BadPushEndpoint { max } "o endereço do serviço de push deve começar com https://, em ASCII, com no máximo {max} bytes";
    BadPushKey "as chaves do navegador não são válidas: envie `p256dh` e `auth` como o navegador as devolveu";
    OnlyGateway "só o gateway do nó pode chamar este método";
    PlainWebhooks "um nó com --plaintext não entrega webhooks: peça ao operador que o inicie com criptografia";
    WrongSignature "a assinatura do envio falta ou está incorreta: assine o corpo com o segredo do webhook";
    TooManyHooks { max } "já existem {max} webhooks, o máximo: revogue um deles primeiro";
    BotAccount { user } "{user} é um robô, e um robô não tem senha";
    TooManyGuesses { seconds } "senhas ou códigos incorretos demais: espere {seconds} s e tente de novo";
    TooManyLogins "muita gente está entrando agora: tente de novo daqui a pouco";
    OutOfMemory "falta memória no servidor para conferir uma senha: tente mais tarde";
    NoSession "sua sessão terminou: entre de novo com /login NOME";
    SessionDisabled "sua conta foi desativada e as sessões dela foram encerradas: fale com quem administra o nó";
    NotLoggedIn "você não entrou na sua conta: entre com /login NOME";
    LoggedOut "você saiu da sua conta";
    OtherSession "outra sessão começou";
    UnsentAtEnd "a sessão terminou antes do envio";
    NoSuchSession "você não tem essa sessão: veja /sessions";
    NameTaken { user } "o nome {user} já está em uso: escolha outro";
    NameTakenOnRetry { user } "o nome {user} já está em uso. Se o seu cadastro deu certo e só a resposta se perdeu, a conta é sua: tente entrar";
    NoSuchUser { user } "o usuário {user} não existe: veja /users";
    UserDeleted { user } "a conta de {user} foi apagada e não recebe mensagens";
    Blocked { user } "{user} bloqueou você: não é possível enviar mensagens nem convites";
    BlockSelf "você não pode bloquear a si: informe outra pessoa";
    TooManyBlocks { max } "você bloqueia {max} pessoas, o máximo: desbloqueie alguém primeiro";
    NotAdministrator "só quem administra o nó pode fazer isso";
    LastAdministrator { user } "{user} é a última conta que administra o nó: promova outra antes";
    UserDisabled { user } "a conta de {user} está desativada: ative-a primeiro";
    Disabled "esta conta foi desativada: fale com quem administra o nó";

    // Channels.
    ChannelTaken { channel } "{channel} já existe: entre nele, ou escolha outro nome";
    NoSuchChannel { channel } "o canal {channel} não existe: crie-o, ou veja /channels";
    NotMember { channel } "você não está em {channel}: entre primeiro com /join {channel}";
    NotAllowed { channel } "seu papel em {channel} não permite isso: peça a quem é dono do canal";
    Banned { channel } "você foi banido(a) de {channel}: fale com quem modera o canal";
    UserBanned { user, channel } "{user} está banido(a) de {channel}: desfaça o banimento primeiro";
    LastOwner { channel } "só você é dono(a) de {channel}: torne outra pessoa dona primeiro, com /role";
    ChannelArchived { channel } "{channel} está arquivado e só pode ser lido: peça a quem é dono que o restaure";
    ChannelNameLeads { channel } "{channel} é um nome anterior de outro canal: escolha outro";
    ChannelNameUsed { channel } "{channel} foi apagado, e o nome dele não pode ser usado de novo: escolha outro";
    NoSuchMember { user, channel } "{user} não está em {channel}: veja /members";
    NoSuchInvitation { channel } "você não tem convite para {channel}: veja /invitations";
    TooManyInvited { channel } "há convites ou banimentos demais em {channel}";

    // Messages.
    NoSuchMessage { n, conversation } "a mensagem {n} de {conversation} não existe, ou foi apagada: veja /history";
    HistoryConflict { one, other } "message.history: use \"{one}\" ou \"{other}\", não os dois";
    NotAuthor "só quem escreveu a mensagem pode fazer isso";
    ReactionPresent { emoji } "você já reagiu com {emoji}";
    ReactionAbsent { emoji } "você não reagiu com {emoji}";
    BackupRunning { name } "o backup {name} já está em andamento";
    TooManyEdits { max } "uma mensagem pode ser editada no máximo {max} vezes: envie uma nova mensagem";
    TooManyReactions { max } "esta mensagem já tem o máximo de {max} reações: remova antes uma das suas";
    IdTaken "o \"id\" dessa mensagem já está em uso: envie a mensagem de novo";
    IdVersion "o \"id\" de uma mensagem deve ser um UUID da versão 7";
    IdFuture "o \"id\" dessa mensagem está mais de um dia no futuro: acerte o relógio";
    SentTooFast { wait_ms } "você está enviando rápido demais: espere {wait_ms} ms e tente de novo";
    OutboxFull "há mensagens demais aguardando envio: espere até o servidor receber algumas delas";
    NotStoredLocally { error } "não foi possível guardar nesta máquina a mensagem não enviada: {error}";

    // Files.
    FileNameEmpty "o nome de um arquivo deve ter uma letra ou um dígito: mude o nome do arquivo";
    FileNameTooLong { max } "o nome de um arquivo pode ter no máximo {max} bytes: mude o nome do arquivo";
    FileNameCharacters "o nome de um arquivo não pode ter '/', '\\' nem caracteres de controle: mude o nome do arquivo";
    BadHash "um SHA-256 deve ter 64 dígitos hexadecimais";
    NoSuchFile { n, conversation } "o arquivo {n} de {conversation} não existe, ou foi apagado";
    NoSuchBackup "esse backup não existe, ou foi removido";
    BeyondFile { bytes, offset } "o arquivo tem {bytes} bytes, e a posição pedida, {offset}, fica depois do fim";
    LinkHours { max } "um link para um arquivo pode durar de 1 a {max} horas";
    LinkEnded "este link para um arquivo está incompleto ou expirou, ou o arquivo foi apagado: peça um novo link";
    FileTooLarge { max, bytes } "um arquivo pode ter no máximo {max} bytes, e este tem {bytes}";
    QuotaExceeded { bytes, max } "seus arquivos ocupariam {bytes} bytes, e o limite é {max}: apague alguns que você enviou";
    LogQuota { max, minutes } "você escreveu {max} bytes hoje, que é o limite de um dia: tente de novo em {minutes} minutos";
    TooManyMemberships { max } "você participa de {max} canais, que é o limite: saia de um deles antes";
    TooManyCreated { max } "você criou {max} canais, que é o limite: use um deles, ou peça a um colega que crie este";
    QuotaReserved { bytes, max, uploading, idle_minutes } "seus arquivos ocupariam {bytes} bytes, e o limite é {max}: apague alguns que você enviou, ou termine os envios em andamento, que reservam {uploading} bytes. Um novo envio pode substituir um que está parado há {idle_minutes} minutos";
    TooManyUploads { max, idle_minutes } "você já está enviando {max} arquivos: termine um envio primeiro. Um novo envio pode substituir um que está parado há {idle_minutes} minutos";
    NoSuchUpload "esse envio não existe, ou expirou: comece de novo";
    UploadLost "o disco do servidor falhou, e o envio se perdeu: comece de novo";
    UploadIdTaken "o \"id\" desse envio já está em uso: comece de novo";
    UploadFinishing "o servidor está concluindo esse envio: tente de novo daqui a pouco";
    WrongOffset { have } "o servidor tem os primeiros {have} bytes desse arquivo: continue depois deles";
    WrongContent "o servidor recebeu um conteúdo diferente do anunciado: envie o arquivo de novo";
    WrongLength { known, bytes } "um arquivo com este SHA-256 tem {known} bytes, e não {bytes}: envie-o de novo";
    ChunkSize { max, bytes } "uma parte deve ter de 1 a {max} bytes, e esta tem {bytes}";
    ChunkBeyondFile { bytes } "esta parte termina depois do fim anunciado do arquivo, que tem {bytes} bytes";
    TooManyTransfers "muitas partes de arquivos estão sendo transferidas: tente de novo daqui a pouco";
    TooManyCommits "muitos envios de arquivos estão sendo concluídos: tente de novo daqui a pouco";
    FilesUnavailable "o servidor não consegue guardar nem ler arquivos agora: tente mais tarde";
    UploadStorageFull "o disco do servidor está cheio, mas nada se perdeu: continue quando quem o administra liberar espaço";

    // Searches.
    QueryEmpty "informe o que buscar: palavras, \"uma frase\", from:alice, in:#geral, before:2026-01-31, after:2026-01-31";
    QueryWithoutWords "não há o que buscar: use uma palavra que tenha letras ou dígitos";
    QueryTooLong { bytes, words } "uma busca pode ter no máximo {bytes} bytes e {words} palavras: use menos";
    QueryPhrase "uma frase deve começar e terminar com \": ponha a aspa que falta";
    QueryName { filter, example } "{filter}: precisa de um nome depois, como {filter}:{example}";
    QueryDate { filter } "{filter}: precisa de uma data depois, como {filter}:2026-01-31";
    QueryTime { filter } "{filter}: aceita um dia, como {filter}:2026-01-31, ou uma hora com o fuso, como {filter}:2026-01-31T10:00:00Z";
    QueryRepeated { filter } "{filter}: só pode ser usado uma vez";
    TooManyLevels { max } "você definiu o nível de notificação de {max} conversas: volte o de algumas para \"all\" primeiro";
    ServerBusy "o servidor ainda não respondeu seus pedidos anteriores: tente de novo daqui a pouco";
    TooManySearches "muita gente está buscando agora: tente de novo daqui a pouco";
    IndexNotReady "o índice da busca não está pronto: tente de novo daqui a pouco";

    // The server, and the connection to it.
    Internal "o servidor falhou: peça a quem o administra que leia o log do servidor";
    ConversationDamaged { file, offset } "uma parte desta conversa está danificada no servidor ({file}, byte {offset}): quem o administra precisa restaurá-la a partir de um backup";
    LogUnreadable "o servidor não consegue ler o próprio log: quem o administra precisa verificar";
    NoReply "o nó não responde agora: envie o pedido de novo";
    NoLeader "o cluster não tem um nó líder agora: envie o pedido de novo";
    NotCopied "nenhum outro nó do cluster guardou o arquivo: envie de novo quando outro nó estiver no ar";
    CutOff "este nó está separado do seu cluster: conecte-se a outro nó";
    LogUnwritable "o servidor não consegue gravar o próprio log: tente de novo mais tarde";
    StorageFull "o disco do servidor está cheio, e nada foi guardado: quem o administra precisa liberar espaço";
    TooManyLines { max, lines } "um quadro pode ter no máximo {max} linhas, e este tem {lines}: envie vários quadros";
    LineTooLong { max, bytes } "uma linha pode ter no máximo {max} bytes, e esta tem {bytes}";
    ReplyTooLong "o quadro da resposta está cheio e este pedido não foi processado: envie-o de novo em outro quadro";
    TooManyRequests "há pedidos demais aguardando resposta: tente de novo daqui a pouco";
    FollowReplaced "este pedido foi substituído por um mais novo";
    BadAnswer { error } "o servidor enviou uma resposta que não dá para ler ({error}): confira se cliente e servidor são da mesma versão";
    AnswerWithoutBytes "o servidor enviou uma resposta sem os bytes dela: confira se cliente e servidor são da mesma versão";
    OtherVersion { version, from, to, own_from, own_to } "o servidor (papo {version}) aceita as versões {from} a {to} do protocolo, e este cliente aceita {own_from} a {own_to}: atualize o programa mais antigo";
}

#[cfg(test)]
mod tests {
    use common::errors::DetailRow;
    use serde_json::{Value, json};

    use super::*;

    /// A detail with example arguments.
    fn sample(about: &DetailRow) -> Detail {
        let value = |(i, (name, kind)): (usize, &(&'static str, &'static str))| {
            let value = match *kind {
                "UserName" => json!("joão"),
                "ChannelName" | "Target" => json!("#café"),
                "String" => json!(format!("<{name}>")),
                _number => json!(7001 + i),
            };
            ((*name).to_owned(), value)
        };
        let args: serde_json::Map<String, Value> = about.args.iter().enumerate().map(value).collect();
        let data = if args.is_empty() {
            json!({"detail": about.word})
        } else {
            json!({"detail": about.word, "args": args})
        };
        serde_json::from_value(data).expect(about.word)
    }

    #[test]
    fn every_detail_is_translated_with_its_arguments() {
        for about in Detail::ALL {
            let detail = sample(about);
            let (english, portuguese) = (detail.to_string(), in_portuguese(&detail));
            assert!(english != portuguese || about.word == "bad_params", "{portuguese}");
            assert!(
                !portuguese.ends_with('.') && !portuguese.starts_with(char::is_uppercase),
                "{portuguese}"
            );
        }
    }
}
