//! Renders a whole data set into a folder that is either complete or not there.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use rayon::prelude::*;
use shared_model::expression::{CLASS_COUNT, Expression};
use shared_model::frame::Frame;

use crate::synth::camera_effects::jpeg;
use crate::synth::contact_sheet::ContactSheet;
use crate::synth::movie;
use crate::synth::performance;
use crate::synth::readme::readme;
use crate::synth::spec::{SynthSpec, SynthSummary};
use crate::synth::stills::{self, PlannedStill, Pool};
use crate::synth::studio::Studio;
use crate::synth::videos::{Video, VideoPlan};

/// People are numbered apart: labelled stills, pool, training videos, validation videos, the temporal encoder's.
const PEOPLE: [usize; 5] = [0, 1_000_000, 2_000_000, 3_000_000, 4_000_000];
/// Whole scenes are kept small: these many of the validation videos.
const WHOLE_VIDEOS: usize = 2;

/// Renders all that `spec` asks for into the folder `out`, which must be absent or empty. The work is
/// done in a folder beside it and renamed at the end.
///
/// # Errors
/// When `out` holds something already or cannot be written, or a value of `spec` cannot be used.
pub fn generate(spec: &SynthSpec, out: &Path) -> Result<SynthSummary> {
    spec.check()?;
    ensure_empty(out)?;
    let parent = match out.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let fail = || format!("the folder {} cannot be written", parent.display());
    std::fs::create_dir_all(parent).with_context(fail)?;
    let studio = Studio::open(spec.seed, spec.skins.as_deref())?;
    let work = tempfile::Builder::new()
        .prefix(".mien-synth-")
        .tempdir_in(parent)
        .with_context(fail)?;
    let summary = Work {
        spec,
        studio: &studio,
        folder: work.path(),
    }
    .all()?;
    std::fs::write(work.path().join("README.md"), readme(spec, &summary)).with_context(fail)?;
    make_readable(work.path())?;
    std::fs::rename(work.path(), out)
        .with_context(|| format!("{} cannot take its name {}", work.path().display(), out.display()))?;
    // The folder has moved: there is nothing left to clean up.
    let _ = work.keep();
    Ok(summary)
}

fn ensure_empty(out: &Path) -> Result<()> {
    match std::fs::read_dir(out) {
        Ok(mut entries) => ensure!(
            entries.next().is_none(),
            "{} holds something already: remove it or give another folder, so that two sets are never mixed",
            out.display()
        ),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => bail!("{} cannot be used as the output folder: {error}", out.display()),
    }
    Ok(())
}

/// Temporary folders are private; a data set is for whoever may read its parent.
fn make_readable(folder: &Path) -> Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755))
            .with_context(|| format!("{}", folder.display()))?;
    }
    Ok(())
}

struct Work<'a> {
    spec: &'a SynthSpec,
    studio: &'a Studio,
    folder: &'a Path,
}

