//! What is said to the person beside the work: a few lines for a while, and a list of all that was said.

/// How a notice looks and how a screen reader says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Worth knowing.
    Info,
    /// Belongs to a result.
    Warning,
    /// Something did not work.
    Error,
}

/// What a notice offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offer {
    /// Takes the new version and reloads.
    Update,
    /// Shows the kept projects.
    Projects,
    /// Starts the engine again on the processor.
    UseCpu,
    /// Starts the engine again with the first of the shipped models.
    UseDemoModel,
}

/// One notice.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// Number, for dismissing.
    pub id: u32,
    /// How it looks.
    pub tone: Tone,
    /// What it says.
    pub text: String,
    /// What it offers, one button each.
    pub offers: Vec<Offer>,
    /// When it goes by itself, in milliseconds on the page's clock; an error stays until it is closed.
    until_ms: Option<f64>,
}

/// Notices in sight at once: more would hide what one works at.
pub const MOST_SHOWN: usize = 3;
/// Notices that are remembered.
const MOST_KEPT: usize = 100;
/// Milliseconds that a letter takes to be read, for slow readers.
const LETTER_MS: f64 = 60.0;

/// All notices.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NoticeBoard {
    shown: Vec<Notice>,
    past: Vec<Notice>,
    last: u32,
}

impl NoticeBoard {
    /// Those in sight, the oldest first.
    #[must_use]
    pub fn shown(&self) -> &[Notice] {
        &self.shown
    }

    /// All that was said and is no longer in sight, the oldest first.
    #[must_use]
    pub fn past(&self) -> &[Notice] {
        &self.past
    }

    /// Shows a notice at `now_ms`; one with the same text is replaced.
    pub fn add(&mut self, tone: Tone, text: &str, offers: &[Offer], now_ms: f64) {
        self.withdraw(text);
        self.last += 1;
        let least_ms = match tone {
            Tone::Info => Some(8_000.0),
            Tone::Warning => Some(16_000.0),
            Tone::Error => None,
        };
        let reading_ms = text.chars().count() as f64 * LETTER_MS;
        self.shown.push(Notice {
            id: self.last,
            tone,
            text: text.to_owned(),
            offers: offers.to_vec(),
            until_ms: least_ms.map(|least_ms| now_ms + least_ms + reading_ms),
        });
        while self.shown.len() > MOST_SHOWN {
            // Errors and what offers a way on stay longest.
            let passes = |notice: &Notice| notice.tone != Tone::Error && notice.offers.is_empty();
            let place = self.shown.iter().position(passes);
            let gone = self.shown.remove(place.unwrap_or(0));
            self.remember(gone);
        }
    }

    /// Puts away those whose time is up.
    pub fn expire(&mut self, now_ms: f64) {
        self.put_away(|notice| notice.until_ms.is_some_and(|until_ms| until_ms <= now_ms));
    }

    /// When the next one goes by itself, in milliseconds on the page's clock.
    #[must_use]
    pub fn next_ms(&self) -> Option<f64> {
        let times = self.shown.iter().filter_map(|notice| notice.until_ms);
        times.min_by(f64::total_cmp)
    }

    /// The person closes a notice.
    pub fn dismiss(&mut self, id: u32) {
        self.put_away(|notice| notice.id == id);
    }

    /// The person does something else: what has no button goes.
    pub fn dismiss_all(&mut self) {
        self.put_away(|notice| notice.offers.is_empty());
    }

    /// What was said holds no longer.
    pub fn withdraw(&mut self, text: &str) {
        self.shown.retain(|notice| notice.text != text);
        self.past.retain(|notice| notice.text != text);
    }

    /// The way on that a notice offered was taken.
    pub fn taken(&mut self, id: u32) {
        self.shown.retain(|notice| notice.id != id);
        self.past.retain(|notice| notice.id != id);
    }

    /// Forgets what is no longer in sight.
    pub fn forget(&mut self) {
        self.past.clear();
    }

    fn put_away(&mut self, goes: impl Fn(&Notice) -> bool) {
        let shown = std::mem::take(&mut self.shown);
        for notice in shown {
            if goes(&notice) {
                self.remember(notice);
            } else {
                self.shown.push(notice);
            }
        }
    }

    fn remember(&mut self, notice: Notice) {
        self.past.push(notice);
        if self.past.len() > MOST_KEPT {
            self.past.remove(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(notices: &[Notice]) -> Vec<&str> {
        notices.iter().map(|notice| notice.text.as_str()).collect()
    }

    #[test]
    fn notices_go_by_themselves_errors_stay_and_all_are_listed() {
        let mut board = NoticeBoard::default();
        board.add(Tone::Info, "a", &[], 0.0);
        board.add(Tone::Warning, "b", &[], 0.0);
        board.add(Tone::Error, "c", &[], 0.0);
        let first = board.next_ms().unwrap();
        assert!(first > 5_000.0, "{first} ms are too few to read it");
        board.expire(first - 1.0);
        assert_eq!(texts(board.shown()), ["a", "b", "c"]);
        board.expire(first);
        assert_eq!(texts(board.shown()), ["b", "c"]);
        board.expire(1e9);
        assert_eq!((texts(board.shown()), board.next_ms()), (vec!["c"], None));
        assert_eq!(texts(board.past()), ["a", "b"]);
        board.dismiss(board.shown()[0].id);
        assert_eq!(texts(board.past()), ["a", "b", "c"]);
        board.forget();
        assert!(board.past().is_empty());
    }

    #[test]
    fn a_list_of_broken_files_does_not_fill_the_page() {
        let mut board = NoticeBoard::default();
        board.add(Tone::Error, "no adapter", &[Offer::UseCpu], 0.0);
        for file in 0..20 {
            board.add(Tone::Error, &format!("{file}.mp4: no video"), &[], 0.0);
            board.add(Tone::Info, &format!("{file}.mp4: read"), &[], 0.0);
            assert!(board.shown().len() <= MOST_SHOWN);
        }
        assert_eq!(board.past().len() + board.shown().len(), 41);
        board.dismiss_all();
        board.add(Tone::Error, "x", &[], 0.0);
        board.add(Tone::Error, "x", &[], 9.0);
        assert_eq!(
            texts(board.shown()).iter().filter(|text| **text == "x").count(),
            1
        );
        board.withdraw("x");
        assert!(!texts(board.past()).contains(&"x") && !texts(board.shown()).contains(&"x"));
    }

    #[test]
    fn a_long_text_stays_as_long_as_it_takes_to_read() {
        let mut board = NoticeBoard::default();
        board.add(Tone::Info, &"word ".repeat(60), &[], 1_000.0);
        assert!(board.next_ms().unwrap() > 20_000.0);
    }
}
