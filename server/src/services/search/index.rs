//! The Tantivy index: its fields, its updates and its queries.
//!
//! The index contains only the words of the texts. The search reads the texts of the hits from the log. If
//! the fields or the words change, increment [`FORMAT`]: every server then rebuilds its index.

use std::ops::Bound;
use std::path::Path;

use common::Conversation;
use serde::{Deserialize, Serialize};
use tantivy::collector::TopDocs;
use tantivy::directory::MmapDirectory;
use tantivy::query::{BooleanQuery, Occur, PhraseQuery, Query, RangeQuery, TermQuery, TermSetQuery};
use tantivy::schema::{
    FAST, Field, INDEXED, IndexRecordOption, STRING, Schema, TextFieldIndexing, TextOptions,
};
use tantivy::tokenizer::{PreTokenizedString, Token};
use tantivy::{
    DocAddress, Index, IndexReader, IndexWriter, Order, ReloadPolicy, Searcher, TantivyDocument,
    TantivyError, Term,
};

use super::words;
use crate::domain::search as language;
use crate::journal::Checkpoint;

/// The version of the fields and words. Format 1 had no file names. Format 2 had only whole words in scripts
/// other than Latin.
const FORMAT: u32 = 3;

/// The heap size in bytes: the minimum that Tantivy accepts. It is allocated only during writes.
const HEAP_BYTES: usize = 15_000_000;

/// The blocks of 16 KiB of stored fields that each segment of the index keeps in memory. Tantivy's default is
/// 100. A search reads one small field of at most some hundred messages, mostly of the newest blocks.
const CACHED_BLOCKS: usize = 4;

/// The indexed fields of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    /// The key of the message's conversation.
    pub(super) conversation: String,
    pub(super) n: u64,
    pub(super) from: String,
    /// The time at which the message was sent, in Unix milliseconds.
    pub(super) at: u64,
    /// The number of the message's record in the log.
    pub(super) record: u64,
    /// The text, or the name of the file.
    pub(super) text: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// The key of the message's conversation.
    pub conversation: String,

    pub n: u64,
    /// The number of the message's record in the log. Hits are ordered by it.
    pub record: u64,
}

#[derive(Debug, Clone)]
pub struct SearchRequest {
    /// The words and filters.
    pub query: language::Query,
    /// The conversations to search.
    pub scope: Vec<Conversation>,
    /// Search only records before this number.
    pub before: Option<u64>,
    /// The maximum number of hits.
    pub limit: usize,
}

/// The payload of a commit: the checkpoint of the log up to which the index is complete.
#[derive(Serialize, Deserialize)]
struct Stamp {
    format: u32,
    record: u64,
    chain: String,
}

#[derive(Debug, Clone, Copy)]
struct Fields {
    key: Field,
    conversation: Field,
    n: Field,
    from: Field,
    at: Field,
    record: Field,
    text: Field,
}

#[derive(Clone)]
pub(super) struct MessageIndex {
    index: Index,
    reader: IndexReader,
    fields: Fields,
}

impl MessageIndex {
    /// Opens the index in an existing folder, or creates it there.
    pub(super) fn open(folder: &Path) -> Result<Self, TantivyError> {
        let (schema, fields) = schema();
        let index = Index::open_or_create(MmapDirectory::open(folder)?, schema)?;
        let reader = index
            .reader_builder()
            .reload_policy(ReloadPolicy::Manual)
            .doc_store_cache_num_blocks(CACHED_BLOCKS)
            .try_into()?;
        Ok(Self { index, reader, fields })
    }

    /// The checkpoint of the log up to which the index is complete; `None` if another version wrote the
    /// index.
    pub(super) fn checkpoint(&self) -> Result<Option<Checkpoint>, TantivyError> {
        let Some(payload) = self.index.load_metas()?.payload else { return Ok(Some(Checkpoint::GENESIS)) };
        let stamp: Option<Stamp> =
            serde_json::from_str(&payload).ok().filter(|stamp: &Stamp| stamp.format == FORMAT);
        Ok(stamp
            .and_then(|stamp| Some(Checkpoint { record: stamp.record, chain: stamp.chain.parse().ok()? })))
    }

