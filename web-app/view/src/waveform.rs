//! How loud a film is over time, coarse enough to be drawn.

/// Peaks that are kept per second.
const PER_S: f64 = 100.0;

/// The largest amplitude of each hundredth of a second, 0 to 1.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Waveform {
    peaks: Vec<f32>,
}

impl Waveform {
    /// Of samples of one channel, so many per second.
    #[must_use]
    pub fn of(samples: &[f32], rate: f64) -> Self {
        let mut waveform = Self::default();
        waveform.add(0, samples, rate);
        waveform
    }

    /// Takes more samples of any channel, from the sample of this number on: what is louder counts.
    pub fn add(&mut self, first: usize, samples: &[f32], rate: f64) {
        if !(rate.is_finite() && rate > 0.0) {
            return;
        }
        for (number, value) in (first..).zip(samples) {
            let place = (number as f64 / rate * PER_S) as usize;
            if place >= self.peaks.len() {
                self.peaks.resize(place + 1, 0.0);
            }
            if let Some(peak) = self.peaks.get_mut(place).filter(|_| value.is_finite()) {
                *peak = peak.max(value.abs()).min(1.0);
            }
        }
    }

    /// Whether anything can be heard.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.peaks.iter().all(|peak| *peak < 1e-4)
    }

    /// The largest amplitude from one second to another, 0 to 1.
    #[must_use]
    pub fn peak(&self, start_s: f64, end_s: f64) -> f32 {
        let start = (start_s.max(0.0) * PER_S).floor() as usize;
        let end = ((end_s.max(0.0) * PER_S).ceil() as usize)
            .max(start + 1)
            .min(self.peaks.len());
        let inside = self.peaks.get(start..end).unwrap_or_default();
        inside.iter().fold(0.0, |most, peak| most.max(*peak))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_loud_stands_where_it_is_heard() {
        // A second of silence, a second at half the amplitude, half a second of silence.
        let rate = 8000.0;
        let tone = |at: usize| {
            let is_on = (8000..16_000).contains(&at);
            if is_on { 0.5 * (at as f32 * 0.4).sin() } else { 0.0 }
        };
        let samples: Vec<f32> = (0..20_000).map(tone).collect();
        let mut waveform = Waveform::of(&samples, rate);
        assert!(!waveform.is_silent() && waveform.peak(0.0, 0.99) < 1e-6 && waveform.peak(2.01, 9.0) < 1e-6);
        assert!((waveform.peak(1.2, 1.3) - 0.5).abs() < 0.01);
        assert!((waveform.peak(0.0, 2.5) - 0.5).abs() < 0.01);
        // The other channel is louder, and longer.
        waveform.add(0, &vec![-2.0; 12_000], rate);
        waveform.add(12_000, &vec![-2.0; 12_000], rate);
        assert_eq!(waveform.peak(0.2, 0.3), 1.0, "what clips counts as 1");
        assert_eq!(waveform.peak(2.9, 2.95), 1.0);
        assert_eq!(waveform.peak(-5.0, -4.0), waveform.peak(0.0, 0.01));
        assert!(Waveform::of(&[f32::NAN; 80], rate).is_silent());
        assert!(Waveform::of(&samples, f64::NAN).is_silent());
    }
}
