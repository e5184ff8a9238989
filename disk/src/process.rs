//! The resources of this process, as Linux reports them in `/proc`.

use std::fs;

/// The unit of times in `/proc/self/stat`, in milliseconds. It is part of the interface of Linux.
const TICK_MS: u64 = 10;

/// The fields of `/proc/self/stat` after the name of the program: user time and system time.
const CPU_FIELDS: std::ops::Range<usize> = 11..13;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProcessStats {
    pub resident_bytes: u64,
    pub cpu_ms: u64,
    pub open_files: u64,
    /// The soft limit of open files; `u64::MAX` if there is none.
    pub open_files_max: u64,
}

impl ProcessStats {
    /// `None` on a system without `/proc`.
    #[must_use]
    pub fn read() -> Option<Self> {
        let status = fs::read_to_string("/proc/self/status").ok()?;
        let limits = fs::read_to_string("/proc/self/limits").ok()?;
        let stat = fs::read_to_string("/proc/self/stat").ok()?;
        Some(Self {
            resident_bytes: word_after(&status, "VmRSS:")?.parse::<u64>().ok()? << 10,
            cpu_ms: cpu_ticks(&stat)? * TICK_MS,
            // The listing itself has one open file.
            open_files: (fs::read_dir("/proc/self/fd").ok()?.count() as u64).saturating_sub(1),
            open_files_max: word_after(&limits, "Max open files")
                .map(|max| max.parse().unwrap_or(u64::MAX))?,
        })
    }
}

/// The first word after `label`.
fn word_after<'a>(text: &'a str, label: &str) -> Option<&'a str> {
    text.split_once(label)?.1.split_ascii_whitespace().next()
}

/// The name of the program is in parentheses, and may contain spaces and parentheses.
fn cpu_ticks(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(") ")?;
    let times = fields.split(' ').skip(CPU_FIELDS.start).take(CPU_FIELDS.len());
    times.map(|ticks| ticks.parse::<u64>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_are_found() {
        let stat = "1234 (papo (up) 7) S 1 1 1 0 -1 4194560 900 0 0 0 250 31 0 0 20 0 9 0 1 2 3";
        assert_eq!(cpu_ticks(stat), Some(281));
        let limits = "Max open files            1024                 524288               files     \n";
        assert_eq!(word_after(limits, "Max open files"), Some("1024"));
    }

    #[test]
    fn another_open_file_counts() {
        let Some(before) = ProcessStats::read() else { return };
        let files: Vec<_> = (0..50).map(|_| fs::File::open("/dev/null").expect("a file")).collect();
        let after = ProcessStats::read().expect("statistics");
        // Other tests of this process open and close files, too.
        assert!(after.open_files + 20 > before.open_files + files.len() as u64, "{before:?} {after:?}");
        assert!(after.resident_bytes > 1 << 20 && after.open_files < after.open_files_max, "{after:?}");
    }
}
