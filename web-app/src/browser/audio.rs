//! The sound of a film, decoded here.

use page_view::waveform::Waveform;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AudioBuffer, File, OfflineAudioContext};

use super::tasks;

/// Samples per second to which the browser brings what it decodes: the least that all of them can.
const RATE: f32 = 8000.0;
/// Samples that are looked at together.
const BLOCK: usize = 1 << 18;

/// All of a film's sound at so many samples per second; the whole file is read into memory for it.
///
/// # Errors
/// Where the browser reads no sound in it.
pub async fn decoded(film: &File, rate: f32) -> Result<AudioBuffer, JsValue> {
    let bytes: js_sys::ArrayBuffer = JsFuture::from(film.array_buffer()).await?.dyn_into()?;
    let context = OfflineAudioContext::new_with_number_of_channels_and_length_and_sample_rate(1, 1, rate)?;
    JsFuture::from(context.decode_audio_data(&bytes)?)
        .await?
        .dyn_into()
}

/// How loud a film is over time; the whole file is read into memory for it.
///
/// # Errors
/// Where the browser reads no sound in it.
pub async fn waveform(film: &File) -> Result<Waveform, JsValue> {
    let decoded = decoded(film, RATE).await?;
    let rate = f64::from(decoded.sample_rate());
    let mut waveform = Waveform::default();
    // Block by block: memory of this module is never given back.
    let mut block = vec![0.0; BLOCK];
    for channel in 0..decoded.number_of_channels() as i32 {
        let mut first = 0;
        while first < decoded.length() as usize {
            let count = BLOCK.min(decoded.length() as usize - first);
            let Some(part) = block.get_mut(..count) else { break };
            decoded.copy_from_channel_with_start_in_channel(part, channel, first as u32)?;
            waveform.add(first, part, rate);
            first += count;
            tasks::next_task().await;
        }
    }
    Ok(waveform)
}
