//! The users and bots of a Slack workspace, by their ids.

use std::collections::HashMap;

use common::UserName;
use serde::Deserialize;

use crate::maintenance::migration::writer::Person;
use crate::maintenance::migration::{MigrationError, USERS_MAX, Writer, or_default};

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct User {
    id: String,
    name: String,
    deleted: bool,
    is_bot: bool,
    is_primary_owner: bool,
    is_owner: bool,
    #[serde(deserialize_with = "or_default")]
    real_name: String,
    profile: Profile,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Profile {
    #[serde(deserialize_with = "or_default")]
    pub(super) name: String,
    #[serde(deserialize_with = "or_default")]
    real_name: String,
    #[serde(deserialize_with = "or_default")]
    display_name: String,
    /// The id under which the messages of a bot refer to it.
    bot_id: Option<String>,
}

/// The names in papo by the ids of users and bots.
pub(super) struct People(HashMap<String, UserName>);

impl People {
    /// Imports all users. The primary owner comes first, because the first account of a server is an
    /// administrator's.
    pub(super) fn import(writer: &mut Writer<'_>, users: &[User]) -> Result<Self, MigrationError> {
        writer.begin(users.iter().map(|user| &*user.name));
        let mut people = Self(HashMap::new());
        let is_person = |user: &&User| !user.is_bot && !user.deleted;
        let mut persons = users.iter().filter(is_person);
        let first = persons
            .clone()
            .find(|user| user.is_primary_owner)
            .or_else(|| persons.clone().find(|user| user.is_owner))
            .or_else(|| persons.next());
        if let Some(user) = first {
            people.add(writer, user)?;
        }
        for user in users {
            if !people.0.contains_key(&user.id) {
                people.add(writer, user)?;
            }
        }
        Ok(people)
    }

    fn add(&mut self, writer: &mut Writer<'_>, user: &User) -> Result<(), MigrationError> {
        let Profile { real_name, display_name, bot_id, .. } = &user.profile;
        let person = Person {
            name: if user.name.is_empty() { &user.id } else { &user.name },
            display_names: vec![real_name, &user.real_name, display_name],
            is_bot: user.is_bot,
            is_disabled: user.deleted,
        };
        let name = writer.person(&person)?;
        if let Some(bot_id) = bot_id {
            self.0.insert(bot_id.clone(), name.clone());
        }
        self.0.insert(user.id.clone(), name);
        Ok(())
    }

    /// The name of a user or bot that was imported.
    pub(super) fn known(&self, id: &str) -> Option<&UserName> {
        self.0.get(id)
    }

    /// The name of a user. A user who is not in the list, such as one of another workspace, gets a disabled
    /// account.
    pub(super) fn user_of(
        &mut self,
        writer: &mut Writer<'_>,
        id: &str,
        profile: Option<&Profile>,
    ) -> Result<UserName, MigrationError> {
        let name = profile.map(|profile| &*profile.name).filter(|name| !name.is_empty());
        let is_slackbot = id == "USLACKBOT";
        let person = Person {
            name: if is_slackbot { "slackbot" } else { name.unwrap_or(id) },
            display_names: profile.map(|profile| &*profile.real_name).into_iter().collect(),
            is_bot: is_slackbot,
            is_disabled: !is_slackbot,
        };
        self.added(writer, id, &person)
    }

    /// The name of a bot. A bot that is not in the list of users gets an account.
    pub(super) fn bot(
        &mut self,
        writer: &mut Writer<'_>,
        id: Option<&str>,
        name: Option<&str>,
    ) -> Result<UserName, MigrationError> {
        if let Some(user) = id.and_then(|id| self.known(id)) {
            return Ok(user.clone());
        }
        let name = name.filter(|name| !name.is_empty()).or(id).unwrap_or("bot");
        let person = Person { name, display_names: vec![name], is_bot: true, is_disabled: false };
        self.added(writer, &format!("bot {name}"), &person)
    }

    fn added(
        &mut self,
        writer: &mut Writer<'_>,
        key: &str,
        person: &Person<'_>,
    ) -> Result<UserName, MigrationError> {
        if let Some(user) = self.known(key) {
            return Ok(user.clone());
        }
        if self.0.len() >= USERS_MAX {
            return Err(MigrationError::TooMany { max: USERS_MAX, what: "users" });
        }
        let user = writer.person(person)?;
        self.0.insert(key.to_owned(), user.clone());
        Ok(user)
    }
}
