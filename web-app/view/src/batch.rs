//! Several videos, read one after the other.

use shared_model::people::People;
use shared_model::reviewed_segment::ReviewedSegment;
use shared_model::timeline::Timeline;

/// How far a video of the list is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ItemState {
    /// Not begun.
    Waiting,
    /// On the stage, being read.
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
    pub reviewed: Vec<ReviewedSegment>,
    /// Who is who; the tracks of `reviewed` are people.
    pub people: People,
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

/// The list.
#[derive(Debug, Clone)]
pub struct Batch<F> {
    items: Vec<BatchItem<F>>,
    /// Place of the video on the stage.
    current: Option<usize>,
    /// Whether the next one is opened when one is done.
    goes_on: bool,
}

impl<F> Default for Batch<F> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            current: None,
            goes_on: false,
        }
    }
}

impl<F: Clone> Batch<F> {
    /// Adds videos behind those that are there; the list goes on by itself from now on.
    pub fn add(&mut self, files: impl IntoIterator<Item = (String, F)>) {
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

    /// Whether the next one is opened when one is done.
    #[must_use]
    pub fn goes_on(&self) -> bool {
        self.goes_on
    }

    /// The next video to read, which is on the stage from now on; `None` while one is read, where nothing waits or the
    /// person is looking at one.
    pub fn begin_next(&mut self) -> Option<F> {
        let is_reading = self.items.iter().any(|item| item.state == ItemState::Reading);
        if is_reading || !self.goes_on {
            return None;
        }
        let place = self
            .items
            .iter()
            .position(|item| item.state == ItemState::Waiting)?;
        self.put_on_stage(place)
    }

    /// The person opens a video: the list waits until it is told to go on.
    pub fn choose(&mut self, place: usize) -> Option<F> {
        self.goes_on = false;
        self.put_on_stage(place)
    }

    /// Opens the next video again when one is done.
    pub fn go_on(&mut self) {
        self.goes_on = true;
    }

    fn put_on_stage(&mut self, place: usize) -> Option<F> {
        let item = self.items.get_mut(place)?;
        item.state = ItemState::Reading;
        let file = item.file.clone();
        self.current = Some(place);
        Some(file)
    }

    /// The video on the stage has come to an end of some kind.
    pub fn ended(&mut self, state: ItemState) {
        if let Some(item) = self.current.and_then(|place| self.items.get_mut(place))
            && item.state == ItemState::Reading
        {
            item.state = state;
        }
    }

    /// The video on the stage leaves it with these results; one that was still read has to wait again.
    pub fn left(&mut self, results: ItemResults) {
        let place = self.current.take();
        if let Some(item) = place.and_then(|place| self.items.get_mut(place)) {
            if item.state == ItemState::Reading {
                item.state = ItemState::Waiting;
            } else if !results.timeline.frames().is_empty() {
                item.results = Some(results);
            }
        }
    }

    /// Forgets the list.
    pub fn clear(&mut self) {
        *self = Self::default();
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

    fn states(batch: &Batch<u8>) -> Vec<ItemState> {
        batch.items().iter().map(|item| item.state).collect()
    }

    #[test]
    fn every_video_is_read_once_and_a_failure_does_not_stop_the_list() {
        let mut batch = Batch::default();
        batch.add([("a".to_owned(), 1_u8), ("b".to_owned(), 2), ("c".to_owned(), 3)]);
        let mut read = Vec::new();
        while let Some(file) = batch.begin_next() {
            assert!(batch.begin_next().is_none(), "one at a time");
            read.push(file);
            batch.ended(if file == 2 {
                ItemState::Failed
            } else {
                ItemState::Done
            });
            batch.left(results());
        }
        assert_eq!(read, [1, 2, 3]);
        assert_eq!(
            states(&batch),
            [ItemState::Done, ItemState::Failed, ItemState::Done]
        );
    }

    #[test]
    fn a_video_chosen_by_hand_stops_the_list_until_it_is_told_to_go_on() {
        let mut batch = Batch::default();
        batch.add([("a".to_owned(), 1_u8), ("b".to_owned(), 2)]);
        assert_eq!(batch.begin_next(), Some(1));
        batch.left(results());
        assert_eq!(states(&batch), [ItemState::Waiting, ItemState::Waiting]);
        assert_eq!(batch.choose(1), Some(2));
        batch.ended(ItemState::Done);
        assert_eq!(batch.begin_next(), None);
        batch.go_on();
        batch.left(results());
        assert_eq!(batch.begin_next(), Some(1));
        assert!(batch.items()[1].results.is_some());
    }
}
