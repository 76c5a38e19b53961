//! The run as an SVG: a panel for each series.

use std::fmt::Write;

use crate::sample::Sample;

/// One panel.
struct Series {
    title: &'static str,
    unit: &'static str,
    colour: &'static str,
    value: fn(&Sample) -> Option<f64>,
}

const GREEN: &str = "#1a7f37";
const RED: &str = "#cf222e";
const BLUE: &str = "#0969da";
const GREY: &str = "#57606a";

const SERIES: [Series; 14] = [
    series("Good calls", "a second", GREEN, |one| Some(one.benign)),
    series("Misdeeds", "a second", RED, |one| Some(one.hostile)),
    series("Good calls, p50", "ms", GREEN, |one| one.p50_ms),
    series("Calls ended by a limit", "a second", RED, |one| {
        Some(one.kills)
    }),
    series("Good calls, p99", "ms", GREEN, |one| one.p99_ms),
    series("Resident memory", "MiB", BLUE, |one| {
        Some(one.taken.resident_kib as f64 / 1024.0)
    }),
    series("File descriptors", "open", BLUE, |one| {
        Some(one.taken.descriptors as f64)
    }),
    series("Memory images", "of modules", BLUE, |one| {
        Some(one.taken.images as f64)
    }),
    series("Threads", "alive", BLUE, |one| {
        Some(one.taken.threads as f64)
    }),
    series("Child processes", "alive", BLUE, |one| {
        Some(one.taken.children as f64)
    }),
    series("Plugins replaced", "so far", GREY, |one| {
        Some(one.reloads as f64)
    }),
    series("Receipts lost", "so far", GREY, |one| Some(one.lost as f64)),
    series("Panics of the host", "so far", GREY, |one| {
        Some(one.panics as f64)
    }),
    series("Surprises", "so far", GREY, |one| {
        Some(one.surprises as f64)
    }),
];

const fn series(
    title: &'static str,
    unit: &'static str,
    colour: &'static str,
    value: fn(&Sample) -> Option<f64>,
) -> Series {
    Series {
        title,
        unit,
        colour,
        value,
    }
}

const COLUMNS: usize = 2;
const MARGIN: f64 = 24.0;
const HEAD: f64 = 78.0;
/// A panel with its labels, and the plot in it.
const PANEL: (f64, f64) = (476.0, 176.0);
const PLOT: (f64, f64) = (400.0, 108.0);
/// Where the plot begins in its panel.
const INSET: (f64, f64) = (56.0, 30.0);

