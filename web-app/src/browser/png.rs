//! Drawings and canvases as pictures.

use js_sys::{Array, Promise, Uint8Array};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, BlobPropertyBag, CanvasRenderingContext2d, HtmlCanvasElement, HtmlImageElement, Url};

/// Pixels of the picture for one of the drawing.
const SCALE: u32 = 2;
/// Largest side that every browser's canvas has.
const MOST: u32 = 8192;

/// The bytes of a PNG.
///
/// # Errors
/// What the browser says, for instance where the drawing is too large.
pub async fn of_svg(svg: &str) -> Result<Uint8Array, JsValue> {
    let options = BlobPropertyBag::new();
    options.set_type("image/svg+xml");
    let blob = Blob::new_with_str_sequence_and_options(&Array::of1(&svg.into()), &options)?;
    let url = Url::create_object_url_with_blob(&blob)?;
    let drawn = draw(&url).await;
    Url::revoke_object_url(&url)?;
    of_canvas(&drawn?).await
}

/// The bytes of a PNG of what is on a canvas.
///
/// # Errors
/// What the browser says, for instance where it is too large.
pub async fn of_canvas(canvas: &HtmlCanvasElement) -> Result<Uint8Array, JsValue> {
    let picture = blob_of(canvas).await?;
    Ok(Uint8Array::new(&JsFuture::from(picture.array_buffer()).await?))
}

async fn draw(url: &str) -> Result<HtmlCanvasElement, JsValue> {
    let image = HtmlImageElement::new()?;
    image.set_src(url);
    JsFuture::from(image.decode()).await?;
    let (width, height) = (image.natural_width(), image.natural_height());
    let scale = if width.max(height) * SCALE > MOST {
        1
    } else {
        SCALE
    };
    let document = web_sys::window()
        .and_then(|window| window.document())
        .ok_or(JsValue::NULL)?;
    let canvas: HtmlCanvasElement = document.create_element("canvas")?.unchecked_into();
    canvas.set_width(width * scale);
    canvas.set_height(height * scale);
    let context: CanvasRenderingContext2d = canvas.get_context("2d")?.ok_or(JsValue::NULL)?.unchecked_into();
    context.scale(f64::from(scale), f64::from(scale))?;
    context.draw_image_with_html_image_element(&image, 0.0, 0.0)?;
    Ok(canvas)
}

async fn blob_of(canvas: &HtmlCanvasElement) -> Result<Blob, JsValue> {
    let canvas = canvas.clone();
    let promise = Promise::new(&mut |resolve, reject| {
        let callback = Closure::once_into_js(move |blob: JsValue| {
            let _ = resolve.call1(&JsValue::NULL, &blob);
        });
        if let Err(error) = canvas.to_blob(callback.unchecked_ref()) {
            let _ = reject.call1(&JsValue::NULL, &error);
        }
    });
    JsFuture::from(promise)
        .await?
        .dyn_into()
        .map_err(|_| JsValue::from_str("the browser makes no picture of this size"))
}
