//! Several videos, read one after the other.

use shared_model::timeline::Timeline;

use crate::review::document::ReviewDocument;

/// How far a video of the list is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ItemState {
    /// Not begun, or begun and put back.
    Waiting,
    /// Being read, on the stage or behind it.
    Reading,
    /// Read to its end.
    Done,
    /// It could not be read, or was stopped.
    Failed,
}

/// What was read of a video that has left the stage.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ItemResults {
    /// All that was seen.
    pub timeline: Timeline,
    /// What a person said.
    pub document: ReviewDocument,
    /// Name of the model.
    pub model: String,
}

/// A video of the list; `F` is the file.
#[derive(Debug, Clone)]
pub struct BatchItem<F> {
    /// The file.
    pub file: F,
    /// Its name.
    pub name: String,
    /// How far it is.
    pub state: ItemState,
    /// What was read, once it has left the stage.
    pub results: Option<ItemResults>,
}

/// The list. One video of it is read at a time; another one may be looked at meanwhile.
#[derive(Debug, Clone)]
pub struct Batch<F> {
    items: Vec<BatchItem<F>>,
    /// Place of the video on the stage.
    current: Option<usize>,
    /// Place of the video that is read.
    reading: Option<usize>,
    /// Whether the next one is begun when one is done.
    goes_on: bool,
    /// Whether the stage shows what is read. Else the person looks at something else, and reading goes on behind it.
    follows: bool,
}

impl<F> Default for Batch<F> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            current: None,
            reading: None,
            goes_on: false,
            follows: true,
        }
    }
}

/// What has to be done to show the video that a person has chosen.
#[derive(Debug, Clone, PartialEq)]
pub enum Choice<F> {
    /// Nothing: it is on the stage, or its turn comes.
    Nothing,
    /// It is being read behind the stage: it comes on the stage as far as it is.
    BringForward,
    /// It was read: its results come on the stage, and reading goes on behind them.
    Show(F, ItemResults),
    /// It is read on the stage from now on; what was read waits.
    Read(F),
}

impl<F: Clone> Batch<F> {
    /// Adds videos behind those that are there; the list goes on by itself from now on.
    pub fn add(&mut self, files: impl IntoIterator<Item = (String, F)>) {
        if self.items.is_empty() {
            self.follows = true;
        }
        self.items.extend(files.into_iter().map(|(name, file)| BatchItem {
            file,
            name,
            state: ItemState::Waiting,
            results: None,
        }));
        self.goes_on = true;
    }

    /// The videos.
    #[must_use]
    pub fn items(&self) -> &[BatchItem<F>] {
        &self.items
    }

    /// Place of the video on the stage.
    #[must_use]
    pub fn current(&self) -> Option<usize> {
        self.current
    }

    /// Place of the video that is read.
    #[must_use]
    pub fn reading(&self) -> Option<usize> {
        self.reading
    }

    /// Whether a video is read that is not on the stage.
    #[must_use]
    pub fn is_behind(&self) -> bool {
        self.reading.is_some() && self.reading != self.current
    }

    /// Whether the stage shows what is read.
    #[must_use]
    pub fn follows(&self) -> bool {
        self.follows
    }

    /// Whether the next one is begun when one is done.
    #[must_use]
    pub fn goes_on(&self) -> bool {
        self.goes_on
    }

    /// Whether a video waits to be begun now.
    #[must_use]
    pub fn has_next(&self) -> bool {
        let waits = |item: &BatchItem<F>| item.state == ItemState::Waiting;
        self.reading.is_none() && self.goes_on && self.items.iter().any(waits)
    }

    /// The next video to read; it is on the stage from now on where the stage follows. `None` while one is read and where
    /// nothing waits.
    pub fn begin_next(&mut self) -> Option<F> {
        if !self.has_next() {
            return None;
        }
        let place = self
            .items
            .iter()
            .position(|item| item.state == ItemState::Waiting)?;
        self.begin(place)
    }

    fn begin(&mut self, place: usize) -> Option<F> {
        let item = self.items.get_mut(place)?;
        item.state = ItemState::Reading;
        let file = item.file.clone();
        self.reading = Some(place);
        if self.follows {
            self.current = Some(place);
        }
        Some(file)
    }

    /// The person wants to see a video. What is read goes on being read, unless a video is chosen that still waits: then it
    /// is that one's turn.
    pub fn choose(&mut self, place: usize) -> Choice<F> {
        let Some(item) = self.items.get_mut(place).filter(|_| self.current != Some(place)) else {
            return Choice::Nothing;
        };
        // What was stopped is shown as far as it is while another one is read, else it is read to its end.
        let is_busy = self.reading.is_some();
        let shows = |state: ItemState| state == ItemState::Done || (state == ItemState::Failed && is_busy);
        match (item.state, item.results.clone()) {
            (ItemState::Reading, _) => {
                self.current = Some(place);
                self.follows = true;
                Choice::BringForward
            }
            (state, Some(results)) if shows(state) => {
                let file = item.file.clone();
                self.current = Some(place);
                self.follows = false;
                Choice::Show(file, results)
            }
            // Nothing was read of it: it is tried again when its turn comes.
            (ItemState::Done | ItemState::Failed, None) if is_busy => {
                item.state = ItemState::Waiting;
                Choice::Nothing
            }
            _ => {
                self.interrupted();
                self.follows = true;
                self.goes_on = true;
                self.begin(place).map_or(Choice::Nothing, Choice::Read)
            }
        }
    }

    /// Begins the next video again when one is done.
    pub fn go_on(&mut self) {
        self.goes_on = true;
    }