/// Draws the run. The seconds up to `warm_up` are shaded. The picture has a background of its own, so that it reads on light and dark pages.
pub fn svg(samples: &[Sample], warm_up: f64) -> String {
    let rows = SERIES.len().div_ceil(COLUMNS);
    let width = MARGIN * 2.0 + PANEL.0 * COLUMNS as f64;
    let height = HEAD + PANEL.1 * rows as f64 + MARGIN / 2.0;
    let seconds = samples.last().map_or(0.0, |sample| sample.seconds).max(1.0);
    let mut svg = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" aria-labelledby="title">
<title id="title">Soak: good and hostile plugins at full load</title>
<style>
text {{ font: 12px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: #57606a; }}
.head {{ font-size: 20px; font-weight: 600; fill: #1f2328; }}
.title {{ font-size: 13px; font-weight: 600; fill: #1f2328; }}
.end {{ text-anchor: end; }}
.middle {{ text-anchor: middle; }}
</style>
<rect x="0.5" y="0.5" width="{}" height="{}" rx="8" fill="#ffffff" stroke="#d0d7de"/>
<text class="head" x="{MARGIN}" y="38">Soak: good and hostile plugins at full load</text>
<text x="{MARGIN}" y="58">{} of load, a point a second, by minutes and seconds; shaded: the warm-up</text>
"##,
        width - 1.0,
        height - 1.0,
        length(seconds),
    );
    for (index, series) in SERIES.iter().enumerate() {
        let (column, row) = (index % COLUMNS, index / COLUMNS);
        let x = MARGIN + PANEL.0 * column as f64;
        let y = HEAD + PANEL.1 * row as f64;
        let panel = panel(series, samples, seconds, warm_up);
        // Writing to a string does not fail.
        let _ok = write!(svg, "<g transform=\"translate({x} {y})\">\n{panel}</g>\n");
    }
    svg + "</svg>\n"
}

fn panel(series: &Series, samples: &[Sample], seconds: f64, warm_up: f64) -> String {
    let (left, top) = INSET;
    let (wide, high) = PLOT;
    let values = || samples.iter().filter_map(series.value);
    let (most, step) = axis(values().fold(0.0, f64::max));
    let across = |second: f64| left + second / seconds * wide;
    let up = |value: f64| top + high - value / most * high;
    let mut panel = format!(
        r##"<text class="title" x="{left}" y="18">{}</text>
<text class="end" x="{:.1}" y="18">{}</text>
<rect x="{left}" y="{top}" width="{:.1}" height="{high}" fill="#f0f2f4"/>
"##,
        series.title,
        left + wide,
        series.unit,
        (across(warm_up.min(seconds)) - left),
    );
    let mut tick = 0.0;
    while tick <= most + step / 2.0 {
        let y = up(tick);
        let _ok = write!(
            panel,
            r##"<line x1="{left}" y1="{y:.1}" x2="{:.1}" y2="{y:.1}" stroke="#d8dee4"/>
<text class="end" x="{:.1}" y="{:.1}">{}</text>
"##,
            left + wide,
            left - 6.0,
            y + 4.0,
            number(tick, step),
        );
        tick += step;
    }
    for part in 0..=4 {
        let second = seconds * f64::from(part) / 4.0;
        let (x, below) = (across(second), top + high);
        let _ok = write!(
            panel,
            r##"<line x1="{x:.1}" y1="{below}" x2="{x:.1}" y2="{:.1}" stroke="#8c959f"/>
<text class="middle" x="{x:.1}" y="{:.1}">{}</text>
"##,
            below + 4.0,
            below + 18.0,
            minutes(second),
        );
    }
    for line in lines(series, samples) {
        let points: Vec<_> = line
            .iter()
            .map(|(second, value)| format!("{:.1},{:.1}", across(*second), up(*value)))
            .collect();
        let _ok = writeln!(
            panel,
            r##"<polyline points="{}" fill="none" stroke="{}" stroke-width="1.5" stroke-linejoin="round" stroke-linecap="round"/>"##,
            points.join(" "),
            series.colour,
        );
    }
    panel
}

/// Points that belong together: where there is no value, the line ends and another begins.
fn lines(series: &Series, samples: &[Sample]) -> Vec<Vec<(f64, f64)>> {
    let mut lines = vec![Vec::new()];
    for sample in samples {
        match ((series.value)(sample), lines.last_mut()) {
            (Some(value), Some(line)) => line.push((sample.seconds, value)),
            _ => lines.push(Vec::new()),
        }
    }
    lines.retain(|line| !line.is_empty());
    lines
}

/// The end of an axis that begins at 0 and holds `most`, and the step between its ticks: 1, 2 or 5 times a power of ten, three to five of them.
fn axis(most: f64) -> (f64, f64) {
    let most = if most > 0.0 { most } else { 1.0 };
    let power = 10_f64.powf((most / 4.0).log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * power);
    let fits = |step: &&f64| **step * 4.0 >= most * 0.999_999;
    let step = steps.iter().find(fits).copied().unwrap_or(power * 10.0);
    ((most / step * 0.999_999).ceil() * step, step)
}

/// With as many digits as the step needs.
fn number(value: f64, step: f64) -> String {
    let digits = (-step.log10().floor()).max(0.0) as usize;
    let plain = format!("{value:.digits$}");
    match plain.len() {
        4.. if digits == 0 => {
            let (head, tail) = plain.split_at(plain.len() - 3);
            format!("{head},{tail}")
        }
        _ => plain,
    }
}

fn minutes(seconds: f64) -> String {
    let seconds = seconds.round() as u64;
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

fn length(seconds: f64) -> String {
    match seconds < 120.0 {
        true => format!("{seconds:.0} seconds"),
        false => format!("{:.0} minutes", seconds / 60.0),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use crate::verdict::tests::run;

    /// Enough of XML for what is written here: tags close in order, attributes are in quotes and come once, nothing is bare.
    fn elements(text: &str) -> Vec<String> {
        let (mut open, mut names, mut rest) = (Vec::new(), Vec::new(), text);
        while let Some(begin) = rest.find('<') {
            assert!(!rest[..begin].contains(['>', '&']), "{}", &rest[..begin]);
            let end = begin + rest[begin..].find('>').unwrap();
            let tag = &rest[begin + 1..end];
            rest = &rest[end + 1..];
            if let Some(name) = tag.strip_prefix('/') {
                assert_eq!(open.pop().as_deref(), Some(name));
                continue;
            }
            let alone = tag.ends_with('/');
            let tag = tag.trim_end_matches('/');
            let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
            let parts: Vec<_> = attributes.split('"').collect();
            assert_eq!(parts.len() % 2, 1, "quotes: {tag}");
            let mut keys: Vec<_> = parts.iter().step_by(2).map(|key| key.trim()).collect();
            assert_eq!(keys.pop(), Some(""), "{tag}");
            assert!(keys.iter().all(|key| key.ends_with('=')), "{tag}");
            keys.sort_unstable();
            assert!(keys.windows(2).all(|two| two[0] != two[1]), "{tag}");
            names.push(name.to_owned());
            if !alone {
                open.push(name.to_owned());
            }
        }
        assert!(open.is_empty(), "not closed: {open:?}");
        assert_eq!(rest.trim(), "");
        names
    }

    #[test]
    fn the_picture_is_whole_whatever_the_run_was() {
        for samples in [run(900, 3), run(1, 0), Vec::new()] {
            let svg = svg(&samples, 180.0);
            let names = elements(&svg);
            let panels = names.iter().filter(|name| *name == "g").count();
            assert_eq!(panels, SERIES.len());
            assert_eq!(names[0], "svg");
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
            let lines = names.iter().filter(|name| *name == "polyline").count();
            assert_eq!(lines == 0, samples.is_empty());
        }
    }

    #[test]
    fn no_point_lies_outside_of_its_panel() {
        let svg = svg(&run(300, 64), 60.0);
        for points in svg.split("points=\"").skip(1) {
            for point in points.split('"').next().unwrap().split(' ') {
                let (x, y) = point.split_once(',').unwrap();
                let (x, y): (f64, f64) = (x.parse().unwrap(), y.parse().unwrap());
                assert!((INSET.0..=INSET.0 + PLOT.0).contains(&x), "{point}");
                assert!((INSET.1..=INSET.1 + PLOT.1).contains(&y), "{point}");
            }
        }
    }

    #[test]
    fn a_gap_parts_the_line() {
        let p99 = SERIES
            .iter()
            .find(|one| one.title.ends_with("p99"))
            .unwrap();
        // Seconds 3 and 13 have none.
        let lines = lines(p99, &run(20, 0));
        let lengths: Vec<_> = lines.iter().map(Vec::len).collect();
        assert_eq!(lengths, [2, 9, 7]);
    }

    #[test]
    fn ticks_are_round() {
        for most in [0.0, 7.0, 97.0, 312.0, 21_000.0] {
            let (end, step) = axis(most);
            assert!(end >= most && step * 5.0 >= end, "{most}: {end} by {step}");
        }
        assert_eq!(number(21_000.0, 5_000.0), "21,000");
        assert_eq!(number(0.2, 0.1), "0.2");
        assert_eq!(number(300.0, 100.0), "300");
    }
}
