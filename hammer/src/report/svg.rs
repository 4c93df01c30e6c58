//! Latency against offered rate, as a picture.

use crate::load::{Load, StepReport};
use crate::stats::Percentiles;
use plotters::prelude::*;

/// The picture, in pixels.
const SIZE: (u32, u32) = (900, 560);
const FONT: &str = "sans-serif";

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum SvgError {
    /// Nothing to draw.
    #[error("no step of an open loop ended in SCTs: there is nothing to draw")]
    Nothing,
    /// The drawing failed.
    #[error("cannot draw: {0}")]
    Draw(String),
}

/// A line of the picture: what it is called, what it shows, its colour. The colours can be told apart by people who see
/// few of them.
type Series = (&'static str, fn(&Percentiles) -> u64, RGBColor);

const SERIES: [Series; 5] = [
    ("p50", |latency| latency.p50_us, RGBColor(0, 114, 178)),
    ("p90", |latency| latency.p90_us, RGBColor(0, 158, 115)),
    ("p99", |latency| latency.p99_us, RGBColor(230, 159, 0)),
    ("p99.9", |latency| latency.p999_us, RGBColor(213, 94, 0)),
    ("max", |latency| latency.max_us, RGBColor(100, 100, 100)),
];

/// SCT latency of the open loops among these steps, over the rate that was offered. The latency axis is logarithmic.
pub fn svg(steps: &[StepReport], caption: &str) -> Result<String, SvgError> {
    let mut points: Vec<(f64, Percentiles)> = steps.iter().filter_map(point).collect();
    points.sort_by(|one, other| one.0.total_cmp(&other.0));
    let Some(widest) = points.last().map(|(rate, _)| *rate) else { return Err(SvgError::Nothing) };
    let mut text = String::new();
    draw(&mut text, &points, widest, caption).map_err(|error| SvgError::Draw(error.to_string()))?;
    Ok(text)
}

fn point(step: &StepReport) -> Option<(f64, Percentiles)> {
    match step.load {
        Load::Open { rate, .. } => Some((rate.per_second(), step.sct_latency?)),
        Load::Closed { .. } => None,
    }
}

fn draw(
    text: &mut String,
    points: &[(f64, Percentiles)],
    widest: f64,
    caption: &str,
) -> Result<(), Box<dyn std::error::Error>> {
    let area = SVGBackend::with_string(text, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let low = points.iter().map(|(_, latency)| latency.p50_us).min().unwrap_or(1).max(1) as f64 / 1000.0;
    let high = points.iter().map(|(_, latency)| latency.max_us).max().unwrap_or(1) as f64 / 1000.0;
    let mut chart = ChartBuilder::on(&area)
        .caption(caption, (FONT, 18))
        .margin(16)
        .x_label_area_size(44)
        .y_label_area_size(64)
        .build_cartesian_2d(0.0..widest * 1.05, ((low / 2.0)..(high * 2.0).max(low * 10.0)).log_scale())?;
    chart
        .configure_mesh()
        .x_max_light_lines(0)
        .x_desc("requests offered per second")
        .y_desc("SCT latency in ms, from the intended start")
        .y_label_formatter(&|value| format!("{value}"))
        .x_label_formatter(&|value| format!("{value:.0}"))
        .label_style((FONT, 13))
        .draw()?;
    for (name, of, colour) in SERIES {
        let line = || points.iter().map(move |(rate, latency)| (*rate, of(latency).max(1) as f64 / 1000.0));
        chart
            .draw_series(LineSeries::new(line(), colour.stroke_width(2)))?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 20, y)], colour.stroke_width(2)));
        chart.draw_series(line().map(|at| Circle::new(at, 3, colour.filled())))?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK.mix(0.3))
        .label_font((FONT, 13))
        .draw()?;
    area.present()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::{Pace, Rate};
    use std::collections::BTreeMap;

    fn step(rate: f64, p50_us: u64) -> StepReport {
        let latency = Percentiles {
            count: 1000,
            mean_us: p50_us as f64,
            p50_us,
            p90_us: p50_us * 2,
            p99_us: p50_us * 4,
            p999_us: p50_us * 8,
            max_us: p50_us * 16,
        };
        StepReport {
            load: Load::Open { rate: Rate::new(rate).unwrap(), pace: Pace::Poisson },
            measured_seconds: 10.0,
            offered_per_second: rate,
            achieved_per_second: rate,
            scts_per_second: rate,
            sct_latency: Some(latency),
            operations: BTreeMap::new(),
            hammer_late: None,
            published_after_seconds: None,
            cut: None,
        }
    }

    #[test]
    fn every_percentile_is_a_line_with_its_name() {
        let steps = [step(500.0, 9000), step(100.0, 2000), step(250.0, 3000)];
        let text = svg(&steps, "a log <and> a machine").unwrap();
        assert!(text.starts_with("<svg") && text.trim_end().ends_with("</svg>"));
        for name in ["p50", "p90", "p99", "p99.9", "max", "&lt;and&gt;"] {
            assert!(text.contains(name), "{name}");
        }
        assert_eq!(text.matches("<circle").count(), SERIES.len() * steps.len());
    }

    #[test]
    fn a_single_rate_is_a_picture_and_none_is_not() {
        assert!(svg(&[step(100.0, 2000)], "one").is_ok());
        let closed = StepReport { load: Load::Closed { workers: 1 }, ..step(1.0, 1) };
        assert!(matches!(svg(&[closed], "none"), Err(SvgError::Nothing)));
    }
}
