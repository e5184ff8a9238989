//! Returns freed memory to the operating system.
//!
//! The allocator of glibc keeps freed memory that lies below memory in use. After a flood of messages, the
//! process would keep most of the memory of the flood until it exits.

use std::thread;
use std::time::Duration;

use crate::error::TransportError;

/// The interval between two returns. A return takes milliseconds at most, even for a gigabyte.
const RETURN_EVERY: Duration = Duration::from_secs(2);

/// Blocks of this size and larger return to the system as soon as they are freed. Replies to searches and
/// pages of the history are larger. If they were in the heap, they would leave gaps between small blocks.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const LARGE_BLOCK_BYTES: libc::c_int = 32 << 10;

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

/// Fixes the size of large blocks. Without this call, glibc raises the size up to 32 MiB whenever such a
/// block is freed (`M_MMAP_THRESHOLD` in mallopt(3)). Freed replies of 2 MiB would then stay in the process.
/// glibc also raises `M_TRIM_THRESHOLD` then; the fixed size prevents this, so the function sets it.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn return_large_blocks_at_once() {
    #[expect(unsafe_code, reason = "the standard library has no function for it")]
    // SAFETY: the function only changes parameters of the allocator (mallopt(3)).
    let _were_accepted = unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE_BLOCK_BYTES)
            & libc::mallopt(libc::M_TRIM_THRESHOLD, KEPT_BYTES)
    };
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
    fn resident_bytes() -> u64 {
        let pages = disk::read_text("/proc/self/statm".as_ref()).expect("a file of the kernel");
        pages.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).expect("a number") * 4096
    }

    #[test]
    fn large_blocks_return_when_they_are_freed() {
        const LARGE: usize = 2 << 20;
        return_large_blocks_at_once();
        // By default, this raises the size of large blocks above `LARGE`.
        drop(std::hint::black_box(vec![1_u8; 2 * LARGE]));
        let mut blocks: Vec<Vec<u8>> = (0..64).map(|_| vec![1; LARGE]).collect();
        let newest = blocks.pop();
        let before = resident_bytes();
        drop(blocks);
        let returned = before.saturating_sub(resident_bytes());
        assert!(returned > (32 * LARGE) as u64, "only {returned} bytes were returned");
        drop(newest);
    }

    #[test]
    fn memory_below_memory_in_use_is_returned() {
        let mut blocks: Vec<Vec<u8>> = (0..BLOCKS).map(|_| vec![1; BLOCK_BYTES]).collect();
        let newest = blocks.pop();
        drop(blocks);
        let before = resident_bytes();
        return_freed();
        let returned = before.saturating_sub(resident_bytes());
        assert!(returned > (BLOCKS * BLOCK_BYTES / 2) as u64, "only {returned} bytes were returned");
        drop(newest);
    }
}
