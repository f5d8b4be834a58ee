//! Labels of files that wait for the video that they were opened beside.

use std::rc::Rc;

use page_view::comparison::LoadedLabels;

use super::source::Source;

/// Labels of files that wait for the video that they were opened beside: it may be behind the stage, or not be read yet.
#[derive(Debug, Default)]
pub struct WaitingLabels(Vec<(Option<Source>, Rc<LoadedLabels>)>);

impl WaitingLabels {
    /// Has labels wait for `source`; without one, for whatever comes on the stage next.
    pub fn add(&mut self, source: Option<Source>, labels: LoadedLabels) {
        self.0.push((source, Rc::new(labels)));
    }

    /// Takes out the labels that have waited longest for what is on the stage.
    pub fn take(&mut self, stage: Option<&Source>) -> Option<Rc<LoadedLabels>> {
        let place = self
            .0
            .iter()
            .position(|(source, _)| fits(source.as_ref(), stage))?;
        Some(self.0.remove(place).1)
    }

    /// Whether any wait for what is on the stage.
    #[must_use]
    pub fn wait_for(&self, stage: Option<&Source>) -> bool {
        self.0.iter().any(|(source, _)| fits(source.as_ref(), stage))
    }
}

fn fits(source: Option<&Source>, stage: Option<&Source>) -> bool {
    source.is_none_or(|source| stage.is_some_and(|stage| stage.is_same(source)))
}
