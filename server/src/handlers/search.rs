//! `message.search`.

use std::collections::HashMap;

use common::limits::{HISTORY_BYTES_MAX, SEARCH_EVENTS_DEFAULT, SEARCH_EVENTS_MAX};
use common::search::{FoundLines, Search};
use common::{Conversation, Detail, Error};

use super::{RequestContext, Unanswered, channel_names, history};
use crate::domain::search::{self, Query};
use crate::services::jobs::{Job, Outcome};
use crate::services::search::{Found, NoIndex, SearchRequest, is_searchable};

pub(super) fn search(
    context: &mut RequestContext<'_>,
    params: &Search<'_>,
    outcome: Option<Outcome>,
) -> Result<FoundLines, Unanswered> {
    let user = context.authenticate(&params.token)?;
    let mut query = Query::parse(&params.query)?;
    let channels = &context.ledger.state().channels;
    if let Some(within) = query.within.as_mut().and_then(channel_names::channel) {
        context.renamed = channel_names::replace(within, channels);
    }
    if let Some(target) = &params.conversation
        && query.within.replace(target.clone()).is_some_and(|other| other != *target)
    {
        return Err(Detail::QueryRepeated { filter: "in".into() }.into());
    }
    if !is_searchable(&query) {
        return Err(Detail::QueryWithoutWords.into());
    }
    // The scope is recomputed after the search, because the user may have lost the right to read.
    let scope = search::scope(context.ledger.state(), &user, query.within.as_ref())?;
    let limit = params.limit.unwrap_or(SEARCH_EVENTS_DEFAULT).clamp(1, SEARCH_EVENTS_MAX);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    match outcome {
        None => {
            let search = context.search.ok_or_else(|| no_index(NoIndex))?;
            let request = SearchRequest { query, scope, before: params.before, limit };
            Err(Unanswered::NeedsJob(Job::search(search.work(request))))
        }
        Some(Outcome::Search(found)) => Ok(read(context, &scope, &found.map_err(no_index)?, limit)?),
        Some(Outcome::Password(..) | Outcome::File(_) | Outcome::Failed) => Err(Detail::Internal.into()),
    }
}

/// Reads up to one page of the found messages, if their conversations are still in `scope`.
fn read(
    context: &RequestContext<'_>,
    scope: &[Conversation],
    found: &Found,
    limit: usize,
) -> Result<FoundLines, Error> {
    let scope: HashMap<_, _> = scope.iter().map(|conversation| (conversation.key(), conversation)).collect();
    let (mut lines, mut last) = (Vec::new(), None);
    for hit in &found.hits {
        if lines.len() > HISTORY_BYTES_MAX {
            return Ok(FoundLines { lines, before: last, behind: found.behind });
        }
        if let Some(conversation) = scope.get(&*hit.conversation) {
            let amendments = context.ledger.state().channels.amendments(conversation);
            // The message may have been deleted after the search.
            if !amendments.and_then(|all| all.of(hit.n)).is_some_and(|amendment| amendment.deleted) {
                history::read(context, conversation, hit.n, hit.n, false, &mut lines)?;
            }
        }
        last = Some(hit.record);
    }
    let before = last.filter(|_| found.hits.len() >= limit);
    Ok(FoundLines { lines, before, behind: found.behind })
}

fn no_index(NoIndex: NoIndex) -> Error {
    Detail::IndexNotReady.into()
}
