//! The events that the threads of the chat send to the printer.

use session::News;

pub(super) enum UiEvent {
    News(News),
    /// A message of papo.
    Note(String),
    /// An error of a background thread.
    Error(String),
    /// A progress bar below the input line has changed.
    Repaint,
}

impl UiEvent {
    pub(super) fn news(&self) -> Option<&News> {
        if let Self::News(news) = self { Some(news) } else { None }
    }
}

impl From<News> for UiEvent {
    fn from(news: News) -> Self {
        Self::News(news)
    }
}
