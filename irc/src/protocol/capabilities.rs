//! The capabilities of IRCv3 that the front offers, and the set of a client.

/// Declares the capabilities: `Variant "name" = "value"`.
macro_rules! capabilities {
    ($($variant:ident $name:literal $(= $value:literal)?;)+) => {
        /// A capability.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Cap {
            $($variant,)+
        }

        impl Cap {
            /// All capabilities, in alphabetical order.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant),+];

            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            fn value(self) -> &'static str {
                match self { $(Self::$variant => concat!($($value)?),)+ }
            }
        }
    };
}

capabilities! {
    AccountNotify "account-notify";
    AccountTag "account-tag";
    AwayNotify "away-notify";
    Batch "batch";
    Notify "cap-notify";
    Chghost "chghost";
    AccountRegistration "draft/account-registration" = "before-connect";
    ChatHistory "draft/chathistory";
    EventPlayback "draft/event-playback";
    Redaction "draft/message-redaction";
    Multiline "draft/multiline" = "max-bytes=16384,max-lines=200";
    ReadMarker "draft/read-marker";
    EchoMessage "echo-message";
    ExtendedJoin "extended-join";
    ExtendedMonitor "extended-monitor";
    InviteNotify "invite-notify";
    LabeledResponse "labeled-response";
    MessageTags "message-tags";
    MultiPrefix "multi-prefix";
    Sasl "sasl" = "PLAIN";
    ServerTime "server-time";
    StandardReplies "standard-replies";
    UserhostInNames "userhost-in-names";
}

/// The capabilities of a client.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) struct Caps(u32);

impl Caps {
    pub(crate) fn has(self, cap: Cap) -> bool {
        self.0 & 1 << (cap as u32) != 0
    }

    pub(crate) fn set(&mut self, cap: Cap, is_on: bool) {
        let bit = 1 << (cap as u32);
        self.0 = if is_on { self.0 | bit } else { self.0 & !bit };
    }

    /// Applies a request such as `echo-message -batch`. `None` if it contains an unknown capability.
    pub(crate) fn requested(mut self, request: &str) -> Option<Self> {
        for word in request.split(' ').filter(|word| !word.is_empty()) {
            let (name, is_on) = match word.strip_prefix('-') {
                Some(name) => (name, false),
                None => (word, true),
            };
            let cap = Cap::ALL.iter().find(|cap| cap.name() == name)?;
            self.set(*cap, is_on);
        }
        Some(self)
    }

    /// The names of the capabilities of this set.
    pub(crate) fn names(self) -> Vec<String> {
        let own = Cap::ALL.iter().filter(|cap| self.has(**cap));
        own.map(|cap| cap.name().to_owned()).collect()
    }
}

/// The list of all capabilities, with their values from version 302 on.
pub(crate) fn offered(has_values: bool) -> Vec<String> {
    let entry = |cap: &Cap| match cap.value() {
        value if has_values && !value.is_empty() => format!("{}={value}", cap.name()),
        _ => cap.name().to_owned(),
    };
    Cap::ALL.iter().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_changes_all_of_its_capabilities_or_none() {
        let caps = Caps::default().requested("echo-message  batch ").expect("known");
        assert_eq!(caps.names(), ["batch", "echo-message"]);
        let caps = caps.requested("-batch sasl").expect("known");
        assert_eq!(caps.names(), ["echo-message", "sasl"]);
        assert_eq!(caps.requested("batch unknown"), None);
        assert!(caps.has(Cap::Sasl) && !caps.has(Cap::Batch));
    }

    #[test]
    fn values_are_for_version_302() {
        assert!(offered(true).contains(&"sasl=PLAIN".to_owned()));
        assert!(offered(false).contains(&"sasl".to_owned()));
        assert!(Cap::ALL.len() <= 32, "the set has 32 bits");
        assert!(Cap::ALL.is_sorted_by_key(|cap| cap.name()));
    }
}
