//! What a compilation may take, and telling the system so.

/// What one compilation may take. Large real plugins take a tenth of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CompileLimits {
    /// Wall time in milliseconds, from the start of the process. Default 4,000, so that a load with all that is around it is answered within five
    /// seconds.
    pub wall_ms: u64,
    /// Processor time in seconds, of all threads. Default 8: two cores for the whole wall time.
    pub cpu_s: u64,
    /// Memory in bytes. Default 1 GiB.
    pub memory_bytes: u64,
    /// Native code in bytes. Default 256 MiB: the host holds it in memory.
    pub output_bytes: u64,
    /// Processes at once; more loads wait. Default 2. None is taken as one.
    pub at_once: u32,
}

impl Default for CompileLimits {
    fn default() -> Self {
        Self {
            wall_ms: 4_000,
            cpu_s: 8,
            memory_bytes: 1 << 30,
            output_bytes: 256 << 20,
            at_once: 2,
        }
    }
}

/// The stack of each thread that compiles. A compiler recurses on what the component nests.
pub(super) const STACK_BYTES: usize = 64 << 20;

/// Threads that compile functions in one process: as many as the processor time is for.
pub(super) const THREADS: &str = "2";

#[cfg(target_os = "linux")]
pub(super) use on_linux::{bind, bind_self, close_others};

#[cfg(target_os = "linux")]
mod on_linux {
    use std::io;
    use std::os::fd::{FromRawFd, OwnedFd, RawFd};

    use rustix::process::{
        Pid, Resource, Rlimit, Signal, getrlimit, nice, prlimit, set_parent_process_death_signal,
    };

    /// Address space beyond the memory: code, stacks, what an allocator reserves and does not use.
    const ADDRESSES: u64 = 4 << 30;
    /// The descriptors of a process that opens nothing but its own memory map.
    const DESCRIPTORS: u64 = 16;

    /// Sets the limits of a child that was just started.
    pub(in super::super) fn bind(child: Pid, memory_bytes: u64, cpu_s: u64) -> io::Result<()> {
        let limits = [
            (Resource::Data, memory_bytes, 0),
            (Resource::As, memory_bytes.saturating_add(ADDRESSES), 0),
            // At the first it gets SIGXCPU, at the second SIGKILL.
            (Resource::Cpu, cpu_s, 1),
            (Resource::Core, 0, 0),
            (Resource::Fsize, 0, 0),
            (Resource::Nofile, DESCRIPTORS, 0),
        ];
        for (resource, soft, more) in limits {
            // What the host itself may not exceed, nobody can raise.
            let most = getrlimit(resource).maximum.unwrap_or(u64::MAX);
            let new = Rlimit {
                current: Some(soft.min(most)),
                maximum: Some(soft.saturating_add(more).min(most)),
            };
            match prlimit(Some(child), resource, new) {
                // It is gone already: what it said tells why.
                Ok(_) | Err(rustix::io::Errno::SRCH) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// What a worker does about itself before it reads a byte: it dies with its host, and lets others go first.
    pub(in super::super) fn bind_self() -> io::Result<()> {
        set_parent_process_death_signal(Some(Signal::KILL))?;
        nice(10)?;
        Ok(())
    }

    /// Closes what a careless library of the host let it inherit: all but the standard streams.
    pub(in super::super) fn close_others() -> io::Result<()> {
        for descriptor in inherited()? {
            // SAFETY: called first thing in `main`, on the only thread, when nothing of this process has a descriptor but the standard streams.
            // What is in the list was opened by another process, before this one began.
            drop(unsafe { OwnedFd::from_raw_fd(descriptor) });
        }
        Ok(())
    }

    fn inherited() -> io::Result<Vec<RawFd>> {
        let list = "/proc/self/fd";
        let names = std::fs::read_dir(list)?.map(|entry| Ok(entry?.file_name()));
        let names = names.collect::<io::Result<Vec<_>>>()?;
        let numbers = names.iter().filter_map(|name| name.to_str()?.parse().ok());
        let others = numbers.filter(|descriptor: &RawFd| *descriptor > 2);
        // Without the one that read the list.
        let is_open = |descriptor: &RawFd| {
            let entry = format!("{list}/{descriptor}");
            std::fs::symlink_metadata(entry).is_ok()
        };
        Ok(others.filter(is_open).collect())
    }
}
