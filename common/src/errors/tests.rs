use super::*;
use crate::ChannelName;

#[test]
fn the_words_are_unique_and_the_codes_are_those_of_the_protocol() {
    let codes = [-32700, -32600, -32601, -32602, -32603, 4010, 4030, 4040, 4090, 4130, 4290, 5030, 5070];
    for (i, reason) in Reason::ALL.iter().enumerate() {
        assert!(codes.contains(&reason.code()), "{reason:?}");
        assert!(Reason::ALL[i + 1..].iter().all(|other| other.word() != reason.word()), "{reason:?}");
        assert!(reason.meaning().ends_with('.'));
    }
}

#[test]
fn the_word_of_a_detail_is_its_name_and_its_sentence_contains_its_arguments() {
    for detail in Detail::ALL {
        let words = detail.name.chars().enumerate().fold(String::new(), |mut words, (i, c)| {
            words.extend((i > 0 && c.is_uppercase()).then_some('_'));
            words.extend(c.to_lowercase());
            words
        });
        assert_eq!(words, detail.word);
        assert!(
            !detail.sentence.ends_with('.') && !detail.sentence.starts_with(char::is_uppercase),
            "{words}"
        );
        assert!(
            detail.args.iter().all(|(arg, _)| detail.sentence.contains(&format!("{{{arg}}}"))),
            "{words}"
        );
    }
}

#[test]
fn an_error_is_encoded_and_decoded() {
    let channel = ChannelName::new("#ops").expect("a name");
    for (error, line) in [
        (
            Error::from(Detail::NotMember { channel }),
            r##"{"code":4030,"message":"you are not a member of #ops: join it first","data":{"reason":"not_member","detail":"not_member","args":{"channel":"#ops"}}}"##,
        ),
        (
            Error::from(Detail::TooManyLogins).with_wait_ms(7),
            r#"{"code":4290,"message":"too many users are logging in: try again in a moment","data":{"reason":"rate_limited","detail":"too_many_logins","wait_ms":7}}"#,
        ),
        (
            Error::from(Detail::WrongOffset { have: 3 }).with_have(3),
            r#"{"code":4090,"message":"the server has the first 3 bytes of this file: continue after them","data":{"reason":"wrong_offset","detail":"wrong_offset","args":{"have":3},"have":3}}"#,
        ),
    ] {
        assert_eq!(serde_json::to_string(&error).expect("json"), line);
        assert_eq!(serde_json::from_str::<Error>(line).expect("an error"), error);
        assert_eq!(error.reason(), error.detail().map(Detail::reason));
    }
}

#[test]
fn an_error_with_an_unknown_detail_keeps_its_reason_and_message() {
    for data in [
        r#"{"reason":"not_member"}"#,
        r#"{"reason":"not_member","detail":"not_member"}"#,
        r##"{"reason":"not_member","detail":"not_member","args":{"channel":"a b"}}"##,
        r#"{"reason":"not_member","detail":"of_a_later_version","args":{"channel":7,"more":[]}}"#,
    ] {
        let line = format!(r#"{{"code":4030,"message":"join first","data":{data},"more":1}}"#);
        let error: Error = serde_json::from_str(&line).expect(data);
        assert_eq!(
            (error.reason(), error.detail(), &*error.message),
            (Some(Reason::NotMember), None, "join first")
        );
    }
    let more = r##"{"code":4030,"message":"join first","data":{"reason":"not_member","detail":"not_member","args":{"channel":"#ops","role":"owner"},"wait_ms":7,"more":1}}"##;
    let error: Error = serde_json::from_str(more).expect("an error");
    assert_eq!((error.detail().map(Detail::reason), error.data.wait_ms), (Some(Reason::NotMember), Some(7)));
}
