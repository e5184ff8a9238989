//! An open session of an account.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::records::PushSubscription;

/// An open session. Times are Unix milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The public id of the session.
    pub session: Uuid,
    pub opened: u64,
    pub expires: u64,
    /// The subscription of the session's browser to pushes. It ends with the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub push: Option<Box<PushSubscription>>,
}
