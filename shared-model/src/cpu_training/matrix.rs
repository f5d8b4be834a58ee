//! Products of matrices that lie in parts of larger ones.
#![expect(
    unsafe_code,
    reason = "the matrix product takes pointers, and threads write disjoint columns of one matrix; both are checked here"
)]

use std::marker::PhantomData;
use std::ops::Range;

use gemm::Parallelism;

/// A matrix in a slice, with any strides.
#[derive(Debug, Clone, Copy)]
pub struct Matrix<'a> {
    values: &'a [f32],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a> Matrix<'a> {
    /// Rows one after the other.
    pub fn new(values: &'a [f32], rows: usize, columns: usize) -> Self {
        assert_eq!(values.len(), rows * columns, "a matrix fills its slice");
        Self {
            values,
            rows,
            columns,
            row_stride: columns,
            column_stride: 1,
        }
    }

    /// Rows and columns exchanged, without moving a value.
    pub fn transposed(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }

    /// Some of the columns.
    pub fn columns(self, range: Range<usize>) -> Self {
        assert!(
            range.start < range.end && range.end <= self.columns,
            "columns of the matrix"
        );
        Self {
            values: &self.values[range.start * self.column_stride..],
            columns: range.len(),
            ..self
        }
    }

    /// Some of the rows.
    pub fn rows(self, range: Range<usize>) -> Self {
        self.transposed().columns(range).transposed()
    }

    /// The place of the last value, which every other one lies before.
    fn last(&self) -> usize {
        (self.rows - 1) * self.row_stride + (self.columns - 1) * self.column_stride
    }
}

/// A matrix to write, or some columns of one.
#[derive(Debug)]
pub struct MatrixMut<'a> {
    start: *mut f32,
    rows: usize,
    columns: usize,
    row_stride: usize,
    values: PhantomData<&'a mut f32>,
}

// SAFETY: it stands for exclusive access to its own values, as `&mut [f32]` does.
unsafe impl Send for MatrixMut<'_> {}

impl<'a> MatrixMut<'a> {
    /// Rows one after the other.
    pub fn new(values: &'a mut [f32], rows: usize, columns: usize) -> Self {
        assert_eq!(values.len(), rows * columns, "a matrix fills its slice");
        Self {
            start: values.as_mut_ptr(),
            rows,
            columns,
            row_stride: columns,
            values: PhantomData,
        }
    }

    /// Parts of at most `width` columns each, from left to right.
    pub fn split(self, width: usize) -> Vec<Self> {
        let width = width.max(1);
        (0..self.columns)
            .step_by(width)
            .map(|from| Self {
                // SAFETY: column `from` exists in the first row.
                start: unsafe { self.start.add(from) },
                columns: width.min(self.columns - from),
                ..self
            })
            .collect()
    }

    /// The number of columns.
    pub fn width(&self) -> usize {
        self.columns
    }

    /// Writes the product of `left` and `right`, or adds it to what is there. `threads` may share the work.
    pub fn product(&mut self, left: Matrix<'_>, right: Matrix<'_>, add: bool, threads: usize) {
        let inner = left.columns;
        assert!(
            left.rows == self.rows && right.columns == self.columns && right.rows == inner && inner > 0,
            "a product of {}x{} and {}x{} in {}x{}",
            left.rows,
            left.columns,
            right.rows,
            right.columns,
            self.rows,
            self.columns
        );
        if self.rows == 0 || self.columns == 0 {
            return;
        }
        assert!(left.last() < left.values.len() && right.last() < right.values.len());
        let parallelism = match threads {
            0 | 1 => Parallelism::None,
            threads => Parallelism::Rayon(threads),
        };
        // SAFETY: the last value of each operand lies in its slice, strides are not negative, and the
        // target's values are its own.
        unsafe {
            gemm::gemm(
                self.rows,
                self.columns,
                inner,
                self.start,
                1,
                self.row_stride as isize,
                add,
                left.values.as_ptr(),
                left.column_stride as isize,
                left.row_stride as isize,
                right.values.as_ptr(),
                right.column_stride as isize,
                right.row_stride as isize,
                1.0,
                1.0,
                false,
                false,
                false,
                parallelism,
            );
        }
    }
}
