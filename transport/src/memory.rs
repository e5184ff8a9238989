//! Returns freed memory to the operating system.
//!
//! The allocator of glibc keeps freed memory that lies below memory in use. After a flood of messages, the
//! process would keep most of the memory of the flood until it exits.

use std::thread;
use std::time::Duration;

use crate::error::TransportError;

/// The interval between two returns. A return takes milliseconds at most, even for a gigabyte.
const RETURN_EVERY: Duration = Duration::from_secs(2);

/// Blocks of this size and larger return to the system as soon as they are freed.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const LARGE_BLOCK_BYTES: libc::c_int = 256 << 10;

/// The same size while the process uses more than [`MUCH_BYTES`]. Replies to searches and pages of the
/// history are larger. In the heap, they would leave gaps between small blocks, and the gaps would stay after
/// a flood. Batches of messages are larger, too, so a node under normal load would be slower with this size.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const LARGE_BLOCK_BYTES_IN_A_FLOOD: libc::c_int = 32 << 10;

/// Resident memory above this size means a flood.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const MUCH_BYTES: u64 = 96 << 20;

/// The free memory at the end of the heap that the process keeps until the next regular return. With the
/// default of 128 KiB, the process would return and request the buffers of each batch of messages.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const KEPT_BYTES: libc::c_int = 4 << 20;

/// Starts a thread that returns freed memory for as long as the process runs. Large blocks return at once.
pub fn return_regularly() -> Result<(), TransportError> {
    return_large_blocks_at_once();
    let work = || {
        loop {
            thread::sleep(RETURN_EVERY);
            return_freed();
            return_large_blocks_at_once();
        }
    };
    let started = thread::Builder::new().name("memory".to_owned()).spawn(work);
    started.map(|_detached| ()).map_err(TransportError::system("start the thread that returns memory"))
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn return_freed() {
    #[expect(unsafe_code, reason = "the standard library has no function for it")]
    // SAFETY: the function may be called by any thread at any time (malloc_trim(3)).
    let _was_some_returned = unsafe { libc::malloc_trim(0) };
}

/// Sets the size of large blocks. Without this call, glibc raises the size up to 32 MiB whenever such a
/// block is freed (`M_MMAP_THRESHOLD` in mallopt(3)). Freed replies of 2 MiB would then stay in the process.
/// glibc also raises `M_TRIM_THRESHOLD` then; the fixed size prevents this, so the function sets it.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn return_large_blocks_at_once() {
    let has_much = resident_bytes().is_some_and(|bytes| bytes > MUCH_BYTES);
    let size = if has_much { LARGE_BLOCK_BYTES_IN_A_FLOOD } else { LARGE_BLOCK_BYTES };
    #[expect(unsafe_code, reason = "the standard library has no function for it")]
    // SAFETY: the function only changes parameters of the allocator (mallopt(3)).
    let _were_accepted = unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, size) & libc::mallopt(libc::M_TRIM_THRESHOLD, KEPT_BYTES)
    };
}

/// The resident memory of this process, from proc_pid_statm(5). `None` without `/proc`.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn resident_bytes() -> Option<u64> {
    let sizes = disk::read_text("/proc/self/statm".as_ref()).ok()?;
    let pages: u64 = sizes.split(' ').nth(1)?.parse().ok()?;
    Some(pages * rustix::param::page_size() as u64)
}

/// Other allocators return memory by themselves.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn return_freed() {}

/// Other allocators have no such size, or do not change it.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn return_large_blocks_at_once() {}

#[cfg(all(test, target_os = "linux", target_env = "gnu"))]
mod tests {
    use super::*;

    const BLOCK_BYTES: usize = 16 << 10;
    const BLOCKS: usize = 8_192;

    #[expect(clippy::expect_used, reason = "test helpers may panic")]
    fn resident() -> u64 {
        resident_bytes().expect("a number")
    }

    #[test]
    fn large_blocks_return_when_they_are_freed() {
        const LARGE: usize = 2 << 20;
        return_large_blocks_at_once();
        // By default, this raises the size of large blocks above `LARGE`.
        drop(std::hint::black_box(vec![1_u8; 2 * LARGE]));
        let mut blocks: Vec<Vec<u8>> = (0..64).map(|_| vec![1; LARGE]).collect();
        let newest = blocks.pop();
        let before = resident();
        drop(blocks);
        let returned = before.saturating_sub(resident());
        assert!(returned > (32 * LARGE) as u64, "only {returned} bytes were returned");
        drop(newest);
    }

    #[test]
    fn memory_below_memory_in_use_is_returned() {
        let mut blocks: Vec<Vec<u8>> = (0..BLOCKS).map(|_| vec![1; BLOCK_BYTES]).collect();
        let newest = blocks.pop();
        drop(blocks);
        let before = resident();
        return_freed();
        let returned = before.saturating_sub(resident());
        assert!(returned > (BLOCKS * BLOCK_BYTES / 2) as u64, "only {returned} bytes were returned");
        drop(newest);
    }

    #[test]
    fn blocks_between_kept_blocks_return_when_the_process_uses_much_memory() {
        let _much = vec![1_u8; MUCH_BYTES as usize];
        return_large_blocks_at_once();
        let blocks: Vec<_> = (0..1_000).map(|_| (vec![1_u8; 48 << 10], Box::new([1_u8; 100]))).collect();
        let before = resident();
        let _kept: Vec<_> = blocks.into_iter().map(|(_freed, kept)| kept).collect();
        let returned = before.saturating_sub(resident());
        // Other tests of this process use more memory meanwhile.
        assert!(returned > 24 << 20, "only {returned} bytes were returned");
    }
}
