//! One of several machines' share of the inputs.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context as _, Result};

use crate::wrong_use::WrongUse;

/// Share `index` of `count`, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// Which one, from 0.
    pub index: usize,
    /// How many there are.
    pub count: usize,
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('/');
        let numbers = parts.and_then(|(index, count)| Some((index.parse().ok()?, count.parse().ok()?)));
        match numbers {
            Some((index, count)) if index < count => Ok(Self { index, count }),
            _ => Err("expected INDEX/COUNT with INDEX from 0 up to COUNT - 1, such as 0/4".to_owned()),
        }
    }
}

impl Shard {
    /// The share of a task of a Slurm job array, if this is one: `SLURM_ARRAY_TASK_ID` counted from
    /// `SLURM_ARRAY_TASK_MIN` in steps of `SLURM_ARRAY_TASK_STEP`, of `SLURM_ARRAY_TASK_COUNT`.
    ///
    /// # Errors
    /// When the variables do not fit together, as in an array with gaps.
    pub fn of_slurm(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Self>> {
        let read = |name: &str| -> Result<Option<usize>> {
            let Some(text) = variable(name).filter(|text| !text.is_empty()) else {
                return Ok(None);
            };
            let number = text
                .parse()
                .with_context(|| format!("{name} is `{text}`, which is no number"))?;
            Ok(Some(number))
        };
        let (Some(id), Some(count)) = (read("SLURM_ARRAY_TASK_ID")?, read("SLURM_ARRAY_TASK_COUNT")?) else {
            return Ok(None);
        };
        let least = read("SLURM_ARRAY_TASK_MIN")?.unwrap_or(0);
        let step = read("SLURM_ARRAY_TASK_STEP")?.unwrap_or(1).max(1);
        let offset = id.checked_sub(least).filter(|offset| offset % step == 0);
        let index = offset.map(|offset| offset / step).filter(|index| *index < count);
        let most = read("SLURM_ARRAY_TASK_MAX")?;
        let without_gaps = most.is_none_or(|most| most.saturating_sub(least) / step + 1 == count);
        let index = index.filter(|_| without_gaps).with_context(|| {
            format!(
                "task {id} of an array of {count} from {least} in steps of {step} is no share: number the array's tasks \
                 without gaps (`--array=0-{}`), or say which with `--shard INDEX/COUNT`",
                count.saturating_sub(1)
            )
        })?;
        Ok(Some(Self { index, count }))
    }

    /// Places in a list that fall to this share: each place falls to exactly one, whichever machine asks. The heaviest
    /// come first and go to whoever has least, so that no share is heavier than the mean by more than one item.
    #[must_use]
    pub fn places(&self, weights: &[u64]) -> Vec<usize> {
        let mut order: Vec<usize> = (0..weights.len()).collect();
        let weight = |place: usize| weights.get(place).copied().unwrap_or(0);
        order.sort_by_key(|place| (Reverse(weight(*place)), *place));
        let mut loads = vec![(0_u64, 0_usize); self.count];
        let mut mine = Vec::new();
        for place in order {
            // By weight, then by number of items, so that weightless items spread as well.
            let lightest = (0..self.count).min_by_key(|share| loads.get(*share).copied());
            let Some((share, load)) = lightest.and_then(|share| Some((share, loads.get_mut(share)?))) else {
                break;
            };
            *load = (load.0.saturating_add(weight(place)), load.1 + 1);
            if share == self.index {
                mine.push(place);
            }
        }
        mine.sort_unstable();
        mine
    }
}

/// How much work an input is taken to be: its bytes, for a folder those of its files. Where it cannot be read, 0: whoever
/// gets it will say so.
#[must_use]
pub fn weight(input: &Path) -> u64 {
    let Ok(found) = std::fs::metadata(input) else {
        return 0;
    };
    if !found.is_dir() {
        return found.len();
    }
    let Ok(entries) = std::fs::read_dir(input) else {
        return 0;
    };
    let lengths = entries
        .flatten()
        .filter_map(|entry| Some(entry.metadata().ok()?.len()));
    lengths.fold(0, u64::saturating_add)
}

/// What `--shard` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShardChoice {
    /// The share of the job array's task.
    Auto,
    /// This one.
    Share(Shard),
}

impl FromStr for ShardChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "auto" {
            return Ok(Self::Auto);
        }
        let share = text.parse().map(Self::Share);
        share.map_err(|error| format!("{error}, or `auto` in a job array"))
    }
}

