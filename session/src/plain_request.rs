//! Requests that do not change the session's state: the session only sends them, and returns their results.

use common::accounts::Token;
use common::limits::LIST_NAMES_MAX;
use common::methods::Request;
use common::{Error, Method, Paged};
use serde_json::{Map, Value};

use super::limits::LIST_PAGES_MAX;
use super::requests::read;

/// A request that does not change the session's state. Its answer is
/// [`Answer::Result`](super::Answer::Result), which [`decode`] decodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlainRequest {
    pub(crate) method: Method,
    /// The parameters without the token, which the session adds.
    pub(crate) params: Map<String, Value>,
}

impl PlainRequest {
    /// Creates a request of the method `R`. `params` receives a placeholder, which the session replaces with
    /// its token.
    pub fn of<R: Request>(params: impl FnOnce(Token<'static>) -> R::Params<'static>) -> Self {
        Self::with::<R>(&params(Token::default()))
    }

    fn with<R: Request>(params: &R::Params<'static>) -> Self {
        let mut params = match serde_json::to_value(params) {
            Ok(Value::Object(params)) => params,
            // The parameters of every method are a JSON object.
            Ok(_) | Err(_) => Map::new(),
        };
        params.remove("token");
        Self { method: R::METHOD, params }
    }
}

/// Decodes the result of a request of the method `R`.
pub fn decode<R: Request>(result: &str) -> Result<R::Result, Error> {
    read(result)
}

/// Requests a list page by page, and collects its items.
pub struct Pager<R: Paged> {
    params: R::Params<'static>,
    items: Vec<R::Item>,
}

impl<R: Paged> Pager<R> {
    /// Starts with the first page. `params` is the same as in [`PlainRequest::of`].
    pub fn new(params: impl FnOnce(Token<'static>) -> R::Params<'static>) -> Self {
        Self { params: params(Token::default()), items: Vec::new() }
    }

    /// The request for the next page.
    #[must_use]
    pub fn request(&self) -> PlainRequest {
        PlainRequest::with::<R>(&self.params)
    }

    /// Adds a page. Returns whether the list continues. False after [`LIST_PAGES_MAX`] pages.
    pub fn take(&mut self, page: R::Result) -> bool {
        let (items, has_more) = R::into_page(page);
        let count = self.items.len() + items.len();
        if let Some(last) = items.last() {
            R::continue_after(&mut self.params, last);
        }
        let is_empty = items.is_empty();
        self.items.extend(items);
        has_more && !is_empty && count < LIST_PAGES_MAX * LIST_NAMES_MAX
    }

    /// The items of all pages.
    #[must_use]
    pub fn into_items(self) -> Vec<R::Item> {
        self.items
    }
}
