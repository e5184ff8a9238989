//! The keys of topics. A key is derived, not stored: it is the HMAC-SHA-256 (RFC 2104) of the topic's name
//! and epoch under a secret of the node. When the epoch is incremented, the topic moves to a new key that
//! former subscribers do not know.

use std::sync::Arc;

use common::topics::{TopicKey, channel_topic, deliveries_topic, presence_topic, user_topic};
use common::{ChannelName, Detail, Event, Target, UserName};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use uuid::Uuid;

use super::delivery_secret::DeliverySecret;
use super::links::LinkKey;
use super::push_key::PushSigner;
use super::{State, blocks};

/// The block size of SHA-256 in bytes.
const BLOCK_BYTES: usize = 64;

/// The node's secret, from which all topic keys are derived.
#[derive(Clone)]
pub struct TopicSecret(Hmac<Sha256>);

impl TopicSecret {
    /// Creates the secret from 32 random bytes.
    #[must_use]
    pub fn new(secret: [u8; 32]) -> Self {
        // HMAC pads a shorter key with zeros to the block size of its hash.
        let mut block = [0; BLOCK_BYTES];
        block.iter_mut().zip(secret).for_each(|(byte, secret)| *byte = secret);
        Self(Hmac::new(&block.into()))
    }

    /// The topic of a channel in an epoch.
    #[must_use]
    pub fn channel(&self, channel: &ChannelName, epoch: u64) -> String {
        channel_topic(channel, self.key(&format!("{channel} {epoch}")))
    }

    /// The topic of a user in an epoch.
    #[must_use]
    pub fn user(&self, user: &UserName, epoch: u64) -> String {
        user_topic(user, self.key(&format!("@{user} {epoch}")))
    }

    /// The topic of presence in an epoch.
    #[must_use]
    pub fn presence(&self, epoch: u64) -> String {
        // Labels are unique: those of channels and users begin with `#`, `*` or `@`, those of hooks with
        // `hook` or `delivery`, those of pushes with `push`, that of links is `link`.
        presence_topic(self.key(&format!("presence {epoch}")))
    }

    /// The topic of the notices for the gateway.
    #[must_use]
    pub fn deliveries(&self) -> String {
        deliveries_topic(self.key("deliveries"))
    }

    /// The secret with which the server signs the events of an outgoing hook.
    #[must_use]
    pub fn delivery(&self, hook: Uuid) -> DeliverySecret {
        DeliverySecret(self.digest(&format!("delivery {hook}")))
    }

    /// The key with which the node signs pushes.
    #[must_use]
    pub fn push_key(&self) -> PushSigner {
        PushSigner::new(self.digest("push"))
    }

    /// The key that encrypts the codes of links to files.
    #[must_use]
    pub fn link_key(&self) -> LinkKey {
        LinkKey::new(self.digest("link"))
    }

    /// The header `Topic` of the pushes about a conversation, for one session. It reveals no name.
    #[must_use]
    pub fn push_topic(&self, session: Uuid, conversation: &Target) -> String {
        self.key(&format!("push {session} {conversation}")).to_string()
    }

    /// The secret with which the senders of a hook sign their posts: 32 hexadecimal digits.
    #[must_use]
    pub fn hook_secret(&self, hook: Uuid) -> String {
        self.key(&format!("hook {hook}")).to_string()
    }

    /// Whether `code` is the HMAC-SHA-256 of `body` with the secret of the hook. The time of the comparison
    /// reveals nothing.
    #[must_use]
    pub fn has_signed(&self, hook: Uuid, body: &[u8], code: &[u8; 32]) -> bool {
        let mac = Hmac::<Sha256>::new_from_slice(self.hook_secret(hook).as_bytes());
        mac.is_ok_and(|mac| mac.chain_update(body).verify_slice(code).is_ok())
    }

    fn key(&self, label: &str) -> TopicKey {
        let mut key = TopicKey([0; 16]);
        key.0.iter_mut().zip(self.digest(label)).for_each(|(byte, digest)| *byte = digest);
        key
    }

    fn digest(&self, label: &str) -> [u8; 32] {
        self.0.clone().chain_update(label).finalize().into_bytes().into()
    }
}

impl State {
    /// The topic of the events for one user.
    #[must_use]
    pub fn user_topic(&self, user: &UserName) -> String {
        self.channels.user_topic(user, self.users.epoch(user))
    }

    /// The topic of an event's channel; `None` for a direct conversation and for an unknown channel.
    #[must_use]
    pub fn members_topic(&self, event: &Event<'_>) -> Option<Arc<str>> {
        match &event.to {
            Target::Channel(name) => {
                self.channels.channel(name).ok().map(|channel| Arc::clone(&channel.topic))
            }
            Target::User(_) => None,
        }
    }

    /// The topic of presence. Its key changes whenever a user loses access.
    #[must_use]
    pub fn presence_topic(&self) -> String {
        self.channels.presence_topic(self.users.shared_epoch())
    }

    /// The topic on which `user` announces typing to `to`: the channel's topic, or the other user's topic.
    pub fn typing_topic(&self, user: &UserName, to: &Target) -> Result<Arc<str>, Detail> {
        match to {
            Target::Channel(name) => {
                self.channels.writable(name, user).map(|channel| Arc::clone(&channel.topic))
            }
            Target::User(other) => {
                blocks::check_not_blocked(self, other, user)?;
                Ok(self.user_topic(other).into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hmac_matches_the_rfc() {
        // RFC 4231, test case 1: key 20 times 0x0b, padded with zeros, data "Hi There".
        let mut secret = [0; 32];
        secret[..20].fill(0x0b);
        assert_eq!(TopicSecret::new(secret).key("Hi There").to_string(), "b0344c61d8db38535ca8afceaf0bf12b");
    }

    #[test]
    fn every_epoch_and_every_name_has_its_own_topic() {
        let secret = TopicSecret::new([7; 32]);
        let channel = ChannelName::new("#general").expect("a name");
        let user = UserName::new("general").expect("a name");
        let topics = [secret.channel(&channel, 0), secret.channel(&channel, 1), secret.user(&user, 0)];
        assert!(topics[0] != topics[1] && topics[0].rsplit('.').next() != topics[2].rsplit('.').next());
    }
}