    pub(super) fn writer(&self) -> Result<Writer, TantivyError> {
        let writer = self.index.writer_with_num_threads(1, HEAP_BYTES)?;
        Ok(Writer { writer, fields: self.fields })
    }

    /// Makes the last commit visible to [`find`](Self::find).
    pub(super) fn reload(&self) -> Result<(), TantivyError> {
        self.reader.reload()
    }

    /// The indexed fields of a message, except its text.
    pub(super) fn get(&self, conversation: &str, n: u64) -> Result<Option<Message>, TantivyError> {
        let searcher = self.reader.searcher();
        let term = Term::from_field_text(self.fields.key, &key(conversation, n));
        let query = TermQuery::new(term, IndexRecordOption::Basic);
        let found = searcher
            .search(&query, &TopDocs::with_limit(1).order_by_fast_field::<u64>("record", Order::Desc))?;
        let Some((Some(record), address)) = found.first().copied() else { return Ok(None) };
        let columns = searcher.segment_reader(address.segment_ord).fast_fields();
        let at = columns.u64("at")?.first(address.doc_id).unwrap_or_default();
        let (conversation, from) = (conversation.to_owned(), text_of(&searcher, "from", address)?);
        Ok(Some(Message { conversation, n, from, at, record, text: String::new() }))
    }

    /// Finds the newest messages that match.
    pub(super) fn find(&self, request: &SearchRequest) -> Result<Vec<Hit>, TantivyError> {
        let searcher = self.reader.searcher();
        let query = BooleanQuery::new(self.conditions(request));
        let newest =
            TopDocs::with_limit(request.limit.max(1)).order_by_fast_field::<u64>("record", Order::Desc);
        let found = searcher.search(&query, &newest)?;
        let hit = |(record, address): (Option<u64>, DocAddress)| {
            let columns = searcher.segment_reader(address.segment_ord).fast_fields();
            let n = columns.u64("n")?.first(address.doc_id).unwrap_or_default();
            let conversation = text_of(&searcher, "conversation", address)?;
            Ok(Hit { conversation, n, record: record.unwrap_or_default() })
        };
        found.into_iter().map(hit).collect()
    }

    fn conditions(&self, request: &SearchRequest) -> Vec<(Occur, Box<dyn Query>)> {
        let SearchRequest { query, scope, before, .. } = request;
        let fields = self.fields;
        let conversations =
            scope.iter().map(|conversation| Term::from_field_text(fields.conversation, &conversation.key()));
        let mut all: Vec<Box<dyn Query>> = vec![Box::new(TermSetQuery::new(conversations))];
        all.extend(query.words.iter().filter_map(|word| self.word(word)));
        all.extend(query.phrases.iter().filter_map(|phrase| self.phrase(&words::tokens(phrase))));
        if let Some(from) = &query.from {
            let term = Term::from_field_text(fields.from, from.as_str());
            all.push(Box::new(TermQuery::new(term, IndexRecordOption::Basic)));
        }
        let bound = |field, value: Option<u64>| value.map(|value| Term::from_field_u64(field, value));
        if query.before_ms.is_some() || query.after_ms.is_some() {
            let from = bound(fields.at, query.after_ms).map_or(Bound::Unbounded, Bound::Included);
            let to = bound(fields.at, query.before_ms).map_or(Bound::Unbounded, Bound::Excluded);
            all.push(Box::new(RangeQuery::new(from, to)));
        }
        if let Some(record) = bound(fields.record, *before) {
            all.push(Box::new(RangeQuery::new(Bound::Unbounded, Bound::Excluded(record))));
        }
        all.into_iter().map(|condition| (Occur::Must, condition)).collect()
    }

    /// A query for a word in any of its forms. Several tokens are searched as a phrase.
    fn word(&self, word: &str) -> Option<Box<dyn Query>> {
        let tokens = words::tokens(word);
        if words::exact(&tokens).len() != 1 {
            return self.phrase(&tokens);
        }
        let terms =
            words::forms(&tokens).into_iter().map(|form| Term::from_field_text(self.fields.text, &form));
        Some(Box::new(TermSetQuery::new(terms)))
    }

