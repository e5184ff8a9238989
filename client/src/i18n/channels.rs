//! Messages about channels, their members and their events.

use common::channels::Role;
use common::{ChannelName, Target, UserName};

use super::Catalog;

super::messages! {
    no_channel_yet() {
        en: "you are not in a channel yet: /channels, /join #channel, or /create #channel",
        pt: "você ainda não está em nenhum canal: /channels, /join #canal ou /create #canal",
    }
    no_channels() {
        en: "there are no channels yet: /create #general",
        pt: "ainda não há canais: /create #geral",
    }
    you_left(channel: &ChannelName) {
        en: "you are no longer a member of {channel}",
        pt: "você saiu de {channel}",
    }

    // Results of commands about a member or a channel.
    done_invite(user: &UserName, channel: &ChannelName) {
        en: "{user} can now join {channel}",
        pt: "{user} já pode entrar em {channel}",
    }
    done_kick(user: &UserName, channel: &ChannelName) {
        en: "{user} is no longer a member of {channel}",
        pt: "{user} não está mais em {channel}",
    }
    done_ban(user: &UserName, channel: &ChannelName) {
        en: "{user} is banned from {channel}",
        pt: "{user} foi banido(a) de {channel}",
    }
    done_unban(user: &UserName, channel: &ChannelName) {
        en: "{user} is no longer banned from {channel}",
        pt: "{user} não está mais banido(a) de {channel}",
    }
    ban(user: &UserName, by: &UserName, since: &str) {
        en: "@{user} (banned by @{by}, {since})",
        pt: "@{user} (banimento feito por @{by}, {since})",
    }
    no_bans(channel: &ChannelName) {
        en: "nobody is banned from {channel}",
        pt: "não há banimentos em {channel}",
    }
    done_role(user: &UserName, role: &str, channel: &ChannelName) {
        en: "{user} is now {role} of {channel}",
        pt: "{user} agora é {role} de {channel}",
    }
    done_topic(channel: &ChannelName) {
        en: "the subject of {channel} was changed",
        pt: "o assunto de {channel} foi alterado",
    }
    done_private(channel: &ChannelName) {
        en: "{channel} is private: only invited users can join",
        pt: "{channel} agora é privado: só entra quem tem convite",
    }
    done_public(channel: &ChannelName) {
        en: "{channel} is public: every user can join",
        pt: "{channel} agora é público: qualquer pessoa pode entrar",
    }

    // Corrections of wrong arguments.
    usage_create() {
        en: "use /create #channel, or /create #channel private",
        pt: "use /create #canal ou /create #canal private",
    }
    usage_role() {
        en: "use /role NAME owner, /role NAME moderator or /role NAME member",
        pt: "use /role NOME owner, /role NOME moderator ou /role NOME member",
    }
    usage_topic() {
        en: "give the subject of the channel: /topic TEXT; /topic - removes it",
        pt: "informe o assunto do canal: /topic TEXTO; /topic - remove o assunto",
    }
    usage_private() {
        en: "use /private on, or /private off",
        pt: "use /private on ou /private off",
    }
    no_channel_open() {
        en: "no channel is open: give a channel, such as #general",
        pt: "nenhum canal está aberto: informe um, como #geral",
    }

    // Events, as all members see them. The name of the author precedes the text.
    created(to: &Target) {
        en: "created {to}",
        pt: "criou {to}",
    }
    created_private(to: &Target) {
        en: "created the private channel {to}",
        pt: "criou o canal privado {to}",
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
        en: "declined the invitation to {to}",
        pt: "recusou o convite para {to}",
    }
    invitation(channel: &ChannelName, by: &str) {
        en: "you are invited to {channel}{by}: /accept {channel} or /decline {channel}",
        pt: "você tem um convite para {channel}{by}: /accept {channel} ou /decline {channel}",
    }
    invited_by(user: &UserName) {
        en: " by {user}",
        pt: ", enviado por {user}",
    }
    no_invitations() {
        en: "you have no invitations",
        pt: "você não tem convites",
    }
    invitation_declined(channel: &ChannelName) {
        en: "you declined the invitation to {channel}",
        pt: "você recusou o convite para {channel}",
    }
    several_invitations() {
        en: "you have several invitations: give the channel; /invitations lists them",
        pt: "você tem vários convites: informe o canal, /invitations lista todos",
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
        en: "lifted the ban of {user}",
        pt: "desfez o banimento de {user}",
    }
    made_member(user: &UserName) {
        en: "made {user} a member",
        pt: "tornou {user} membro",
    }
    made_moderator(user: &UserName) {
        en: "made {user} a moderator",
        pt: "tornou {user} moderador(a)",
    }
    made_owner(user: &UserName) {
        en: "made {user} an owner",
        pt: "tornou {user} dono(a)",
    }
    archived(to: &Target) {
        en: "archived {to}, which is now read-only",
        pt: "arquivou {to}, que agora só pode ser lido",
    }
    restored(to: &Target) {
        en: "restored {to} from the archive",
        pt: "tirou {to} do arquivo",
    }
    deleted_channel(to: &Target) {
        en: "deleted {to}",
        pt: "apagou {to}",
    }
    channel_deleted_by(from: &UserName, conversation: &Target) {
        en: "{from} deleted {conversation}",
        pt: "{from} apagou {conversation}",
    }
    done_archive(channel: &ChannelName) {
        en: "{channel} is archived and read-only",
        pt: "{channel} foi arquivado e só pode ser lido",
    }
    done_restore(channel: &ChannelName) {
        en: "{channel} was restored from the archive",
        pt: "{channel} não está mais arquivado",
    }
    done_delete_channel(channel: &ChannelName) {
        en: "{channel} was deleted, and its name cannot be used again",
        pt: "{channel} foi apagado, e o nome dele não poderá ser usado de novo",
    }
    usage_rename() {
        en: "give the new name of the open channel: /rename #support",
        pt: "informe o novo nome do canal aberto: /rename #suporte",
    }
    done_rename(channel: &ChannelName, name: &ChannelName) {
        en: "{channel} is now {name}, and {channel} still leads to it",
        pt: "{channel} agora é {name}, e {channel} ainda leva a ele",
    }
    renamed(name: &ChannelName) {
        en: "renamed the channel to {name}",
        pt: "mudou o nome do canal para {name}",
    }
    usage_archive() {
        en: "use /archive on, or /archive off",
        pt: "use /archive on ou /archive off",
    }
    listed_archived() {
        en: ", archived",
        pt: ", arquivado",
    }
    made_private(to: &Target) {
        en: "made {to} private",
        pt: "tornou {to} privado",
    }
    made_public(to: &Target) {
        en: "made {to} public",
        pt: "tornou {to} público",
    }
    removed_subject() {
        en: "removed the subject",
        pt: "removeu o assunto",
    }
    set_subject(subject: &str) {
        en: "set the subject: {subject}",
        pt: "definiu o assunto: {subject}",
    }
    two_changes(one: &str, other: &str) {
        en: "{one} and {other}",
        pt: "{one} e {other}",
    }

    // Events about the reader.
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
        pt: ", você tem convite",
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

impl Catalog {
    /// The word for a role.
    pub(crate) fn role(self, role: Role) -> String {
        match role {
            Role::Member => self.role_member(),
            Role::Moderator => self.role_moderator(),
            Role::Owner => self.role_owner(),
        }
    }

    /// The event in which a user gets a role.
    pub(crate) fn gave_role(self, user: &UserName, role: Role) -> String {
        match role {
            Role::Member => self.made_member(user),
            Role::Moderator => self.made_moderator(user),
            Role::Owner => self.made_owner(user),
        }
    }
}
