//! Shows the Markdown of texts with the styles of a terminal.

use common::UserName;
use common::markdown::{Block, Span, parse};

use super::style::{Style, highlight_mentions};

/// Returns a text with the styles of its Markdown, and with highlighted mentions of the reader.
pub(super) fn styled(text: &str, reader: Option<&UserName>) -> String {
    let lines = parse(text).into_iter().map(|block| match block {
        Block::Line(spans) => spans.iter().map(|span| styled_span(span, reader)).collect(),
        Block::Code(code) => {
            let lines = code.split('\n').map(|line| highlight_mentions(line, Style::Code, reader));
            lines.collect::<Vec<_>>().join("\n")
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn styled_span(span: &Span, reader: Option<&UserName>) -> String {
    let style = Style::Text { style: span.style, is_link: span.link.is_some() };
    let text = highlight_mentions(&span.text, style, reader);
    match &span.link {
        // The reader must see where a link leads.
        Some(link) if *link != span.text => format!("{text} ({link})"),
        Some(_) | None => text,
    }
}

#[cfg(test)]
mod tests {
    use testkit::user;

    use super::*;

    fn shown(text: &str) -> String {
        styled(text, Some(&user("joão"))).replace("\x1b[0m", ">").replace("\x1b[", "<")
    }

    #[test]
    fn marks_become_styles() {
        insta::assert_snapshot!(shown("**b** *i* `c` plain **`x`**"), @"<1mb> <3mi> <36mc> plain <1;36mx>");
        insta::assert_snapshot!(shown("see [plan](https://a.b/c), https://d.e"), @"see <34mplan> (https://a.b/c), <34mhttps://d.e>");
        insta::assert_snapshot!(shown("so:\n```rust\nlet x = *p;\n\n  y\n```"), @"
        so:
        <36mlet x = *p;>

        <36m  y>
        ");
    }

    #[test]
    fn a_mention_is_bold_in_every_style() {
        insta::assert_snapshot!(shown("*oi @João* `@joão x` @here"), @"<3moi ><1;3m@João> <1;36m@joão><36m x> <1m@here>");
    }
}
