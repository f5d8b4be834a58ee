//! Tiers of an ELAN file (EAF) as labels: the tier `Face N` is the face of that number, a lone tier of expressions is
//! the first face. The tiers of lanes and of remarks that Mien writes beside `Face N` are not read.

use std::collections::BTreeMap;

use roxmltree::{Document, Node};
use thiserror::Error;

use super::label_spans::{LabelSpan, LabelSpans};
use crate::elan::{LANE_TIERS, REMARK_TYPE};
use crate::expression::Expression;

/// The file cannot be read as labels.
#[derive(Debug, Error)]
pub enum ElanError {
    #[error("it is no XML that can be read: {0}")]
    Xml(#[from] roxmltree::Error),
    #[error("it is no ELAN file: its outermost element is `{0}`, expected `ANNOTATION_DOCUMENT`")]
    Root(String),
    #[error("annotation {id} of tier `{tier}` names {what}, which the file does not hold")]
    Reference { tier: String, id: String, what: String },
    #[error(
        "annotation {id} of tier `{tier}` ends at {end_ms} ms, where or before it begins ({start_ms} ms)"
    )]
    Backwards {
        tier: String,
        id: String,
        start_ms: u64,
        end_ms: u64,
    },
    #[error("tier `{tier}` holds `{value}`, which is no expression class")]
    Value { tier: String, value: String },
    #[error("two annotations of tier `{tier}` overlap at {at_s:.3} s")]
    Overlap { tier: String, at_s: f64 },
    #[error(
        "no tier holds expression classes only (tiers such as `Face 1 smoothed`, which Mien writes, are not read); tiers: {0}"
    )]
    NoExpressions(String),
    #[error(
        "the tier `{tier}` holds expressions, but which face is meant is not known: call tiers `Face 1`, `Face 2`, ... \
         (tiers: {all})"
    )]
    UnknownTier { tier: String, all: String },
}

/// A tier's name and its annotations: start and end in ms, and the value.
struct Tier<'a> {
    name: &'a str,
    /// Whether it holds remarks, which may read like expressions and are none.
    is_of_remarks: bool,
    annotations: Vec<(u64, u64, &'a str)>,
}

/// Reads the tiers that hold expressions; others are named in `left_out`.
pub(super) fn read(text: &str) -> Result<LabelSpans, ElanError> {
    let document = Document::parse(text)?;
    let root = document.root_element();
    if root.tag_name().name() != "ANNOTATION_DOCUMENT" {
        return Err(ElanError::Root(root.tag_name().name().to_owned()));
    }
    let mut tiers = tiers(root)?;
    let names: Vec<&str> = tiers.iter().map(|tier| tier.name).collect();
    let all = || names.join(", ");
    tiers.retain(|tier| !is_lane(tier.name) && !tier.is_of_remarks);
    let mut found = LabelSpans::default();
    let mut expressive = Vec::new();
    for tier in &tiers {
        match tier.wrong_value() {
            Some(value) if face_of(tier.name).is_some() => {
                return Err(ElanError::Value {
                    tier: tier.name.to_owned(),
                    value: value.chars().take(40).collect(),
                });
            }
            None if !tier.annotations.is_empty() => expressive.push(tier),
            None if face_of(tier.name).is_some() => {}
            _ => found.left_out.push(tier.name.to_owned()),
        }
    }
    if expressive.is_empty() {
        return Err(ElanError::NoExpressions(all()));
    }
    let is_alone = expressive.len() == 1;
    for tier in expressive {
        let track = face_of(tier.name);
        if track.is_none() && !is_alone {
            return Err(ElanError::UnknownTier {
                tier: tier.name.to_owned(),
                all: all(),
            });
        }
        found
            .add(track, tier.spans())
            .map_err(|[_, second]| ElanError::Overlap {
                tier: tier.name.to_owned(),
                at_s: second.start_s,
            })?;
    }
    Ok(found)
}

