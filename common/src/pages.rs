//! Lists that the server returns a page at a time, in alphabetical order: which field of the result holds the items,
//! and which field of an item is the cursor of the next page.

use std::ops::Bound;

use crate::methods::{
    AdminChannels, AdminSessions, AdminUsers, ChannelBans, ChannelInvitations, ChannelList, ChannelMembers,
    ReadList, Request, UserList,
};
use crate::{accounts, admin, channels, reads};

/// A method that returns a list a page at a time. A client reads the whole list so:
///
/// 1. send the request without `after`,
/// 2. add the items of the result to those of the pages before ([`into_page`](Self::into_page)),
/// 3. if there are more, send the request again from the last item on ([`go_on_after`](Self::go_on_after)).
pub trait Paged: Request {
    /// One entry of the list.
    type Item;

    /// The items of one page, and whether there are more after the last of them.
    fn into_page(result: Self::Result) -> (Vec<Self::Item>, bool);

    /// Changes the parameters to those of the page that begins after `last`.
    fn go_on_after(params: &mut Self::Params<'_>, last: &Self::Item);
}

/// Declares the paged methods: `Method { items: Item } after cursor`.
macro_rules! paged {
    ($($method:ident { $items:ident: $item:ty } after $cursor:ident;)+) => {
        $(impl Paged for $method {
            type Item = $item;

            fn into_page(result: Self::Result) -> (Vec<Self::Item>, bool) {
                (result.$items, result.more)
            }

            fn go_on_after(params: &mut Self::Params<'_>, last: &Self::Item) {
                params.after = Some(last.$cursor.to_string().into());
            }
        })+
    };
}

paged! {
    UserList { users: accounts::UserInfo } after user;
    ChannelList { channels: channels::ChannelInfo } after channel;
    ChannelMembers { members: channels::Member } after user;
    ChannelBans { bans: channels::Ban } after user;
    ChannelInvitations { invitations: channels::Invitation } after channel;
    ReadList { conversations: reads::Reading } after conversation;
    AdminUsers { users: admin::User } after user;
    AdminChannels { channels: admin::Channel } after channel;
    AdminSessions { sessions: admin::Session } after user;
}

/// The range of the names after a cursor, for the server. A cursor that is not a name sorts before all names, so that
/// no item is skipped.
pub fn after<T, E>(cursor: Option<&str>, parse: impl FnOnce(&str) -> Result<T, E>) -> (Bound<T>, Bound<T>) {
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
        UserList::go_on_after(&mut params, users.last().expect("an item"));
        assert!(more);
        assert_eq!(serde_json::to_string(&params).expect("json"), r#"{"token":"t","after":"bob"}"#);
    }
}
