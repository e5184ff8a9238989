//! Messages of the menu.

super::messages! {
    menu_title() {
        en: "menu: type a number and press Enter; 0 leaves the menu",
        pt: "menu: digite um número e aperte Enter; 0 sai do menu",
    }
    menu_group(title: &str) {
        en: "{title}: type a number; 0 goes back",
        pt: "{title}: digite um número; 0 volta",
    }
    menu_asks(argument: &str) {
        en: "{argument}? 0 goes back",
        pt: "{argument}? 0 volta",
    }
    menu_asks_optional(argument: &str) {
        en: "{argument}? Enter skips it; 0 goes back",
        pt: "{argument}? Enter pula; 0 volta",
    }
    menu_number() {
        en: "type one of the numbers; Enter lists the choices again, 0 goes back",
        pt: "digite um dos números; Enter mostra as opções de novo, 0 volta",
    }
    menu_continues() {
        en: "menu: type a number; Enter lists the choices again, 0 goes back",
        pt: "menu: digite um número; Enter mostra as opções de novo, 0 volta",
    }
    menu_left() {
        en: "you are back in the chat",
        pt: "você voltou à conversa",
    }
}
