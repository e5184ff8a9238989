//! The plots of growth. Each curve is a line over a logarithmic axis of sizes, with the spread at every
//! point.

use anyhow::{Result, anyhow};
use plotters::backend::SVGBackend;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::figures::{Samples, Unit};
use crate::growth::{Curve, Growth};
use crate::targets::show_size;

const WIDTH: i32 = 860;
const HEIGHT: i32 = 300;
const LEFT: i32 = 90;
/// Space for the labels of the lines.
const RIGHT: i32 = 220;
const TOP: i32 = 50;
const BOTTOM: i32 = 50;

const COLOURS: [RGBColor; 2] = [RGBColor(0, 110, 160), RGBColor(150, 150, 150)];

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = Result<(), DrawingAreaErrorKind<std::io::Error>>;

/// Curves that are drawn together.
pub(super) struct Plot<'a> {
    pub(super) title: &'static str,
    pub(super) curves: Vec<Line<'a>>,
}

/// A curve and its points, by size.
pub(super) struct Line<'a> {
    pub(super) curve: Curve,
    pub(super) points: Vec<(u64, &'a Samples)>,
}

/// All plots of the measured curves.
pub(super) fn all(growth: &Growth) -> Vec<Plot<'_>> {
    let mut plots: Vec<Plot<'_>> = Vec::new();
    for curve in Curve::ALL {
        let points: Vec<_> = growth.points(*curve).map(|(size, point)| (size, &point.samples)).collect();
        if points.is_empty() {
            continue;
        }
        if plots.last().is_none_or(|plot| plot.title != curve.plot()) {
            plots.push(Plot { title: curve.plot(), curves: Vec::new() });
        }
        if let Some(plot) = plots.last_mut() {
            plot.curves.push(Line { curve: *curve, points });
        }
    }
    plots
}

/// Maps values to pixels.
struct Scale {
    smallest: f64,
    decades: f64,
    most: f64,
}

impl Scale {
    fn x(&self, size: u64) -> i32 {
        let share =
            if self.decades > 0.0 { ((size as f64).log10() - self.smallest) / self.decades } else { 0.5 };
        LEFT + (share * f64::from(WIDTH - LEFT - RIGHT)) as i32
    }

    fn y(&self, value: f64) -> i32 {
        HEIGHT - BOTTOM - (value / self.most * f64::from(HEIGHT - TOP - BOTTOM)) as i32
    }
}

impl Plot<'_> {
    pub(super) fn file(&self) -> String {
        let name = self.curves.first().map_or("none", |line| line.curve.name());
        format!("growth-{}.svg", name.to_ascii_lowercase())
    }

    /// Renders the plot as SVG.
    pub(super) fn draw(&self) -> Result<String> {
        let mut svg = String::new();
        let area = SVGBackend::with_string(&mut svg, (WIDTH as u32, HEIGHT as u32)).into_drawing_area();
        self.draw_all(&area).map_err(|error| anyhow!("cannot draw {}: {error}", self.title))?;
        drop(area);
        Ok(svg + "\n")
    }

    fn draw_all(&self, area: &Area<'_>) -> Drawn {
        let points = || self.curves.iter().flat_map(|line| &line.points);
        let sizes = || points().map(|(size, _)| (*size as f64).log10());
        let smallest = sizes().fold(f64::INFINITY, f64::min);
        let decades = sizes().fold(f64::NEG_INFINITY, f64::max) - smallest;
        let most = points().map(|(_, samples)| samples.max()).fold(f64::MIN_POSITIVE, f64::max);
        let scale = Scale { smallest, decades, most };
        area.fill(&WHITE)?;
        area.draw(&Text::new(self.title, (12, 12), ("sans-serif", 17).into_font()))?;
        self.draw_axes(area, &scale)?;
        let mut labels: Vec<i32> = Vec::new();
        for (line, colour) in self.curves.iter().zip(COLOURS) {
            line.draw(area, &scale, colour, &mut labels)?;
        }
        area.present()
    }

    fn draw_axes(&self, area: &Area<'_>, scale: &Scale) -> Drawn {
        let Some(first) = self.curves.first() else { return Ok(()) };
        let font = ("sans-serif", 14).into_font().into_text_style(area);
        for quarter in [0.0, 0.25, 0.5, 0.75, 1.0] {
            let value = scale.most * quarter;
            let ends = vec![(LEFT, scale.y(value)), (WIDTH - RIGHT, scale.y(value))];
            area.draw(&PathElement::new(ends, RGBColor(225, 225, 225)))?;
            let style = font.pos(Pos::new(HPos::Right, VPos::Center));
            area.draw(&Text::new(shown(first.curve.unit(), value), (LEFT - 8, scale.y(value)), style))?;
        }
        for (size, _) in &first.points {
            let style = font.pos(Pos::new(HPos::Center, VPos::Top));
            area.draw(&Text::new(show_size(*size), (scale.x(*size), HEIGHT - BOTTOM + 8), style))?;
        }
        let (middle, style) = (LEFT.midpoint(WIDTH - RIGHT), font.pos(Pos::new(HPos::Center, VPos::Bottom)));
        area.draw(&Text::new(first.curve.size_noun(), (middle, HEIGHT - 6), style))
    }
}

/// The label of a value on the axis. Zero has no unit.
fn shown(unit: Unit, value: f64) -> String {
    if value == 0.0 { "0".to_owned() } else { unit.show(value) }
}

impl Line<'_> {
    /// Draws the line. `labels` are the heights of the labels drawn so far.
    fn draw(&self, area: &Area<'_>, scale: &Scale, colour: RGBColor, labels: &mut Vec<i32>) -> Drawn {
        let at = |(size, samples): &(u64, &Samples)| (scale.x(*size), scale.y(samples.median()));
        area.draw(&PathElement::new(self.points.iter().map(at).collect::<Vec<_>>(), colour.stroke_width(2)))?;
        for point in &self.points {
            area.draw(&Circle::new(at(point), 3, colour.filled()))?;
            let (x, samples) = (scale.x(point.0), point.1);
            let spread = vec![(x, scale.y(samples.min())), (x, scale.y(samples.max()))];
            area.draw(&PathElement::new(spread, colour))?;
        }
        let Some((x, y)) = self.points.last().map(at) else { return Ok(()) };
        let overlaps = labels.iter().any(|label| (label - y).abs() < 16);
        let y = if overlaps { y - 18 } else { y };
        labels.push(y);
        let font = ("sans-serif", 14).into_font().into_text_style(area);
        let style = font.pos(Pos::new(HPos::Left, VPos::Center)).color(&colour);
        area.draw(&Text::new(self.curve.label(), (x + 10, y), style))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plot_has_a_line_for_each_curve_and_a_mark_for_each_size() {
        let mut growth = Growth::default();
        for (size, value) in [(1000, 0.1), (10_000, 0.2), (100_000, 0.4)] {
            growth.add(Curve::StartClean, size, value);
            growth.add(Curve::StartKilled, size, value * 2.0);
        }
        let plots = all(&growth);
        assert_eq!(plots.len(), 1);
        let svg = plots.first().expect("a plot").draw().expect("svg");
        assert_eq!(svg.matches("<circle").count(), 6);
        for text in ["after a clean stop", "after a kill", "100 k", "messages in the log", "0.800 s"] {
            assert!(svg.contains(text), "{text}");
        }
    }
}
