//! What came of it.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::table::table;

/// What libFuzzer said of a target.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct Ran {
    target: String,
    executions: u64,
    executions_per_second: u64,
    /// Edges that were reached.
    coverage: u64,
    /// Inputs that are kept because each reaches something.
    corpus: u64,
    /// The file that does it again, if there is one.
    finding: Option<PathBuf>,
    /// Whether it ended otherwise than with its time.
    failed: bool,
    /// The program, which takes a finding as its argument.
    program: PathBuf,
    /// All that it said.
    log: PathBuf,
}

impl Ran {
    /// What stands in the log of a program that has ended.
    pub(super) fn of(target: &str, log: &str, fine: bool, program: &Path, at: &Path) -> Self {
        let after = |what: &str| {
            let line = log.lines().rev().find_map(|line| line.split_once(what));
            line.map(|(_, rest)| rest.trim())
        };
        let number = |what: &str| {
            let digits = after(what).unwrap_or_default();
            let end = digits
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(digits.len());
            digits
                .get(..end)
                .and_then(|digits| digits.parse().ok())
                .unwrap_or_default()
        };
        Self {
            target: target.to_owned(),
            executions: number("stat::number_of_executed_units:"),
            executions_per_second: number("stat::average_exec_per_sec:"),
            coverage: number(" cov: "),
            corpus: number(" corp: "),
            finding: after("Test unit written to ").map(PathBuf::from),
            failed: !fine,
            program: program.to_owned(),
            log: at.to_owned(),
        }
    }

    fn is_clean(&self) -> bool {
        !self.failed && self.finding.is_none()
    }
}

/// All targets.
#[derive(Serialize)]
pub(super) struct Report {
    targets: Vec<Ran>,
}

impl Report {
    pub(super) fn of(mut targets: Vec<Ran>) -> Self {
        targets.sort_by(|one, other| one.target.cmp(&other.target));
        Self { targets }
    }

    /// Whether nothing was found.
    pub(super) fn is_clean(&self) -> bool {
        self.targets.iter().all(Ran::is_clean)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = self.targets.iter().map(|ran| {
            let found = if ran.is_clean() {
                "none"
            } else {
                "1, see below"
            };
            [
                ran.target.clone(),
                ran.executions.to_string(),
                ran.executions_per_second.to_string(),
                ran.coverage.to_string(),
                ran.corpus.to_string(),
                found.to_owned(),
            ]
        });
        let header = [
            "TARGET",
            "EXECUTIONS",
            "PER SECOND",
            "COVERAGE",
            "CORPUS",
            "FINDINGS",
        ];
        writeln!(f, "{}", table(header, rows))?;
        for ran in self.targets.iter().filter(|ran| !ran.is_clean()) {
            writeln!(f, "\n{}: {}", ran.target, ran.log.display())?;
            if let Some(finding) = &ran.finding {
                let finding = finding.display();
                writeln!(f, "  found:  {finding}")?;
                writeln!(f, "  replay: {} {finding}", ran.program.display())?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "\
#2\tINITED cov: 10 ft: 11 corp: 1/1b exec/s: 0 rss: 40Mb
#512\tNEW    cov: 31 ft: 40 corp: 7/90b lim: 4 exec/s: 0 rss: 41Mb L: 4/4 MS: 1 ChangeBit-
Done 400000 runs in 61 second(s)
stat::number_of_executed_units: 400000
stat::average_exec_per_sec:     6557
";

    fn ran(log: &str, fine: bool) -> Ran {
        Ran::of(
            "grant",
            log,
            fine,
            Path::new("build/grant"),
            Path::new("grant.log"),
        )
    }

    /// Proves that the table says what libFuzzer says, and that a run without a finding is clean.
    #[test]
    fn a_log_is_read() {
        let ran = ran(LOG, true);
        assert_eq!(
            (ran.executions, ran.executions_per_second),
            (400_000, 6_557)
        );
        assert_eq!((ran.coverage, ran.corpus, &ran.finding), (31, 7, &None));
        let report = Report::of(vec![ran]);
        assert!(report.is_clean());
        assert!(!report.to_string().contains("replay"));
    }

    /// Proves that a finding is told with what does it again; and that a program which dies without one is no clean run.
    #[test]
    fn a_finding_is_told() {
        let log = "artifact_prefix='x/'; Test unit written to fuzz/regressions/grant/crash-1f\nBase64: AA==\n";
        let found = Report::of(vec![ran(log, false)]);
        assert!(!found.is_clean());
        let text = found.to_string();
        assert!(
            text.contains("replay: build/grant fuzz/regressions/grant/crash-1f"),
            "{text}"
        );
        assert!(!Report::of(vec![ran("", false)]).is_clean());
    }
}
