//! Methods that return a list in pages, in alphabetical order. The table of this file has the field of the
//! result that contains the items, and the field of an item that is the cursor of the next page.

use std::ops::Bound;

use crate::methods::{
    AdminChannels, AdminSessions, AdminUsers, BotList, ChannelBans, ChannelInvitations, ChannelList,
    ChannelMembers, ReadList, Request, UserBlocks, UserList,
};
use crate::{accounts, admin, bots, channels, reads};

/// A method that returns a list in pages. To read the whole list, a client
///
/// 1. sends the request without `after`,
/// 2. collects the items of the result ([`into_page`](Self::into_page)),
/// 3. if more items follow, sends the request again with the last item as cursor
///    ([`continue_after`](Self::continue_after)).
pub trait Paged: Request {
    /// An entry of the list.
    type Item;

    /// The items of one page, and whether more items follow.
    fn into_page(result: Self::Result) -> (Vec<Self::Item>, bool);

    /// Changes the parameters to request the page after the item `last`.
    fn continue_after(params: &mut Self::Params<'_>, last: &Self::Item);
}

/// Declares the paged methods: `Method { items: Item } after cursor`.
macro_rules! paged {
    ($($method:ident { $items:ident: $item:ty } after $cursor:ident;)+) => {
        $(impl Paged for $method {
            type Item = $item;

            fn into_page(result: Self::Result) -> (Vec<Self::Item>, bool) {
                (result.$items, result.more)
            }

            fn continue_after(params: &mut Self::Params<'_>, last: &Self::Item) {
                params.after = Some(last.$cursor.to_string().into());
            }
        })+
    };
}

paged! {
    UserBlocks { users: accounts::Block } after user;
    UserList { users: accounts::UserInfo } after user;
    ChannelList { channels: channels::ChannelInfo } after channel;
    ChannelMembers { members: channels::Member } after user;
    ChannelBans { bans: channels::Ban } after user;
    ChannelInvitations { invitations: channels::Invitation } after channel;
    ReadList { conversations: reads::Reading } after conversation;
    BotList { bots: bots::Bot } after id;
    AdminUsers { users: admin::User } after user;
    AdminChannels { channels: admin::Channel } after channel;
    AdminSessions { sessions: admin::Session } after user;
}

/// The range of the names after a cursor, for the server. After an invalid cursor all names follow.
pub fn range<T, E>(cursor: Option<&str>, parse: impl FnOnce(&str) -> Result<T, E>) -> (Bound<T>, Bound<T>) {
    let last = cursor.and_then(|cursor| parse(cursor).ok());
    (last.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_begins_after_the_last_item() {
        let page = r#"{"users":[{"user":"ana","since":1},{"user":"bob","since":2}],"more":true}"#;
        let (users, more) = UserList::into_page(serde_json::from_str(page).expect("a page"));
        let mut params = accounts::ListNames { token: "t".into(), after: None };
        UserList::continue_after(&mut params, users.last().expect("an item"));
        assert!(more);
        assert_eq!(serde_json::to_string(&params).expect("json"), r#"{"token":"t","after":"bob"}"#);
    }
}
