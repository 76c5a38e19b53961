//! The run as a table, twenty lines at most.

use comfy_table::{CellAlignment, Table};

use crate::sample::Sample;

/// More lines than these are not read.
const LINES: usize = 20;

/// Each line stands for some seconds: rates are their mean, the p50 that of the middle second, the p99 that of the worst; the rest is how it stood
/// at the end of them.
pub fn of(samples: &[Sample]) -> Table {
    let mut table = Table::new();
    table.set_header([
        "time",
        "benign/s",
        "hostile/s",
        "kills/s",
        "p50 ms",
        "p99 ms",
        "MiB",
        "fds",
        "images",
        "threads",
        "children",
        "reloads",
        "lost",
        "panics",
        "surprises",
    ]);
    for column in table.column_iter_mut() {
        column.set_cell_alignment(CellAlignment::Right);
    }
    for line in samples.chunks(samples.len().div_ceil(LINES).max(1)) {
        table.add_row(row(line));
    }
    table
}

fn row(line: &[Sample]) -> Vec<String> {
    let Some(last) = line.last() else {
        return Vec::new();
    };
    let mean = |part: fn(&Sample) -> f64| {
        let sum: f64 = line.iter().map(part).sum();
        format!("{:.0}", sum / line.len() as f64)
    };
    let sorted = |part: fn(&Sample) -> Option<f64>| {
        let mut values: Vec<_> = line.iter().filter_map(part).collect();
        values.sort_by(f64::total_cmp);
        values
    };
    let ms = |value: Option<&f64>| value.map_or_else(|| "-".to_owned(), |ms| format!("{ms:.2}"));
    let (p50, p99) = (
        sorted(|sample| sample.p50_ms),
        sorted(|sample| sample.p99_ms),
    );
    let taken = last.taken;
    vec![
        clock(last.seconds),
        mean(|sample| sample.benign),
        mean(|sample| sample.hostile),
        mean(|sample| sample.kills),
        ms(p50.get(p50.len() / 2)),
        ms(p99.last()),
        format!("{:.1}", taken.resident_kib as f64 / 1024.0),
        taken.descriptors.to_string(),
        taken.images.to_string(),
        taken.threads.to_string(),
        taken.children.to_string(),
        last.reloads.to_string(),
        last.lost.to_string(),
        last.panics.to_string(),
        last.surprises.to_string(),
    ]
}

/// Minutes and seconds.
fn clock(seconds: f64) -> String {
    let seconds = seconds.round() as u64;
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::tests::run;

    #[test]
    fn a_long_run_has_twenty_lines_and_a_short_one_a_line_a_second() {
        assert_eq!(of(&run(900, 1)).row_count(), 20);
        assert_eq!(of(&run(901, 1)).row_count(), 20);
        assert_eq!(of(&run(7, 1)).row_count(), 7);
        assert_eq!(of(&[]).row_count(), 0);
    }

    #[test]
    fn a_line_has_means_the_worst_second_and_how_it_ended() {
        let mut seconds = run(20, 1_024);
        if let Some(second) = seconds.get_mut(4) {
            second.p99_ms = Some(80.0);
            second.benign = 0.0;
        }
        let row = row(&seconds);
        let cells: Vec<_> = row.iter().map(String::as_str).collect();
        let benign: f64 = seconds.iter().map(|second| second.benign).sum::<f64>() / 20.0;
        let benign = format!("{benign:.0}");
        let expected = [
            "0:20", &benign, "300", "120", "0.05", "80.00", "320.0", "12", "100", "9", "0", "20",
            "0", "0", "0",
        ];
        assert_eq!(cells, expected);
    }
}
