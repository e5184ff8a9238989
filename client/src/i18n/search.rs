//! What papo says about a search.

use super::sentences;

sentences! {
    nothing_found() {
        en: "nothing was found",
        pt: "nada foi encontrado",
    }
    only_the_newest(count: usize) {
        en: "-- the newest {count}; say more words, or before:DATE --",
        pt: "-- as {count} mais novas; diga mais palavras, ou before:DATA --",
    }
    index_behind(behind: u64) {
        en: "the index is being made; records still to be looked through: {behind}",
        pt: "o índice está sendo feito; registros que faltam: {behind}",
    }
}