impl Tier<'_> {
    fn wrong_value(&self) -> Option<&str> {
        self.annotations
            .iter()
            .map(|(_, _, value)| *value)
            .find(|value| !value.is_empty() && Expression::parse(value).is_none())
    }

    /// Annotations without a value label nothing.
    fn spans(&self) -> Vec<LabelSpan> {
        let seconds = |ms: u64| ms as f64 / 1000.0;
        self.annotations
            .iter()
            .filter_map(|(start, end, value)| {
                Some(LabelSpan {
                    start_s: seconds(*start),
                    end_s: seconds(*end),
                    label: Expression::parse(value)?,
                })
            })
            .collect()
    }
}

/// The track of `Face 1`, `Face 2`, ..., which are counted from 1.
fn face_of(tier: &str) -> Option<u32> {
    let number: u32 = tier.trim().strip_prefix("Face ")?.trim().parse().ok()?;
    number.checked_sub(1)
}

/// Whether a tier is a face's lane, such as `Face 1 smoothed`.
fn is_lane(tier: &str) -> bool {
    let parts = tier.trim().rsplit_once(' ');
    parts.is_some_and(|(face, lane)| {
        face_of(face).is_some() && LANE_TIERS.iter().any(|known| lane.eq_ignore_ascii_case(known))
    })
}

fn tiers<'a>(root: Node<'a, 'a>) -> Result<Vec<Tier<'a>>, ElanError> {
    let times: BTreeMap<&str, u64> = named(root, "TIME_SLOT")
        .filter_map(|slot| {
            let time = slot.attribute("TIME_VALUE")?.parse().ok()?;
            Some((slot.attribute("TIME_SLOT_ID")?, time))
        })
        .collect();
    // Annotations that refer to others take their times.
    let mut spans: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    let mut tiers: Vec<Tier<'a>> = Vec::new();
    let mut referring: Vec<(usize, Node<'a, 'a>)> = Vec::new();
    for tier in named(root, "TIER") {
        let name = tier.attribute("TIER_ID").unwrap_or("");
        let mut annotations = Vec::new();
        for annotation in named(tier, "ALIGNABLE_ANNOTATION") {
            let id = annotation.attribute("ANNOTATION_ID").unwrap_or("");
            let time = |attribute: &str| {
                let slot = annotation.attribute(attribute).unwrap_or("");
                times.get(slot).copied().ok_or_else(|| ElanError::Reference {
                    tier: name.to_owned(),
                    id: id.to_owned(),
                    what: format!("the time slot `{slot}` with a time"),
                })
            };
            let (start_ms, end_ms) = (time("TIME_SLOT_REF1")?, time("TIME_SLOT_REF2")?);
            if end_ms <= start_ms {
                return Err(ElanError::Backwards {
                    tier: name.to_owned(),
                    id: id.to_owned(),
                    start_ms,
                    end_ms,
                });
            }
            spans.insert(id, (start_ms, end_ms));
            annotations.push((start_ms, end_ms, value_of(annotation)));
        }
        referring.extend(named(tier, "REF_ANNOTATION").map(|node| (tiers.len(), node)));
        tiers.push(Tier {
            name,
            is_of_remarks: tier.attribute("LINGUISTIC_TYPE_REF") == Some(REMARK_TYPE),
            annotations,
        });
    }
    for (place, annotation) in referring {
        let Some(tier) = tiers.get_mut(place) else {
            continue;
        };
        let parent = annotation.attribute("ANNOTATION_REF").unwrap_or("");
        // A reference to a reference is on no tier of expressions that could be compared; such a tier stays empty.
        if let Some((start, end)) = spans.get(parent) {
            tier.annotations.push((*start, *end, value_of(annotation)));
        }
    }
    Ok(tiers)
}

fn named<'a>(node: Node<'a, 'a>, name: &'static str) -> impl Iterator<Item = Node<'a, 'a>> {
    node.descendants().filter(move |inner| inner.has_tag_name(name))
}

fn value_of<'a>(annotation: Node<'a, 'a>) -> &'a str {
    let value = annotation
        .children()
        .find(|child| child.has_tag_name("ANNOTATION_VALUE"));
    value.and_then(|value| value.text()).unwrap_or("").trim()
}
