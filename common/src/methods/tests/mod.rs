//! Tests of the table of methods.

mod typescript;

use super::*;

#[test]
fn the_types_of_a_method_decode_and_encode_its_examples() {
    for (method, params, result) in table::examples_encoded_again() {
        let about = method.description();
        assert_eq!((&*params, &*result), (about.params, about.result), "{}", about.name);
        assert_eq!(Call::decode(about.name, about.params).expect(about.name).method(), method);
        assert!(about.help.ends_with('.'));
    }
}

#[test]
fn a_session_method_without_a_token_is_refused() {
    for about in Method::ALL.iter().map(|method| method.description()) {
        let mut params: serde_json::Value = serde_json::from_str(about.params).expect("json");
        let had_token = params.as_object_mut().expect("an object").remove("token").is_some();
        assert_eq!(had_token, about.rights.needs_token(), "{}", about.name);
        if had_token {
            let params = params.to_string();
            let error = Call::decode(about.name, &params).expect_err(about.name);
            assert_eq!(error.detail(), Some(&Detail::NoToken { method: about.name.to_owned() }));
        }
    }
}

#[test]
fn the_error_for_invalid_parameters_names_them() {
    let error = |name, params| Call::decode(name, params).expect_err("refused").message;
    insta::assert_snapshot!(error("nope", "{}"), @r#"there is no method "nope": check its name and the version of the server"#);
    insta::assert_snapshot!(error("auth.login", r#"{"user":"alice"}"#), @"auth.login: missing field `password`");
    insta::assert_snapshot!(error("auth.login", r#"{"user":"a b","password":"correct horse"}"#), @"a name may contain only letters, digits, '.', '_' and '-', and must start with a letter or a digit");
    insta::assert_snapshot!(error("channel.join", r##"{"token":"t","channel":"general"}"##), @"the name of a channel must begin with '#'");
    insta::assert_snapshot!(error("channel.join", r##"{"channel":"general"}"##), @"the name of a channel must begin with '#'");
    insta::assert_snapshot!(error("channel.join", r##"{"token":"t","channel":7}"##), @"channel.join: invalid type: integer `7`, expected a string");
    insta::assert_snapshot!(error("message.send", r##"{"token":"t","to":"general","id":"x","text":"y"}"##), @"write '#channel' or '@user'");
}

#[test]
fn the_error_for_a_too_long_text_has_its_own_reason() {
    let text = "x".repeat(crate::limits::TEXT_BYTES_MAX + 1);
    let params =
        format!(r##"{{"token":"t","to":"#a","id":"01970000-0000-7000-8000-000000000001","text":"{text}"}}"##);
    let error = Call::decode("message.send", &params).expect_err("refused");
    let detail = Detail::TextTooLong { max: crate::limits::TEXT_BYTES_MAX };
    assert_eq!((error.reason(), error.detail()), (Some(crate::Reason::TooLarge), Some(&detail)));
}
