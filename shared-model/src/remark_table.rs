//! Remarks as a csv: a line each.

use crate::remark::TimedRemark;

/// Columns of the table. `face` is the number that the per-frame csv calls `track`, empty for an event; `last_frame` is the last one that
/// is meant; times are seconds on the media's clock.
pub const COLUMNS: [&str; 8] = [
    "video",
    "kind",
    "face",
    "first_frame",
    "last_frame",
    "start_s",
    "end_s",
    "text",
];

/// The table of one video; `video` is its file name.
#[must_use]
pub fn to_string(video: &str, remarks: &[TimedRemark<'_>]) -> String {
    let mut out = Vec::new();
    // Writing to memory cannot fail; an empty text would show it if it did.
    if write(&mut out, video, remarks).is_err() {
        return String::new();
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn write(out: &mut Vec<u8>, video: &str, remarks: &[TimedRemark<'_>]) -> Result<(), csv::Error> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(COLUMNS)?;
    for timed in remarks {
        let remark = timed.remark;
        writer.write_record([
            video.to_owned(),
            remark.kind.name().to_owned(),
            remark.track.map_or(String::new(), |track| track.to_string()),
            remark.start.to_string(),
            remark.end.saturating_sub(1).to_string(),
            format!("{:.6}", timed.start_s),
            format!("{:.6}", timed.end_s),
            remark.text.clone(),
        ])?;
    }
    writer.flush()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::remark::Remarks;

    #[test]
    fn each_remark_is_a_line_that_spreadsheets_read() {
        let remarks = Remarks::default()
            .with_note(1, 0..2, "hand, \"left\"")
            .with_event(1, "bell");
        let text = to_string("a,b.mp4", &remarks.timed(&[0.0, 0.04], 0.5));
        assert_eq!(
            text,
            "video,kind,face,first_frame,last_frame,start_s,end_s,text\n\
             \"a,b.mp4\",note,1,0,1,0.500000,0.580000,\"hand, \"\"left\"\"\"\n\
             \"a,b.mp4\",event,,1,1,0.540000,0.580000,bell\n"
        );
    }
}