impl Work<'_> {
    fn all(&self) -> Result<SynthSummary> {
        let spec = self.spec;
        let labelled = self.stills(Pool::Labelled, "labelled", spec.images, PEOPLE[0])?;
        let unlabelled = self.stills(Pool::Unlabelled, "unlabelled", spec.unlabelled, PEOPLE[1])?;
        let train = self.videos("Train_Set", "train", 0, spec.videos_train, PEOPLE[2])?;
        let validation = self.videos("Validation_Set", "val", 1, spec.videos_validation, PEOPLE[3])?;
        let temporal = if spec.videos_temporal > 0 {
            self.videos("Temporal_Set", "temporal", 2, spec.videos_temporal, PEOPLE[4])?
        } else {
            Vec::new()
        };
        let counts = |videos: &[Video]| count(videos.iter().flat_map(|v| v.labels.iter().copied().flatten()));
        let all = || train.iter().chain(&validation).chain(&temporal);
        let frames = all().map(|v| v.labels.len()).sum::<usize>();
        let missing_crops = all().flat_map(|v| &v.missing).filter(|missing| **missing).count();
        let mut summary = SynthSummary {
            labelled,
            unlabelled,
            train_frames: counts(&train),
            validation_frames: counts(&validation),
            temporal_frames: counts(&temporal),
            unannotated_frames: all()
                .flat_map(|v| &v.labels)
                .filter(|label| label.is_none())
                .count(),
            missing_crops,
            whole_videos: 0,
            whole_videos_left_out: None,
            faces: spec.images + spec.unlabelled + frames - missing_crops,
        };
        self.scenes(&validation, &mut summary)?;
        Ok(summary)
    }

    fn stills(
        &self,
        pool: Pool,
        name: &str,
        count_asked: usize,
        people: usize,
    ) -> Result<[usize; CLASS_COUNT]> {
        let planned = stills::plan(pool, count_asked, self.spec.seed);
        let letter = if pool == Pool::Labelled { 'l' } else { 'u' };
        self.make(name)?;
        let persons = planned.iter().map(|still| still.person + 1).max().unwrap_or(0);
        (0..persons).into_par_iter().try_for_each(|person| {
            let model = self.studio.person(people + person);
            planned
                .iter()
                .filter(|still| still.person == person)
                .try_for_each(|still| {
                    let bytes = stills::render(self.studio, &model, pool, still, self.spec)?;
                    self.write(&still_path(name, still), &bytes)
                })
        })?;
        let mut table = csv::Writer::from_writer(Vec::new());
        table.write_record(["path", "label", "person"])?;
        for still in &planned {
            table.write_record([
                &still_path(name, still),
                still.class.name(),
                &format!("{letter}{:05}", still.person),
            ])?;
        }
        let bytes = table.into_inner().map_err(csv::IntoInnerError::into_error)?;
        self.write(&format!("{name}.csv"), &bytes)?;
        if pool == Pool::Labelled && !planned.is_empty() {
            self.contact_sheet(name, &planned)?;
        }
        Ok(count(planned.iter().map(|still| still.class)))
    }

    fn contact_sheet(&self, name: &str, planned: &[PlannedStill]) -> Result<()> {
        let mut sheet = ContactSheet::new(self.spec.size);
        for still in planned {
            if sheet.wants(still.class) {
                let path = self.folder.join(still_path(name, still));
                let bytes = std::fs::read(&path).with_context(|| format!("{}", path.display()))?;
                sheet.add(still.class, &bytes)?;
            }
        }
        let picture = sheet.into_picture();
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        let frame = Frame::from_rgb(width, height, picture.into_raw())?;
        self.write("contact-sheet.jpg", &jpeg(&frame, 85)?)
    }

    fn videos(
        &self,
        set: &str,
        prefix: &str,
        split: usize,
        videos: usize,
        people: usize,
    ) -> Result<Vec<Video>> {
        let spec = self.spec;
        let annotations = format!("affwild2/annotations/{set}");
        self.make(&annotations)?;
        let plan = performance::plan(videos, spec.seconds, spec.seed, split);
        let mut made = Vec::with_capacity(videos);
        for (index, classes) in plan.iter().enumerate() {
            let video = Video::new(
                self.studio,
                VideoPlan {
                    name: format!("{prefix}-{index:03}"),
                    number: split * 100_000 + index,
                    person: people + index,
                    classes,
                    seconds: spec.seconds,
                    fps: spec.fps,
                    size: spec.size,
                    framing: spec.face_share(),
                },
                spec.seed,
            );
            let folder = format!("affwild2/cropped_aligned/{}", video.name);
            self.make(&folder)?;
            (0..video.labels.len()).into_par_iter().try_for_each(|frame| {
                if video.missing.get(frame).copied().unwrap_or(true) {
                    return Ok(());
                }
                let bytes = jpeg(&video.crop(self.studio, frame)?, video.quality())?;
                self.write(&format!("{folder}/{:05}.jpg", frame + 1), &bytes)
            })?;
            self.write(
                &format!("{annotations}/{}.txt", video.name),
                video.annotation().as_bytes(),
            )?;
            made.push(video);
        }
        Ok(made)
    }

    fn scenes(&self, videos: &[Video], summary: &mut SynthSummary) -> Result<()> {
        if videos.is_empty() {
            return Ok(());
        }
        if let Err(reason) = movie::encoder() {
            summary.whole_videos_left_out = Some(format!("{reason:#}"));
            return Ok(());
        }
        self.make("videos")?;
        for video in videos.iter().take(WHOLE_VIDEOS) {
            let frames = (0..video.labels.len())
                .into_par_iter()
                .map(|frame| video.scene(self.studio, frame))
                .collect::<Result<Vec<_>>>()?;
            movie::write(
                &self.folder.join(format!("videos/{}.mp4", video.name)),
                &frames,
                self.spec.fps,
            )?;
            self.write(
                &format!("videos/{}.txt", video.name),
                video.annotation().as_bytes(),
            )?;
            summary.whole_videos += 1;
            summary.faces += frames.len();
        }
        Ok(())
    }

    fn make(&self, folder: &str) -> Result<()> {
        let folder = self.folder.join(folder);
        std::fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))
    }

    fn write(&self, path: &str, bytes: &[u8]) -> Result<()> {
        let path = self.folder.join(path);
        // The folder as a whole is renamed when complete: single files need no care.
        std::fs::write(&path, bytes).with_context(|| format!("{} cannot be written", path.display()))
    }
}

fn still_path(folder: &str, still: &PlannedStill) -> String {
    let mut path = format!("{folder}/");
    let _ = write!(path, "{:06}.jpg", still.index);
    path
}

fn count(classes: impl Iterator<Item = Expression>) -> [usize; CLASS_COUNT] {
    let mut counts = [0; CLASS_COUNT];
    for class in classes {
        counts[class.index()] += 1;
    }
    counts
}
