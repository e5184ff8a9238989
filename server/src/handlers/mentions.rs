//! `mention.list`.

use common::Error;
use common::limits::HISTORY_BYTES_MAX;
use common::mentions::{ListMentions, MentionLines};

use super::RequestContext;
use super::amendments::write_current;
use crate::domain::amendments::Amendment;
use crate::domain::mentions;

pub(super) fn list(
    context: &mut RequestContext<'_>,
    params: &ListMentions<'_>,
) -> Result<MentionLines, Error> {
    let user = context.authenticate(&params.token)?;
    let (mentioned, mut before) = mentions::page(context.ledger.state(), &user, params.before);
    let (mut lines, unamended) = (Vec::new(), Amendment::default());
    for (conversation, mentioned) in mentioned {
        let Some(event) = context.ledger.event(&conversation, mentioned.n)? else { continue };
        let amendments = context.ledger.state().channels.amendments(&conversation);
        let amendment = amendments.and_then(|all| all.of(mentioned.n)).unwrap_or(&unamended);
        let find = |n| context.ledger.event(&conversation, n);
        write_current(find, event, amendment, false, &mut lines)?;
        if lines.len() > HISTORY_BYTES_MAX / 2 {
            // The page is full.
            before = Some(mentioned.record);
            break;
        }
    }
    Ok(MentionLines { lines, before })
}
