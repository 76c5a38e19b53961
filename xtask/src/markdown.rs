//! Files of which all or a part is generated.

use std::fs;
use std::path::Path;

use crate::error::CliError;

/// Puts `content` between the lines `<!-- NAME:begin -->` and `<!-- NAME:end -->`; `None` if they are not there.
pub(crate) fn replace_part(text: &str, name: &str, content: &str) -> Option<String> {
    let begin = format!("<!-- {name}:begin -->");
    let end = format!("<!-- {name}:end -->");
    let (before, rest) = text.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!(
        "{before}{begin}\n{}\n{end}{after}",
        content.trim_end()
    ))
}

/// Checks that a file holds what would be generated.
///
/// # Errors
/// It differs; the error tells the first line that does and the command that writes it anew.
pub(crate) fn check(path: &Path, generated: &str, command: &'static str) -> Result<(), CliError> {
    let stale = |why: String| CliError::Stale {
        path: path.to_owned(),
        why,
        command,
    };
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => return Err(stale(error.to_string())),
    };
    if text == generated {
        return Ok(());
    }
    let same = text
        .lines()
        .zip(generated.lines())
        .take_while(|(a, b)| a == b)
        .count();
    Err(stale(format!(
        "line {} differs from what the lists say",
        same + 1
    )))
}

/// A Markdown table.
pub(crate) fn table<const N: usize>(
    header: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let mut table = line(&header.map(str::to_owned));
    table.push_str(&line(&[(); N].map(|()| "---".to_owned())));
    for row in rows {
        table.push_str(&line(
            &row.map(|cell| cell.replace('|', "\\|").replace('\n', " ")),
        ));
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_marked_part_is_replaced() {
        let text = "a\n<!-- x:begin -->\nold\n<!-- x:end -->\nb\n";
        let new = replace_part(text, "x", "new\n");
        assert_eq!(
            new.as_deref(),
            Some("a\n<!-- x:begin -->\nnew\n<!-- x:end -->\nb\n")
        );
        assert_eq!(replace_part(text, "y", "new"), None);
    }
}
