//! Sentences about channels, their members, and what happens in them.

use common::channels::Role;
use common::{ChannelName, Target, UserName};

use super::Words;

super::sentences! {
    no_channel_yet() {
        en: "you are in no channel yet: /channels, /join #channel, or /create #channel",
        pt: "você não está em nenhum canal ainda: /channels, /join #canal, ou /create #canal",
    }
    no_channels() {
        en: "there are no channels yet: /create #general",
        pt: "não há canais ainda: /create #geral",
    }
    no_member_any_more(channel: &ChannelName) {
        en: "you are no member of {channel} any more",
        pt: "você não está mais em {channel}",
    }

    // What was done to a member.
    may_join(user: &UserName, channel: &ChannelName) {
        en: "{user} may join {channel}",
        pt: "{user} pode entrar em {channel}",
    }
    is_removed(user: &UserName, channel: &ChannelName) {
        en: "{user} is no member of {channel} any more",
        pt: "{user} não está mais em {channel}",
    }
    is_kept_out(user: &UserName, channel: &ChannelName) {
        en: "{user} is kept out of {channel}",
        pt: "{user} fica fora de {channel}",
    }
    is_not_kept_out(user: &UserName, channel: &ChannelName) {
        en: "{user} is not kept out of {channel} any more",
        pt: "{user} pode voltar a {channel}",
    }
    ban(user: &UserName, by: &UserName, since: &str) {
        en: "@{user} (banned by @{by}, {since})",
        pt: "@{user} (por decisão de @{by}, {since})",
    }
    no_bans(channel: &ChannelName) {
        en: "nobody is banned from {channel}",
        pt: "ninguém está fora de {channel}",
    }
    has_role(user: &UserName, role: &str, channel: &ChannelName) {
        en: "{user} is {role} of {channel}",
        pt: "{user} agora é {role} de {channel}",
    }
    subject_is_set(channel: &ChannelName) {
        en: "the subject of {channel} is set",
        pt: "o assunto de {channel} foi definido",
    }
    invited_may_join(channel: &ChannelName) {
        en: "{channel}: only the invited may join",
        pt: "{channel}: só entra quem tem convite",
    }
    anybody_may_join(channel: &ChannelName) {
        en: "{channel}: anybody may join",
        pt: "{channel}: qualquer pessoa pode entrar",
    }

    // What was asked for in the wrong way.
    say_create() {
        en: "say /create #channel, or /create #channel private",
        pt: "diga /create #canal, ou /create #canal private",
    }
    say_role() {
        en: "say /role NAME owner, /role NAME moderator or /role NAME member",
        pt: "diga /role NOME owner, /role NOME moderator ou /role NOME member",
    }
    say_subject() {
        en: "say what the channel is about; /topic - takes the subject away",
        pt: "diga qual é o assunto do canal; /topic - tira o assunto",
    }
    say_private() {
        en: "say /private on, or /private off",
        pt: "diga /private on, ou /private off",
    }
    which_channel() {
        en: "which channel? say #channel",
        pt: "qual canal? diga #canal",
    }

    // Events, as everybody sees them. Who did it stands before each.
    created(to: &Target) {
        en: "created {to}",
        pt: "criou {to}",
    }
    created_private(to: &Target) {
        en: "created the private {to}",
        pt: "criou o grupo privado {to}",
    }
    joined(to: &Target) {
        en: "joined {to}",
        pt: "entrou em {to}",
    }
    left(to: &Target) {
        en: "left {to}",
        pt: "saiu de {to}",
    }
    invited(user: &UserName) {
        en: "invited {user}",
        pt: "convidou {user}",
    }
    declined(to: &Target) {
        en: "does not join {to}",
        pt: "não vai entrar em {to}",
    }
    invitation(channel: &ChannelName, by: &str) {
        en: "you are invited to {channel}{by}: /accept {channel} or /decline {channel}",
        pt: "há um convite para {channel}{by}: /accept {channel} ou /decline {channel}",
    }
    invited_by(user: &UserName) {
        en: " by {user}",
        pt: ", de {user}",
    }
    no_invitations() {
        en: "there are no invitations",
        pt: "não há convites",
    }
    invitation_declined(channel: &ChannelName) {
        en: "you do not join {channel}",
        pt: "você não entra em {channel}",
    }
    which_invitation() {
        en: "which one? say #channel, as /invitations lists it",
        pt: "qual? diga #canal, como /invitations lista",
    }
    kicked(user: &UserName) {
        en: "removed {user}",
        pt: "removeu {user}",
    }
    banned(user: &UserName) {
        en: "banned {user}",
        pt: "baniu {user}",
    }
    unbanned(user: &UserName) {
        en: "took the ban of {user} back",
        pt: "desfez o banimento de {user}",
    }
    made_member(user: &UserName) {
        en: "made {user} a member",
        pt: "passou {user} a membro",
    }
    made_moderator(user: &UserName) {
        en: "made {user} a moderator",
        pt: "passou {user} à moderação",
    }
    made_owner(user: &UserName) {
        en: "made {user} an owner",
        pt: "deu a {user} a posse do canal",
    }
    made_private(to: &Target) {
        en: "made {to} private",
        pt: "tornou {to} privado",
    }
    made_public(to: &Target) {
        en: "made {to} public",
        pt: "tornou {to} público",
    }
    took_subject_away() {
        en: "took the subject away",
        pt: "tirou o assunto",
    }
    set_subject(subject: &str) {
        en: "set the subject: {subject}",
        pt: "definiu o assunto: {subject}",
    }
    one_and_other(one: &str, other: &str) {
        en: "{one} and {other}",
        pt: "{one} e {other}",
    }

    // Events, as those see them whom they concern.
    invites_you(from: &UserName, conversation: &Target) {
        en: "{from} invites you to {conversation}: /accept {conversation} or /decline {conversation}",
        pt: "{from} convida você para {conversation}: /accept {conversation} ou /decline {conversation}",
    }
    removed_you(from: &UserName, conversation: &Target) {
        en: "{from} removed you from {conversation}",
        pt: "{from} removeu você de {conversation}",
    }
    banned_you(from: &UserName, conversation: &Target) {
        en: "{from} banned you from {conversation}",
        pt: "{from} baniu você de {conversation}",
    }
    you_left_elsewhere(conversation: &Target) {
        en: "you left {conversation} in another session",
        pt: "você saiu de {conversation} em outra sessão",
    }
    something_happened(conversation: &Target) {
        en: "something happened in {conversation}",
        pt: "algo aconteceu em {conversation}",
    }

    // Words in lists.
    listed_private() {
        en: ", private",
        pt: ", privado",
    }
    listed_invited() {
        en: ", you are invited",
        pt: ", há um convite para você",
    }
    role_member() {
        en: "member",
        pt: "membro",
    }
    role_moderator() {
        en: "moderator",
        pt: "moderador(a)",
    }
    role_owner() {
        en: "owner",
        pt: "dono(a)",
    }
}

impl Words {
    /// The word for a role.
    pub(crate) fn role(self, role: Role) -> String {
        match role {
            Role::Member => self.role_member(),
            Role::Moderator => self.role_moderator(),
            Role::Owner => self.role_owner(),
        }
    }

    /// What it is called when somebody is given a role.
    pub(crate) fn gave_role(self, user: &UserName, role: Role) -> String {
        match role {
            Role::Member => self.made_member(user),
            Role::Moderator => self.made_moderator(user),
            Role::Owner => self.made_owner(user),
        }
    }
}
