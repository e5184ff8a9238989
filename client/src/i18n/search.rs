//! Messages about a search.

super::messages! {
    nothing_found() {
        en: "no messages found",
        pt: "nenhuma mensagem encontrada",
    }
    only_the_newest(count: usize) {
        en: "-- the newest {count}; add words or before:DATE to find others --",
        pt: "-- as {count} mais recentes; use mais palavras ou before:DATA para achar outras --",
    }
    index_behind(behind: u64) {
        en: "the server is still building the search index; {behind} records are missing",
        pt: "o servidor ainda está montando o índice de busca; faltam {behind} registros",
        one behind: { en: "the server is still building the search index; 1 record is missing", pt: "o servidor ainda está montando o índice de busca; falta 1 registro" },
    }
}
