//! The bar plots of the page: medians as horizontal bars, the spread as a line.

use anyhow::{Result, anyhow};
use plotters::backend::SVGBackend;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::figures::{Figure, Results, Samples};

const WIDTH: u32 = 860;
const BAR_HEIGHT: i32 = 26;
/// Space for the labels on the left and for the values on the right.
const LABELS_WIDTH: i32 = 400;
const VALUES_WIDTH: i32 = 90;
const TITLE_HEIGHT: i32 = 44;

const PAPO: RGBColor = RGBColor(0, 110, 160);
const OTHERS: RGBColor = RGBColor(170, 170, 170);

/// A plot and its figures, which share one unit.
pub(super) struct Plot {
    pub(super) file: &'static str,
    pub(super) title: &'static str,
    figures: &'static [Figure],
}

pub(super) const ALL: &[Plot] = &[
    Plot {
        file: "acknowledged.svg",
        title: "Acknowledged messages, 16 connections, 64 requests in flight each",
        figures: &[
            Figure::Echo,
            Figure::RedisAppend,
            Figure::JetStream,
            Figure::SendSingle,
            Figure::SendBatched,
            Figure::SendSingleTo10,
            Figure::SendBatchedTo10,
            Figure::CurveSingle,
            Figure::CurveBatched,
            Figure::CurveSingleTo10,
            Figure::CurveBatchedTo10,
        ],
    },
    Plot {
        file: "fan-out-10.svg",
        title: "Deliveries to 10 subscribers",
        figures: &[
            Figure::RedisFan10,
            Figure::NatsFan10,
            Figure::IrcFan10,
            Figure::FanSingle10,
            Figure::FanBatched10,
            Figure::CurveFanSingle10,
            Figure::CurveFanBatched10,
        ],
    },
    Plot {
        file: "fan-out-100.svg",
        title: "Deliveries to 100 subscribers",
        figures: &[
            Figure::RedisFan100,
            Figure::NatsFan100,
            Figure::IrcFan100,
            Figure::FanSingle100,
            Figure::FanBatched100,
        ],
    },
    Plot {
        file: "latency.svg",
        title: "Latency at 1,000 messages a second to 10 subscribers, and of one send at a time",
        figures: &[
            Figure::SyncP50,
            Figure::OneP50,
            Figure::AckP50,
            Figure::DeliveryP50,
            Figure::AckP99,
            Figure::DeliveryP99,
        ],
    },
];

impl Plot {
    /// The plot as SVG.
    pub(super) fn draw(&self, results: &Results) -> Result<String> {
        let bars: Vec<_> =
            self.figures.iter().filter_map(|figure| Some((*figure, results.get(*figure)?))).collect();
        let height = TITLE_HEIGHT + BAR_HEIGHT * i32::try_from(bars.len())?;
        let mut svg = String::new();
        let area = SVGBackend::with_string(&mut svg, (WIDTH, u32::try_from(height)?)).into_drawing_area();
        self.draw_bars(&area, &bars).map_err(|error| anyhow!("cannot draw {}: {error}", self.file))?;
        drop(area);
        Ok(svg + "\n")
    }

    fn draw_bars(
        &self,
        area: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>,
        bars: &[(Figure, &Samples)],
    ) -> Result<(), DrawingAreaErrorKind<std::io::Error>> {
        area.fill(&WHITE)?;
        let font = ("sans-serif", 14).into_font().into_text_style(area);
        area.draw(&Text::new(self.title, (12, 12), ("sans-serif", 17).into_font()))?;
        let longest = bars.iter().map(|(_, samples)| samples.max()).fold(f64::MIN_POSITIVE, f64::max);
        let bar_width = f64::from(WIDTH as i32 - LABELS_WIDTH - VALUES_WIDTH);
        let x = |value: f64| LABELS_WIDTH + (value / longest * bar_width) as i32;
        let mut top = TITLE_HEIGHT;
        for (figure, samples) in bars {
            let middle = top + BAR_HEIGHT / 2 - 3;
            let label = font.pos(Pos::new(HPos::Right, VPos::Center));
            area.draw(&Text::new(figure.label(), (LABELS_WIDTH - 10, middle), label))?;
            let colour = if is_papo(*figure) { PAPO } else { OTHERS };
            let corners = [(LABELS_WIDTH, top), (x(samples.median()), top + BAR_HEIGHT - 6)];
            area.draw(&Rectangle::new(corners, colour.filled()))?;
            let spread = vec![(x(samples.min()), middle), (x(samples.max()), middle)];
            area.draw(&PathElement::new(spread, BLACK))?;
            let value = font.pos(Pos::new(HPos::Left, VPos::Center));
            let text = figure.unit().show(samples.median());
            area.draw(&Text::new(text, (x(samples.max()) + 8, middle), value))?;
            top += BAR_HEIGHT;
        }
        area.present()
    }
}

/// Whether the figure is a figure of papo. These bars have their own colour.
fn is_papo(figure: Figure) -> bool {
    let label = figure.label();
    label.starts_with("papo") || label.starts_with("acknowledgement") || label.starts_with("delivery")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plot_has_a_bar_for_each_measured_figure() {
        let mut results = Results::default();
        [Figure::Echo, Figure::SendSingle].into_iter().for_each(|figure| results.add(figure, 1000.0));
        let svg = ALL.first().expect("a plot").draw(&results).expect("svg");
        assert_eq!(svg.matches("<rect").count(), 3, "the background and two bars");
        assert!(svg.contains("bare ROUTER/DEALER echo") && !svg.contains("Redis"));
    }
}
