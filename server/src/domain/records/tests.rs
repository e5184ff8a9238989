//! Tests of the lines of the records: each kind, as the log has it.

use super::*;

const GOLDEN: [&str; 38] = [
    r##"{"n":1,"at":7,"to":"#general","from":"alice","kind":"channel.created"}"##,
    r##"{"kind":"account","at":7,"user":"alice","password":"$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA"}"##,
    r##"{"kind":"account","at":7,"user":"alerts","password":"","bot":"alice"}"##,
    r##"{"kind":"hook","at":7,"id":"01970000-0000-7000-8000-000000000001","by":"alice","user":"alerts","channel":"#ops","digest":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08","unlocked":true,"here":true,"signed":true}"##,
    r##"{"kind":"bot.token","at":7,"id":"01970000-0000-7000-8000-000000000001","by":"alice","user":"deploy","digest":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08","scope":"write","conversations":["#ops","@bob"]}"##,
    r##"{"kind":"bot.commands","at":7,"user":"deploy","id":"01970000-0000-7000-8000-000000000001","commands":[{"name":"deploy","description":"Deploy a service.","usage":"SERVICE [VERSION]"},{"name":"roll-back","description":""}]}"##,
    r##"{"n":2,"at":7,"to":"#ops","from":"alice","kind":"message","id":"01970000-0000-7000-8000-000000000001","text":"/deploy api","command":{"bot":"deploy","name":"deploy"}}"##,
    r##"{"kind":"bot.used","at":7,"user":"deploy","id":"01970000-0000-7000-8000-000000000001"}"##,
    r##"{"kind":"hook.revoked","at":7,"by":"alice","id":"01970000-0000-7000-8000-000000000001"}"##,
    r##"{"kind":"hook.outgoing","at":7,"id":"01970000-0000-7000-8000-000000000001","by":"alice","user":"ci","channel":"#ops","url":"https://ci.example/papo","n":17}"##,
    r##"{"kind":"delivery","at":7,"id":"01970000-0000-7000-8000-000000000001","step":"delivered","n":18}"##,
    r##"{"kind":"delivery","at":7,"id":"01970000-0000-7000-8000-000000000001","step":"failing","error":"the receiver answered 500"}"##,
    r##"{"kind":"delivery","at":7,"id":"01970000-0000-7000-8000-000000000001","step":"paused"}"##,
    r##"{"kind":"delivery","at":7,"id":"01970000-0000-7000-8000-000000000001","step":"resumed","by":"alice"}"##,
    r##"{"n":2,"at":7,"to":"#ops","from":"alerts","kind":"message","id":"01970000-0000-7000-8000-000000000001","text":"oi","via":{"hook":"alerts","username":"Grafana"}}"##,
    r##"{"kind":"session","at":7,"user":"alice","session":"01970000-0000-7000-8000-000000000001","digest":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08","expires":8}"##,
    r##"{"kind":"read","at":7,"user":"alice","conversation":"@bob","n":17}"##,
    r##"{"kind":"session.ended","at":7,"user":"alice","digest":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}"##,
    r##"{"kind":"client","at":7,"user":"alice","key":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}"##,
    r##"{"kind":"join_code","at":7,"id":"01970000-0000-7000-8000-000000000001","by":"alice","digest":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08","uses":1,"expires":8,"note":"for bob"}"##,
    r##"{"kind":"join_code.used","at":7,"user":"bob","id":"01970000-0000-7000-8000-000000000001"}"##,
    r##"{"kind":"join_code.revoked","at":7,"by":"alice","id":"01970000-0000-7000-8000-000000000001"}"##,
    r##"{"kind":"password.code","at":7,"by":"alice","user":"bob","digest":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08","expires":8}"##,
    r##"{"kind":"account.role","at":7,"user":"bob","administrator":true}"##,
    r##"{"kind":"account.disabled","at":7,"user":"bob","disabled":false}"##,
    r##"{"kind":"seen","at":7,"user":"bob"}"##,
    r##"{"kind":"account.deleted","at":7,"user":"bob","by":"alice","erase":true}"##,
    r##"{"kind":"account.deletion_finished","at":7,"user":"bob"}"##,
    r##"{"n":2,"at":7,"to":"#general","from":"alice","kind":"channel.renamed","new_name":"#all"}"##,
    r##"{"kind":"user.set","at":7,"user":"alice","display_name":"Alice Liddell"}"##,
    r##"{"kind":"user.shares_reads","at":7,"user":"alice","shared":true}"##,
    r##"{"kind":"user.blocked","at":7,"user":"alice","other":"bob","blocked":true}"##,
    r##"{"kind":"notify","at":7,"user":"alice","conversation":"#general","level":"mentions"}"##,
    r##"{"kind":"notify","at":7,"user":"alice","level":"none"}"##,
    r##"{"kind":"push","at":7,"user":"alice","session":"01970000-0000-7000-8000-000000000001","push":{"endpoint":"https://push.example/f4d1","p256dh":"BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4","auth":"BTBZMqHH6r4Tts7J_aSIgg","name":"Chromium","since":7,"record":3}}"##,
    r##"{"kind":"push","at":7,"user":"alice","session":"01970000-0000-7000-8000-000000000001"}"##,
    r##"{"kind":"push.sent","at":7,"user":"alice","session":"01970000-0000-7000-8000-000000000001","record":9}"##,
    r##"{"kind":"redacted","at":7,"conversation":"@alice @bob","numbers":[3,9],"by":"operator","head_before":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}"##,
];

#[test]
fn golden_lines_are_read_and_written_byte_for_byte() {
    for line in GOLDEN {
        let mut out = Vec::new();
        Record::decode(line.as_bytes()).expect(line).encode(&mut out).expect("json");
        assert_eq!(String::from_utf8(out).expect("utf-8"), line);
    }
}

#[test]
fn a_line_cut_anywhere_is_refused() {
    for line in GOLDEN {
        for end in 0..line.len() {
            assert!(Record::decode(&line.as_bytes()[..end]).is_err(), "{line} cut at {end}");
        }
    }
}

#[test]
fn the_digest_of_a_known_token_is_its_sha256() {
    let digest = TokenDigest::of("test");
    assert_eq!(digest.to_string(), "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08");
}
