//! Messages about the files of unsent messages on this machine.

super::messages! {
    outbox_unreadable(error: &str) {
        en: "cannot read the unsent messages on this machine: {error}",
        pt: "não foi possível ler as mensagens não enviadas nesta máquina: {error}",
    }
    outbox_file_unreadable(file: &str, error: &str) {
        en: "cannot read the unsent messages in {file}: {error}",
        pt: "não foi possível ler as mensagens não enviadas em {file}: {error}",
    }
    outbox_file_damaged(file: &str, error: &str) {
        en: "{file} in the outbox is damaged ({error}): check the file, then delete it",
        pt: "{file} na caixa de saída está danificado ({error}): veja o que ele contém e apague-o",
    }
    outbox_lines_damaged(file: &str, count: usize) {
        en: "{count} damaged lines of {file} were skipped",
        pt: "{count} linhas danificadas de {file} foram ignoradas",
        one count: { en: "1 damaged line of {file} was skipped", pt: "1 linha danificada de {file} foi ignorada" },
    }
    outbox_full(count: usize) {
        en: "{count} unsent messages wait until the next time papo starts",
        pt: "{count} mensagens não enviadas esperam até a próxima vez que o papo for aberto",
        one count: { en: "1 unsent message waits until the next time papo starts", pt: "1 mensagem não enviada espera até a próxima vez que o papo for aberto" },
    }
}
