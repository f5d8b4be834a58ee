//! A device that fails within a step: what was asked of it, and what to do.
//!
//! How burn 0.22.1 reports that memory is short, read in cubecl 0.11.3:
//! - CUDA: the allocation fails as `IoError::OutOfMemory` ("out of device memory allocating N bytes") and
//!   the buffer carries the error until it is read, when `try_into_data` gives it as an
//!   `ExecutionError`. `into_data`, which burn calls within some operations, panics with it.
//! - ROCm: `LaunchError::OutOfMemory` ("An out-of-memory error happened during launch"), also at a read.
//! - wgpu on Vulkan: "out of device memory allocating N bytes" as above; on other interfaces wgpu's
//!   uncaptured-error handler panics with "wgpu error: Out of Memory".
//! - A buffer larger than the device has for one: `IoError::BufferTooBig` ("can't allocate buffer of
//!   size: N").
//!
//! So an error and a panic mean the same, and both are looked at here.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use anyhow::{Error, Result, anyhow};

/// Words of the messages above, in small letters.
const SIGNS: [&str; 6] = [
    "out of memory",
    "out of device memory",
    "out-of-memory",
    "out_of_memory",
    "outofmemory",
    "can't allocate buffer of size",
];

/// What was asked of a device, for an error's message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// Such as "step 7 (32 labelled and 32 unlabelled pictures of 224x224)".
    pub what: String,
    /// The config's keys to lower when memory is short.
    pub lower: String,
    /// Where the run stands on disk.
    pub kept: String,
}

/// Does the work; a panic becomes an error, and one for want of memory says what to lower.
///
/// # Errors
/// Those of the work, and its panics.
pub fn guarded<T>(asked: &Work, work: impl FnOnce() -> Result<T>) -> Result<T> {
    // After a failure the caller only leaves: nothing half-changed is looked at.
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) if is_out_of_memory(&format!("{error:#}")) => {
            Err(out_of_memory(asked, &format!("{error:#}")))
        }
        Ok(Err(error)) => Err(error),
        Err(panic) => {
            let said = panic_message(&*panic);
            if is_out_of_memory(&said) {
                return Err(out_of_memory(asked, &said));
            }
            let Work { what, kept, .. } = asked;
            Err(anyhow!("the device failed in {what}: {said}; {kept}"))
        }
    }
}

fn is_out_of_memory(message: &str) -> bool {
    let message = message.to_lowercase();
    SIGNS.iter().any(|sign| message.contains(sign))
}

fn out_of_memory(work: &Work, said: &str) -> Error {
    let Work { what, lower, kept } = work;
    // What follows the first line is a backtrace.
    let cause = said
        .lines()
        .find(|line| is_out_of_memory(line))
        .unwrap_or(said)
        .trim();
    anyhow!("the device's memory is too small for {what}: lower {lower}; {kept} (the device said: {cause})")
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    if let Some(text) = panic.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = panic.downcast_ref::<String>() {
        text.clone()
    } else {
        "it panicked without a message".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::bail;

    fn work() -> Work {
        Work {
            what: "step 7 (32 pictures of 224x224)".to_owned(),
            lower: "`training.batch`".to_owned(),
            kept: "`--resume` goes on from step 5".to_owned(),
        }
    }

    #[test]
    fn want_of_memory_names_the_batch_and_what_to_lower() {
        // As the error types of cubecl 0.11.3 and wgpu 30 print.
        let messages = [
            "An error happened during execution\nCaused by:\n  out of device memory allocating 4294967296 bytes\n<backtrace>",
            "An out-of-memory error happened during launch\nCaused by:\n  out of memory launching kernel",
            "wgpu error: Out of Memory",
            "can't allocate buffer of size: 8589934592",
            "CUDA allocation error: DriverError(CUDA_ERROR_OUT_OF_MEMORY, \"out of memory\")",
        ];
        for message in messages {
            let as_error: Result<()> = guarded(&work(), || bail!("the device failed: {message}"));
            #[allow(clippy::panic, reason = "the panic is what is tested")]
            let as_panic: Result<()> = guarded(&work(), || panic!("{message}"));
            for said in [as_error, as_panic].map(|result| result.unwrap_err().to_string()) {
                for part in ["step 7 (32 pictures", "lower `training.batch`", "from step 5"] {
                    assert!(said.contains(part), "{said}");
                }
                assert!(!said.contains("backtrace"), "{said}");
            }
        }
    }

    #[test]
    fn other_failures_keep_their_own_words() {
        let error: Result<()> = guarded(&work(), || bail!("the disk is full"));
        assert_eq!(error.unwrap_err().to_string(), "the disk is full");
        #[allow(clippy::panic, reason = "the panic is what is tested")]
        let panic: Result<()> = guarded(&work(), || panic!("device lost"));
        let said = panic.unwrap_err().to_string();
        assert!(
            said.contains("step 7") && said.contains("device lost") && !said.contains("lower"),
            "{said}"
        );
    }
}
