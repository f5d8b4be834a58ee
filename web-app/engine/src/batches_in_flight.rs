//! Batches of a film at the compute workers, whose answers come in the order of the frames.

use futures_channel::oneshot;
use futures_util::StreamExt as _;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesOrdered;
use shared_model::face_reader::SeenFace;

use crate::compute_pool::ComputePool;
use crate::faces::Faces;
use crate::film_batch::FilmBatch;
use crate::outcome::Outcome;
use crate::progress::CancelToken;

/// Times in seconds of a batch's frames, and its answer.
type Answered = (Vec<f64>, Result<Faces, oneshot::Canceled>);

/// What is on its way to the workers and back.
pub struct BatchesInFlight<'a> {
    pool: &'a ComputePool,
    waiting: FuturesOrdered<LocalBoxFuture<'static, Answered>>,
    has_more: bool,
}

impl<'a> BatchesInFlight<'a> {
    /// Of a film of which nothing was sent yet.
    pub fn new(pool: &'a ComputePool) -> Self {
        Self {
            pool,
            waiting: FuturesOrdered::new(),
            has_more: true,
        }
    }

    /// Sends batches off until `most` of them are on their way, and gives the times and faces of the frames that are answered
    /// next; `None` at the end of the film. `gather` gives the film's next frames, and `None` where there are no more.
    ///
    /// # Errors
    /// When frames cannot be gathered or answered, or the job is stopped.
    pub async fn next(
        &mut self,
        most: usize,
        token: &CancelToken,
        mut gather: impl AsyncFnMut() -> Result<Option<FilmBatch>, String>,
    ) -> Result<Option<Vec<(f64, Vec<SeenFace>)>>, Outcome> {
        while self.has_more && self.waiting.len() < most {
            match token.or(gather()).await?.map_err(Outcome::Failed)? {
                Some(batch) => self.send(batch),
                None => self.has_more = false,
            }
        }
        let Some((times_s, answer)) = token.or(self.waiting.next()).await? else {
            return Ok(None);
        };
        let faces = answer
            .unwrap_or_else(|_| Err("the computation was ended".to_owned()))
            .map_err(Outcome::Failed)?;
        Ok(Some(times_s.into_iter().zip(faces).collect()))
    }

    fn send(&mut self, batch: FilmBatch) {
        let answer = self.pool.submit(batch.frames, Some(batch.first));
        let times_s = batch.times_s;
        self.waiting
            .push_back(Box::pin(async move { (times_s, answer.await) }));
    }
}
