//! Sentences about the files of unsent messages on this machine.

super::sentences! {
    outbox_unreadable(error: &str) {
        en: "cannot read the unsent messages on this machine: {error}",
        pt: "não foi possível ler as mensagens não enviadas nesta máquina: {error}",
    }
    outbox_file_unreadable(file: &str, error: &str) {
        en: "cannot read the unsent messages in {file}: {error}",
        pt: "não foi possível ler as mensagens não enviadas em {file}: {error}",
    }
    outbox_file_damaged(file: &str, error: &str) {
        en: "{file} in the outbox is damaged ({error}): look at it, and delete it",
        pt: "{file} na caixa de saída está danificado ({error}): veja o que ele contém e apague-o",
    }
    outbox_lines_damaged(file: &str, count: usize) {
        en: "lines of {file} that are damaged and were skipped: {count}",
        pt: "linhas danificadas de {file}, que foram ignoradas: {count}",
    }
    outbox_full(count: usize) {
        en: "unsent messages that wait for the next start of papo: {count}",
        pt: "mensagens não enviadas que esperam a próxima execução do papo: {count}",
    }
}
