//! A film's sound, decoded and encoded again for another file.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Float32Array, Reflect};
use page_view::down_mix::heard_beside;
use page_view::film_file::{SOUND_RATE, Sound, SoundPacket};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AudioBuffer, AudioData, AudioDataInit, AudioEncoder, AudioEncoderConfig, AudioEncoderInit,
    AudioSampleFormat, CodecState, EncodedAudioChunk, File,
};

use super::film_encoder::description_of;
use super::{audio, error_text, tasks};

const CODEC: &str = "opus";
/// Bits per second of one channel.
const RATE_A_CHANNEL: u32 = 64_000;
/// Samples that are encoded together: a second.
const BLOCK: u32 = SOUND_RATE;
/// Samples of a packet whose length the encoder does not say: 20 ms.
const USUAL_LENGTH: u32 = 960;
/// Samples at the start that are not heard, where the encoder does not say: what libopus has.
const USUAL_PRE_SKIP: u16 = 312;
/// How loud other channels are in the two that are left: by 3 dB less.
const MIXED_IN: f32 = std::f32::consts::FRAC_1_SQRT_2;
/// Where an Opus header says that.
const PRE_SKIP_AT: usize = 10;

/// The sound of a film from `start_s` on, `length_s` long; none where the browser reads none in it.
///
/// # Errors
/// Where the browser encodes none.
pub async fn encode(film: &File, start_s: f64, length_s: f64) -> Result<Sound, JsValue> {
    let Ok(decoded) = audio::decoded(film, SOUND_RATE as f32).await else {
        return Ok(Sound::default());
    };
    if !Reflect::has(&js_sys::global(), &"AudioEncoder".into())? {
        return Err(JsValue::from_str("it has no encoder for sound"));
    }
    let channels = decoded.number_of_channels().clamp(1, 2);
    let encoding = Encoding::start(channels)?;
    let from = (start_s.max(0.0) * f64::from(SOUND_RATE)).round() as u32;
    let length = (length_s.max(0.0) * f64::from(SOUND_RATE)).round() as u32;
    let end = from.saturating_add(length).min(decoded.length());
    let mut at = from;
    while at < end {
        let count = BLOCK.min(end - at);
        encoding.add(&decoded, channels, at..at + count, at - from)?;
        at += count;
        tasks::next_task().await;
    }
    encoding.finish(channels as u8).await
}

#[derive(Default)]
struct Encoded {
    sound: Sound,
    fault: Option<String>,
}

struct Encoding {
    encoder: AudioEncoder,
    encoded: Rc<RefCell<Encoded>>,
    /// The encoder calls them as long as it lives.
    _output: Closure<dyn FnMut(EncodedAudioChunk, JsValue)>,
    _error: Closure<dyn FnMut(JsValue)>,
}

impl Drop for Encoding {
    fn drop(&mut self) {
        if self.encoder.state() != CodecState::Closed {
            let _ = self.encoder.close();
        }
    }
}

impl Encoding {
    fn start(channels: u32) -> Result<Self, JsValue> {
        let encoded: Rc<RefCell<Encoded>> = Rc::default();
        encoded.borrow_mut().sound.pre_skip = USUAL_PRE_SKIP;
        let taking = Rc::clone(&encoded);
        let output = Closure::<dyn FnMut(EncodedAudioChunk, JsValue)>::new(
            move |chunk: EncodedAudioChunk, metadata| {
                let mut encoded = taking.borrow_mut();
                if let Err(error) = take(&mut encoded.sound, &chunk, &metadata) {
                    encoded.fault.get_or_insert(error_text(&error));
                }
            },
        );
        let failing = Rc::clone(&encoded);
        let error = Closure::<dyn FnMut(JsValue)>::new(move |error: JsValue| {
            failing.borrow_mut().fault.get_or_insert(error_text(&error));
        });
        let init = AudioEncoderInit::new(error.as_ref().unchecked_ref(), output.as_ref().unchecked_ref());
        let encoder = AudioEncoder::new(&init)?;
        let config = AudioEncoderConfig::new(CODEC, channels, SOUND_RATE);
        config.set_bitrate(RATE_A_CHANNEL * channels);
        encoder.configure(&config)?;
        Ok(Self {
            encoder,
            encoded,
            _output: output,
            _error: error,
        })
    }

    /// Encodes these samples of all channels; the first stands at sample `at` of the new sound.
    fn add(
        &self,
        decoded: &AudioBuffer,
        channels: u32,
        samples: std::ops::Range<u32>,
        at: u32,
    ) -> Result<(), JsValue> {
        let count = samples.end - samples.start;
        let planes = Float32Array::new_with_length(count * channels);
        let mut plane = vec![0.0_f32; count as usize];
        let mut more = plane.clone();
        for channel in 0..channels {
            decoded.copy_from_channel_with_start_in_channel(&mut plane, channel as i32, samples.start)?;
            for other in heard_beside(channel, decoded.number_of_channels()) {
                decoded.copy_from_channel_with_start_in_channel(&mut more, other as i32, samples.start)?;
                for (sum, value) in plane.iter_mut().zip(&more) {
                    *sum += MIXED_IN * value;
                }
            }
            planes.set(&Float32Array::from(plane.as_slice()), channel * count);
        }
        let init = AudioDataInit::new(
            &planes,
            AudioSampleFormat::F32Planar,
            channels,
            count,
            SOUND_RATE as f32,
            0,
        );
        init.set_timestamp_f64((f64::from(at) / f64::from(SOUND_RATE) * 1e6).round());
        let data = AudioData::new(&init)?;
        let encoded = self.encoder.encode(&data);
        data.close();
        encoded
    }

    async fn finish(self, channels: u8) -> Result<Sound, JsValue> {
        JsFuture::from(self.encoder.flush()).await?;
        let mut encoded = self.encoded.borrow_mut();
        if let Some(reason) = encoded.fault.take() {
            return Err(JsValue::from_str(&reason));
        }
        let mut sound = std::mem::take(&mut encoded.sound);
        sound.channels = channels;
        Ok(sound)
    }
}

fn take(sound: &mut Sound, chunk: &EncodedAudioChunk, metadata: &JsValue) -> Result<(), JsValue> {
    if let Some(header) = description_of(metadata)
        && let Some(&[low, high]) = header.get(PRE_SKIP_AT..PRE_SKIP_AT + 2)
    {
        sound.pre_skip = u16::from_le_bytes([low, high]);
    }
    let mut bytes = vec![0; chunk.byte_length() as usize];
    chunk.copy_to_with_u8_slice(&mut bytes)?;
    let length = chunk.duration().map_or(USUAL_LENGTH, |length_us| {
        (length_us / 1e6 * f64::from(SOUND_RATE)).round() as u32
    });
    sound.packets.push_back(SoundPacket { bytes, length });
    Ok(())
}
