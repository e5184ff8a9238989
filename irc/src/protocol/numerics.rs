//! The numeric replies that the front sends, with their standard texts.

/// Declares numerics: `Variant 001 "text"`. A numeric without a text has no last parameter of its own.
macro_rules! numerics {
    ($($variant:ident $code:literal $text:literal;)+) => {
        /// A numeric reply.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Numeric {
            $($variant,)+
        }

        impl Numeric {
            /// The three digits.
            pub(crate) fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// The standard text, which is the last parameter. Empty if the reply ends with its data.
            pub(crate) fn text(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }
    };
}

numerics! {
    Welcome "001" "";
    YourHost "002" "";
    Created "003" "";
    MyInfo "004" "";
    Support "005" "are supported by this server";
    StatsUptime "242" "";
    EndOfStats "219" "End of /STATS report";
    UserModeIs "221" "";
    LuserClient "251" "";
    LuserOperators "252" "operator(s) online";
    LuserUnknown "253" "unknown connection(s)";
    LuserChannels "254" "channels formed";
    LuserMe "255" "";
    AdminMe "256" "Administrative info";
    AdminLocation "257" "";
    AdminOther "258" "";
    AdminMail "259" "";
    LocalUsers "265" "";
    GlobalUsers "266" "";
    Away "301" "";
    UserHost "302" "";
    IsOn "303" "";
    UnAway "305" "You are no longer marked as being away";
    NowAway "306" "You have been marked as being away";
    WhoisUser "311" "";
    WhoisServer "312" "";
    WhoisOperator "313" "is an administrator of the node";
    WhowasUser "314" "";
    EndOfWho "315" "End of WHO list";
    WhoisIdle "317" "seconds idle, signon time";
    EndOfWhois "318" "End of /WHOIS list";
    WhoisChannels "319" "";
    ListStart "321" "Users  Name";
    List "322" "";
    ListEnd "323" "End of /LIST";
    ChannelModeIs "324" "";
    WhoisAccount "330" "is logged in as";
    NoTopic "331" "No topic is set";
    Topic "332" "";
    WhoisBot "335" "is a bot";
    Inviting "341" "";
    Version "351" "";
    WhoReply "352" "";
    NameReply "353" "";
    WhoxReply "354" "";
    Links "364" "";
    EndOfLinks "365" "End of /LINKS list";
    EndOfNames "366" "End of /NAMES list";
    BanList "367" "";
    EndOfBanList "368" "End of channel ban list";
    EndOfWhowas "369" "End of WHOWAS";
    Info "371" "";
    Motd "372" "";
    EndOfInfo "374" "End of /INFO list";
    MotdStart "375" "";
    EndOfMotd "376" "End of /MOTD command.";
    YouAreOperator "381" "You are now an IRC operator";
    Time "391" "";
    UnknownError "400" "";
    NoSuchNick "401" "No such nick/channel";
    NoSuchServer "402" "No such server";
    NoSuchChannel "403" "No such channel";
    CannotSend "404" "Cannot send to channel";
    TooManyChannels "405" "You have joined too many channels";
    WasNoSuchNick "406" "There was no such nickname";
    TooManyTargets "407" "Too many targets";
    NoOrigin "409" "No origin specified";
    InvalidCapCommand "410" "Invalid CAP command";
    NoRecipient "411" "No recipient given";
    NoText "412" "No text to send";
    BadMask "415" "A ban needs the mask nick!*@*";
    InputTooLong "417" "Input line was too long";
    UnknownCommand "421" "Unknown command";
    NoNickname "431" "No nickname given";
    BadNickname "432" "Erroneous nickname";
    NicknameInUse "433" "Nickname is already in use";
    NotInChannel "441" "They aren't on that channel";
    NotOnChannel "442" "You're not on that channel";
    UserOnChannel "443" "is already on channel";
    NotRegistered "451" "You have not registered";
    NeedMoreParams "461" "Not enough parameters";
    AlreadyRegistered "462" "You may not reregister";
    WrongPassword "464" "Password incorrect";
    UnknownMode "472" "is unknown mode char to me";
    InviteOnly "473" "Cannot join channel (+i)";
    BannedFromChannel "474" "Cannot join channel (+b)";
    BadChannelName "476" "Bad Channel Mask";
    NoPrivileges "481" "Permission Denied- You're not an IRC operator";
    NotOperator "482" "You're not channel operator";
    UnknownUserMode "501" "Unknown MODE flag";
    UsersDiffer "502" "Cannot change mode for other users";
    HelpNotFound "524" "No help available on this topic";
    InvalidModeParam "696" "";
    HelpStart "704" "";
    HelpText "705" "";
    EndOfHelp "706" "";
    MonitorOnline "730" "";
    MonitorOffline "731" "";
    MonitorList "732" "";
    EndOfMonitorList "733" "End of MONITOR list";
    MonitorListFull "734" "Monitor list is full.";
    LoggedIn "900" "";
    SaslSuccess "903" "SASL authentication successful";
    SaslFail "904" "SASL authentication failed";
    SaslTooLong "905" "SASL message too long";
    SaslAborted "906" "SASL authentication aborted";
    SaslAlready "907" "You have already authenticated using SASL";
    SaslMechanisms "908" "are available SASL mechanisms";
}