    /// The video that is read has come to an end of some kind. `results`: what was read of it behind the stage.
    pub fn ended(&mut self, state: ItemState, results: Option<ItemResults>) {
        if let Some(item) = self.reading.take().and_then(|place| self.items.get_mut(place)) {
            item.state = state;
            item.keep(results);
        }
    }

    /// Something else is read now: the video has to wait, and so has the rest of the list until it is told to go on.
    pub fn interrupted(&mut self) {
        if let Some(item) = self.reading.take().and_then(|place| self.items.get_mut(place)) {
            item.state = ItemState::Waiting;
            self.goes_on = false;
        }
    }

    /// Keeps the results of the video on the stage. One that is still being read has none yet.
    pub fn keep(&mut self, results: ItemResults) {
        if let Some(item) = self.current.and_then(|place| self.items.get_mut(place))
            && item.state != ItemState::Reading
        {
            item.keep(Some(results));
        }
    }

    /// Something that is not of the list is on the stage: what is read of the list is read behind it.
    pub fn stage_taken(&mut self) {
        self.current = None;
        self.follows = false;
    }

    /// Forgets the list.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

impl<F> BatchItem<F> {
    fn keep(&mut self, results: Option<ItemResults>) {
        if let Some(results) = results.filter(|results| !results.timeline.frames().is_empty()) {
            self.results = Some(results);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared_model::timeline::Prediction;

    fn results() -> ItemResults {
        let mut timeline = Timeline::new();
        timeline.push(Prediction::Seen {
            frame: 0,
            time_s: 0.0,
            faces: Vec::new(),
        });
        ItemResults {
            timeline,
            ..ItemResults::default()
        }
    }

    fn of_three() -> Batch<u8> {
        let mut batch = Batch::default();
        batch.add([("a".to_owned(), 1_u8), ("b".to_owned(), 2), ("c".to_owned(), 3)]);
        batch
    }

    fn states(batch: &Batch<u8>) -> Vec<ItemState> {
        batch.items().iter().map(|item| item.state).collect()
    }

    #[test]
    fn every_video_is_read_once_and_a_failure_does_not_stop_the_list() {
        let mut batch = of_three();
        let mut read = Vec::new();
        while let Some(file) = batch.begin_next() {
            assert!(batch.begin_next().is_none(), "one at a time");
            read.push(file);
            let ended = if file == 2 {
                ItemState::Failed
            } else {
                ItemState::Done
            };
            batch.ended(ended, None);
            batch.keep(results());
        }
        assert_eq!(read, [1, 2, 3]);
        assert_eq!(
            states(&batch),
            [ItemState::Done, ItemState::Failed, ItemState::Done]
        );
    }

    #[test]
    fn a_finished_video_that_is_looked_at_does_not_stop_the_reading_of_the_others() {
        let mut batch = of_three();
        assert_eq!(batch.begin_next(), Some(1));
        batch.ended(ItemState::Done, None);
        batch.keep(results());
        assert_eq!(batch.begin_next(), Some(2));
        // The second one leaves the stage while it is read.
        assert_eq!(batch.choose(0), Choice::Show(1, results()));
        assert_eq!((batch.current(), batch.reading()), (Some(0), Some(1)));
        assert!(!batch.follows() && batch.is_behind());
        batch.ended(ItemState::Done, Some(results()));
        assert_eq!(batch.begin_next(), Some(3), "reading goes on behind the review");
        assert_eq!((batch.current(), batch.reading()), (Some(0), Some(2)));
        assert_eq!(
            states(&batch),
            [ItemState::Done, ItemState::Done, ItemState::Reading]
        );
        // What is read comes to the front as it is.
        batch.keep(results());
        assert_eq!(batch.choose(2), Choice::BringForward);
        assert_eq!((batch.current(), batch.reading()), (Some(2), Some(2)));
        batch.ended(ItemState::Done, None);
        batch.keep(results());
        assert!(batch.items().iter().all(|item| item.results.is_some()));
        assert!(!batch.has_next());
    }

    #[test]
    fn a_video_that_waits_is_read_at_once_when_it_is_chosen_and_the_rest_follows() {
        let mut batch = of_three();
        assert_eq!(batch.begin_next(), Some(1));
        batch.keep(results());
        assert_eq!(batch.choose(2), Choice::Read(3));
        assert_eq!(
            states(&batch),
            [ItemState::Waiting, ItemState::Waiting, ItemState::Reading]
        );
        batch.ended(ItemState::Done, None);
        batch.keep(results());
        assert_eq!(batch.begin_next(), Some(1));
        assert_eq!(batch.choose(0), Choice::Nothing, "it is on the stage");
    }

    #[test]
    fn what_could_not_be_read_is_tried_again_when_its_turn_comes() {
        let mut batch = of_three();
        assert_eq!(batch.begin_next(), Some(1));
        batch.ended(ItemState::Failed, None);
        assert_eq!(batch.begin_next(), Some(2));
        assert_eq!(batch.choose(0), Choice::Nothing);
        batch.ended(ItemState::Done, None);
        assert_eq!(batch.begin_next(), Some(1));
    }

    #[test]
    fn the_list_waits_for_what_is_not_of_it_and_does_not_take_the_stage_from_it() {
        let mut batch = of_three();
        assert_eq!(batch.begin_next(), Some(1));
        batch.interrupted();
        batch.stage_taken();
        assert_eq!(batch.begin_next(), None);
        assert_eq!(states(&batch)[0], ItemState::Waiting);
        batch.go_on();
        assert_eq!(batch.begin_next(), Some(1));
        assert_eq!((batch.current(), batch.reading()), (None, Some(0)));
    }
}