    fn phrase(&self, tokens: &[words::Token]) -> Option<Box<dyn Query>> {
        let term = |text: &str| Term::from_field_text(self.fields.text, text);
        match &*words::exact(tokens) {
            [] => None,
            [(_, text)] => Some(Box::new(TermQuery::new(term(text), IndexRecordOption::Basic))),
            several => {
                let terms = several.iter().map(|(position, text)| (*position, term(text))).collect();
                Some(Box::new(PhraseQuery::new_with_offset(terms)))
            }
        }
    }
}

/// Returns false if all words of the query consist of separators, which cannot be searched.
#[must_use]
pub fn is_searchable(query: &language::Query) -> bool {
    let mut texts = query.words.iter().chain(&query.phrases).peekable();
    texts.peek().is_none() || texts.any(|text| !words::tokens(text).is_empty())
}

pub(super) struct Writer {
    writer: IndexWriter,
    fields: Fields,
}

impl Writer {
    pub(super) fn add(&self, message: &Message) -> Result<(), TantivyError> {
        let (fields, mut document) = (self.fields, TantivyDocument::new());
        document.add_text(fields.key, key(&message.conversation, message.n));
        document.add_text(fields.conversation, &message.conversation);
        document.add_text(fields.from, &message.from);
        document.add_u64(fields.n, message.n);
        document.add_u64(fields.at, message.at);
        document.add_u64(fields.record, message.record);
        let token =
            |token: words::Token| Token { position: token.position, text: token.text, ..Token::default() };
        let tokens = words::tokens(&message.text).into_iter().map(token).collect();
        document.add_pre_tokenized_text(fields.text, PreTokenizedString { text: String::new(), tokens });
        self.writer.add_document(document).map(drop)
    }

    /// Removes a message that was committed before.
    pub(super) fn remove(&self, conversation: &str, n: u64) {
        self.writer.delete_term(Term::from_field_text(self.fields.key, &key(conversation, n)));
    }

    /// Durably commits all changes, up to this checkpoint of the log.
    pub(super) fn commit(&mut self, at: Checkpoint) -> Result<(), TantivyError> {
        let stamp = Stamp { format: FORMAT, record: at.record, chain: at.chain.to_string() };
        let stamp =
            serde_json::to_string(&stamp).map_err(|error| TantivyError::InternalError(error.to_string()))?;
        let mut commit = self.writer.prepare_commit()?;
        commit.set_payload(&stamp);
        commit.commit().map(drop)
    }

    /// Ends the writer and waits for its threads.
    pub(super) fn close(self) -> Result<(), TantivyError> {
        self.writer.wait_merging_threads()
    }
}

fn text_of(searcher: &Searcher, field: &str, address: DocAddress) -> Result<String, TantivyError> {
    let mut text = String::new();
    let columns = searcher.segment_reader(address.segment_ord).fast_fields();
    if let Some(column) = columns.str(field)?
        && let Some(ord) = column.term_ords(address.doc_id).next()
    {
        column.ord_to_str(ord, &mut text)?;
    }
    Ok(text)
}

/// The key by which a message is found when it is edited or deleted.
fn key(conversation: &str, n: u64) -> String {
    format!("{conversation} {n}")
}

fn schema() -> (Schema, Fields) {
    let mut schema = Schema::builder();
    let positions = TextFieldIndexing::default()
        .set_tokenizer("raw")
        .set_fieldnorms(false)
        .set_index_option(IndexRecordOption::WithFreqsAndPositions);
    let fields = Fields {
        key: schema.add_text_field("key", STRING),
        conversation: schema.add_text_field("conversation", STRING | FAST),
        n: schema.add_u64_field("n", FAST),
        from: schema.add_text_field("from", STRING | FAST),
        at: schema.add_u64_field("at", FAST | INDEXED),
        record: schema.add_u64_field("record", FAST | INDEXED),
        text: schema.add_text_field("text", TextOptions::default().set_indexing_options(positions)),
    };
    (schema.build(), fields)
}
