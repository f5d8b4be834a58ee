//! One drawing, written twice: as SVG and as PNG.

use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::Once;

use anyhow::{Context as _, Result, anyhow};
use image::{ImageFormat, RgbImage};
use plotters::coord::Shift;
use plotters::prelude::{BitMapBackend, DrawingArea, DrawingBackend, IntoDrawingArea as _, SVGBackend};
use plotters::style::{FontStyle, register_font};

/// The family that every text is set in.
pub(super) const FONT: &str = "sans-serif";

/// What can be drawn on any backend.
pub(super) trait Drawing {
    /// Width and height in pixels.
    fn size(&self) -> (u32, u32);

    /// Draws on an empty white area of that size.
    fn draw<B: DrawingBackend>(&self, area: &DrawingArea<B, Shift>) -> Result<()>
    where
        B::ErrorType: 'static;
}

/// What writes a file whole or not at all, such as [`atomic_file::write`](crate::atomic_file::write).
pub type WriteFile<'a> = &'a dyn Fn(&Path, &[u8]) -> Result<()>;

/// `base.svg` and `base.png`, the files of a plot.
#[must_use]
pub fn paths(base: &Path) -> [PathBuf; 2] {
    ["svg", "png"].map(|ending| with_ending(base, ending))
}

/// Writes the files of a plot and gives their paths.
///
/// # Errors
/// When the drawing fails or a file cannot be written.
pub(super) fn write(base: &Path, drawing: &impl Drawing, write: WriteFile<'_>) -> Result<[PathBuf; 2]> {
    use_own_font();
    let fail = || format!("the plot {} cannot be drawn", base.display());
    let [svg, png] = paths(base);
    write(&svg, as_svg(drawing).with_context(fail)?.as_bytes())?;
    write(&png, &as_png(drawing).with_context(fail)?)?;
    Ok([svg, png])
}

/// A plotters error as text: its own type holds the backend's.
pub(super) fn failed(error: impl std::fmt::Display) -> anyhow::Error {
    anyhow!("{error}")
}

fn as_svg(drawing: &impl Drawing) -> Result<String> {
    let mut text = String::new();
    {
        let area = SVGBackend::with_string(&mut text, drawing.size()).into_drawing_area();
        drawing.draw(&area)?;
        area.present().map_err(failed)?;
    }
    Ok(text)
}

fn as_png(drawing: &impl Drawing) -> Result<Vec<u8>> {
    let (width, height) = drawing.size();
    let mut pixels = vec![255; 3 * width as usize * height as usize];
    {
        let area = BitMapBackend::with_buffer(&mut pixels, (width, height)).into_drawing_area();
        drawing.draw(&area)?;
        area.present().map_err(failed)?;
    }
    let picture = RgbImage::from_raw(width, height, pixels).context("the size of the plot")?;
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png)?;
    Ok(bytes.into_inner())
}

/// The font that the program carries: servers often have none.
fn use_own_font() {
    static REGISTERED: Once = Once::new();
    REGISTERED.call_once(|| {
        // The font is a constant; were it refused, drawing would say so.
        let _ = register_font(FONT, FontStyle::Normal, dejavu::sans::regular());
    });
}

fn with_ending(base: &Path, ending: &str) -> PathBuf {
    let mut path = base.as_os_str().to_owned();
    path.push(".");
    path.push(ending);
    PathBuf::from(path)
}
