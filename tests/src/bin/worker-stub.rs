//! Programs that are no compile workers: what it does, its own file's name says. Tests copy it to the name that they want.

use std::io::{self, Read, Write};
use std::process::Command;
use std::time::Duration;

use portcullis::package::Digest;

fn main() -> io::Result<()> {
    let own = std::env::current_exe()?;
    let mut out = io::stdout().lock();
    match own.file_stem().and_then(|name| name.to_str()) {
        Some("silent") => Ok(()),
        Some("crash") => std::process::abort(),
        // Reads nothing, says nothing, and leaves a child behind that has its pipes.
        Some("slow") => {
            let _child = Command::new("/bin/sleep").arg("600").spawn();
            std::thread::sleep(Duration::from_secs(600));
            Ok(())
        }
        // Takes processor time without end.
        Some("busy") => loop {
            std::hint::spin_loop();
        },
        // Takes memory without end.
        Some("greedy") => {
            let mut taken = Vec::new();
            loop {
                taken.push(vec![1_u8; 1 << 20]);
            }
        }
        // Promises as much as fits, and never ends.
        Some("loud") => {
            out.write_all(&[b"PCR1\0".as_slice(), &[0; 64]].concat())?;
            out.write_all(&1_000_u64.to_le_bytes())?;
            loop {
                out.write_all(&[0; 65_536])?;
            }
        }
        // Tells what it has been given, as the text of a refusal.
        Some("nosy") => {
            // Its limits are set before the first byte comes.
            io::stdin().lock().read_to_end(&mut Vec::new())?;
            refuse(&mut out, &what_it_has()?)
        }
        // Says what is in the file beside it.
        _ => {
            io::copy(&mut io::stdin().lock(), &mut io::sink())?;
            out.write_all(&std::fs::read(own.with_extension("reply"))?)
        }
    }
}

fn refuse(out: &mut impl Write, text: &str) -> io::Result<()> {
    let head = [b"PCR1\x01".as_slice(), &[0; 32]].concat();
    out.write_all(&head)?;
    out.write_all(Digest::of(text.as_bytes()).as_bytes())?;
    out.write_all(&(text.len() as u64).to_le_bytes())?;
    out.write_all(text.as_bytes())
}

fn what_it_has() -> io::Result<String> {
    let variables: Vec<_> = std::env::vars_os().map(|(name, _)| name).collect();
    let arguments = std::env::args_os().count();
    let mut descriptors = Vec::new();
    for entry in std::fs::read_dir("/proc/self/fd")? {
        let entry = entry?;
        let target = std::fs::read_link(entry.path()).unwrap_or_default();
        descriptors.push(format!("{:?}={}", entry.file_name(), target.display()));
    }
    let limits = std::fs::read_to_string("/proc/self/limits")?;
    let limits = limits.lines().filter(|line| {
        let of = ["Max cpu", "Max data", "Max core", "Max file size"];
        of.iter().any(|name| line.starts_with(name))
    });
    let limits: Vec<_> = limits
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    let directory = std::env::current_dir()?;
    Ok(format!(
        "{variables:?} {arguments} {descriptors:?} {limits:?} {}",
        directory.display()
    ))
}