/// The share that was asked for; `None` is all of it, as one piece. `things` says what the inputs are, in the plural. An input
/// twice among those of shares would leave two results of one name.
///
/// # Errors
/// [`WrongUse`]: `auto` outside of a job array or as in [`Shard::of_slurm`], several inputs in a job array without a
/// choice, where each task would do all of them, and an input of a share that is given twice.
pub fn chosen(asked: Option<ShardChoice>, inputs: &[PathBuf], things: &str) -> Result<Option<Shard>> {
    let variable = |name: &str| std::env::var(name).ok();
    let shard = match asked {
        Some(ShardChoice::Share(shard)) => shard,
        Some(ShardChoice::Auto) => Shard::of_slurm(variable)
            .map_err(|error| WrongUse(format!("{error:#}")))?
            .ok_or_else(|| {
                WrongUse(
                    "`--shard auto` is the share of a Slurm job array's task, and this is none: SLURM_ARRAY_TASK_ID and \
                     SLURM_ARRAY_TASK_COUNT are not both set; say which with `--shard INDEX/COUNT`"
                        .to_owned(),
                )
            })?,
        None if inputs.len() > 1 && is_in_job_array(variable) => {
            let wrong = format!(
                "this is a task of a job array, and {} {things} are given: say `--shard auto` for the task's share of them, \
                 `--shard 0/1` for all",
                inputs.len()
            );
            return Err(WrongUse(wrong).into());
        }
        None => return Ok(None),
    };
    let mut seen = HashSet::new();
    for input in inputs {
        if !seen.insert(input) {
            return Err(WrongUse(format!("{} is given twice", input.display())).into());
        }
    }
    Ok(Some(shard))
}

fn is_in_job_array(variable: impl Fn(&str) -> Option<String>) -> bool {
    let names = ["SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_COUNT"];
    names
        .into_iter()
        .any(|name| variable(name).is_some_and(|text| !text.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::StdRng;
    use rand::{Rng as _, SeedableRng as _};

    #[test]
    fn shares_are_disjoint_complete_and_even() {
        let mut random = StdRng::seed_from_u64(4);
        for _ in 0..200 {
            let count = random.random_range(1..12);
            let weights: Vec<u64> = (0..random.random_range(0..60))
                .map(|_| random.random_range(0..1000))
                .collect();
            let shares: Vec<Vec<usize>> = (0..count)
                .map(|index| Shard { index, count }.places(&weights))
                .collect();
            let mut all = shares.concat();
            all.sort_unstable();
            assert_eq!(all, (0..weights.len()).collect::<Vec<_>>());
            let mean = weights.iter().sum::<u64>() as f64 / count as f64;
            let heaviest = weights.iter().max().copied().unwrap_or(0) as f64;
            for share in &shares {
                let load: u64 = share.iter().map(|place| weights[*place]).sum();
                assert!(load as f64 <= mean + heaviest, "{load} of {mean}");
                assert!(share.is_sorted(), "the order of the inputs stays");
            }
        }
        let even = Shard { index: 2, count: 4 }.places(&[0; 8]);
        assert_eq!(even.len(), 2, "inputs without weight spread by number");
    }

    #[test]
    fn job_arrays_name_their_share() {
        let of = |pairs: &[(&str, &str)]| {
            let pairs: Vec<(String, String)> = pairs
                .iter()
                .map(|(name, value)| (format!("SLURM_ARRAY_TASK_{name}"), (*value).to_owned()))
                .collect();
            Shard::of_slurm(move |asked| {
                pairs
                    .iter()
                    .find(|(name, _)| name == asked)
                    .map(|(_, value)| value.clone())
            })
        };
        assert_eq!(of(&[]).unwrap(), None);
        assert_eq!(
            of(&[("ID", "3")]).unwrap(),
            None,
            "an array without a count is none"
        );
        let third = Some(Shard { index: 3, count: 8 });
        assert_eq!(of(&[("ID", "3"), ("COUNT", "8")]).unwrap(), third);
        let from_one = [("ID", "4"), ("COUNT", "8"), ("MIN", "1"), ("MAX", "8")];
        assert_eq!(of(&from_one).unwrap(), third);
        let stepped = [
            ("ID", "16"),
            ("COUNT", "8"),
            ("MIN", "10"),
            ("MAX", "24"),
            ("STEP", "2"),
        ];
        assert_eq!(of(&stepped).unwrap(), third);
        let gaps = of(&[("ID", "3"), ("COUNT", "2"), ("MIN", "1"), ("MAX", "3")]).unwrap_err();
        assert!(gaps.to_string().contains("--shard"), "{gaps}");
        assert!(
            of(&[("ID", "x"), ("COUNT", "2")])
                .unwrap_err()
                .to_string()
                .contains("TASK_ID")
        );
    }

    #[test]
    fn shares_are_written_from_zero() {
        assert_eq!("0/1".parse::<Shard>(), Ok(Shard { index: 0, count: 1 }));
        for wrong in ["1/1", "4/4", "1", "a/b", "0/0", "-1/2", ""] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
        assert_eq!("auto".parse(), Ok(ShardChoice::Auto));
        let last = ShardChoice::Share(Shard { index: 2, count: 3 });
        assert_eq!("2/3".parse(), Ok(last));
        for wrong in ["Auto", "3/3", "all"] {
            let said = wrong.parse::<ShardChoice>().unwrap_err();
            assert!(said.contains("INDEX/COUNT") && said.contains("auto"), "{said}");
        }
    }
}
