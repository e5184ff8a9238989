//! What papo says about files.

super::sentences! {
    sent_file(name: &str, size: &str, n: u64) {
        en: "sent {name} ({size}): /get {n}",
        pt: "enviou {name} ({size}): /get {n}",
    }
}
