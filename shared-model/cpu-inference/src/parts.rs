//! Sharing an output among threads.

/// Calls `run` for parts of `part_len` values of `output` and their number, on rayon's threads where there are several.
pub(crate) fn for_each_part(output: &mut [f32], part_len: usize, run: impl Fn(usize, &mut [f32]) + Sync) {
    #[cfg(feature = "threads")]
    if rayon::current_num_threads() > 1 && output.len() > part_len {
        use rayon::iter::{IndexedParallelIterator, ParallelIterator};
        use rayon::slice::ParallelSliceMut;
        output
            .par_chunks_mut(part_len)
            .enumerate()
            .for_each(|(number, part)| run(number, part));
        return;
    }
    for (number, part) in output.chunks_mut(part_len).enumerate() {
        run(number, part);
    }
}

/// Cuts `output` where each of `ends` says, and calls `run` for what belongs to each cut and the values before it, on rayon's
/// threads where there are several.
pub(crate) fn for_each_slice<T: Send>(
    output: &mut [f32],
    ends: impl Iterator<Item = (usize, T)>,
    run: impl Fn(T, &mut [f32]) + Sync,
) {
    let (mut rest, mut begin) = (output, 0);
    let mut parts = Vec::new();
    for (end, what) in ends {
        let (part, after) = rest.split_at_mut(end - begin);
        (rest, begin) = (after, end);
        parts.push((what, part));
    }
    #[cfg(feature = "threads")]
    if rayon::current_num_threads() > 1 && parts.len() > 1 {
        use rayon::iter::{IntoParallelIterator, ParallelIterator};
        parts.into_par_iter().for_each(|(what, part)| run(what, part));
        return;
    }
    for (what, part) in parts {
        run(what, part);
    }
}

/// Threads that share the work.
pub(crate) fn thread_count() -> usize {
    #[cfg(feature = "threads")]
    return rayon::current_num_threads();
    #[cfg(not(feature = "threads"))]
    1
}
