//! Sentences of the menu.

super::sentences! {
    menu_title() {
        en: "menu: type a number and press Enter; 0 leaves the menu",
        pt: "menu: digite um número e aperte Enter; 0 sai do menu",
    }
    menu_group(title: &str) {
        en: "{title}: a number; 0 goes back",
        pt: "{title}: um número; 0 volta",
    }
    menu_asks(what: &str) {
        en: "{what}? 0 goes back",
        pt: "{what}? 0 volta",
    }
    menu_asks_or_leave_out(what: &str) {
        en: "{what}? Enter leaves it out; 0 goes back",
        pt: "{what}? Enter pula; 0 volta",
    }
    menu_number() {
        en: "say one of the numbers; Enter lists them again, 0 goes back",
        pt: "diga um dos números; Enter os lista de novo, 0 volta",
    }
    menu_goes_on() {
        en: "menu: a number for more, Enter lists them again, 0 goes back",
        pt: "menu: um número para mais, Enter os lista de novo, 0 volta",
    }
    menu_left() {
        en: "you are back in the chat",
        pt: "você voltou à conversa",
    }
}
