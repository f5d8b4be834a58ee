//! Tables as spreadsheets, pandas and Windows leave them: any of the usual separators, decimal commas beside them, whole numbers
//! with a fraction of 0, words for an empty cell, and UTF-16.

use std::io::{self, Cursor, Read};
use std::str::FromStr;

use csv::StringRecord;

use crate::file_text;

/// Bytes in which the header's first line ends, or what tells the table's separator stands in them all the same.
const HEAD_BYTES: u64 = 64 * 1024;
/// The largest number of which every whole one below is a number too.
const MOST_EXACT: f64 = 9_007_199_254_740_992.0;
/// What pandas, R and spreadsheets write into an empty cell, in small letters.
const EMPTY: [&str; 7] = ["nan", "na", "<na>", "n/a", "#n/a", "null", "none"];

/// How a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dialect {
    /// What stands between two cells: a comma, a semicolon, a tab, or what a first line `sep=` says.
    pub separator: u8,
}

impl Dialect {
    /// What a cell says; `None` where it is empty, or holds a word for that (`NaN`, `NA`, `null`...).
    #[must_use]
    pub fn said(self, cell: &str) -> Option<&str> {
        let cell = cell.trim();
        let is_empty = cell.is_empty() || EMPTY.iter().any(|word| cell.eq_ignore_ascii_case(word));
        (!is_empty).then_some(cell)
    }

    /// A number. A decimal comma is one where commas part no cells; there, a comma may also be one of thousands.
    #[must_use]
    pub fn number<T: FromStr>(self, text: &str) -> Option<T> {
        let with_comma = || {
            let is_decimal = self.separator != b',' && text.matches(',').count() == 1 && !text.contains('.');
            text.replacen(',', ".", 1).parse().ok().filter(|_| is_decimal)
        };
        text.parse().ok().or_else(with_comma)
    }

    /// A whole number, also with a fraction of 0: pandas makes a column of numbers one of fractions where a cell is empty.
    #[must_use]
    pub fn whole<T: FromStr>(self, text: &str) -> Option<T> {
        let with_fraction = || {
            let number: f64 = self.number(text)?;
            let is_whole = number.fract() == 0.0 && number.abs() < MOST_EXACT;
            is_whole.then(|| format!("{:.0}", number + 0.0).parse().ok())?
        };
        text.parse().ok().or_else(with_fraction)
    }
}

/// A csv with a header. Rows whose cells are all empty, as spreadsheets leave them at the end, are passed over.
pub struct CsvReader<R> {
    reader: csv::Reader<PlainLines<io::Chain<Cursor<Vec<u8>>, R>>>,
    headers: Vec<String>,
    dialect: Dialect,
}

impl<R: Read> CsvReader<R> {
    /// Reads the header. `flexible`: rows may have fewer or more cells than it.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn new(mut input: R, flexible: bool) -> Result<Self, csv::Error> {
        let mut head = Vec::new();
        input.by_ref().take(HEAD_BYTES).read_to_end(&mut head)?;
        if matches!(head.as_slice(), [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..]) {
            input.read_to_end(&mut head)?;
            head = file_text::utf16(&head).unwrap_or_default().into_bytes();
        }
        let (dialect, start) = sniff(&head);
        let mut head = Cursor::new(head);
        head.set_position(start as u64);
        let mut reader = csv::ReaderBuilder::new()
            .flexible(flexible)
            .delimiter(dialect.separator)
            .from_reader(PlainLines {
                inner: head.chain(input),
                is_after_return: false,
            });
        let headers = reader.headers()?.iter().map(|name| name.trim().to_owned());
        Ok(Self {
            headers: headers.collect(),
            reader,
            dialect,
        })
    }

    /// The columns' names.
    #[must_use]
    pub fn headers(&self) -> &[String] {
        &self.headers
    }

    /// How the table is written.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Where a column is; capital and small letters are one.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<usize> {
        let mut headers = self.headers.iter();
        headers.position(|header| header.eq_ignore_ascii_case(name))
    }

    /// Reads the next row that says anything into `record`; `false` at the end.
    ///
    /// # Errors
    /// When it cannot be read or is no text; the message has its line.
    pub fn read(&mut self, record: &mut StringRecord) -> Result<bool, csv::Error> {
        while self.reader.read_record(record)? {
            if record.iter().any(|cell| !cell.trim().is_empty()) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Ends all lines with one byte: else the lines of a file from Windows would be counted one too low.
struct PlainLines<R> {
    inner: R,
    is_after_return: bool,
}

impl<R: Read> Read for PlainLines<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.inner.read(out)?;
            let mut kept = 0;
            for place in 0..count {
                let Some(byte) = out.get(place).copied() else {
                    break;
                };
                if byte == b'\n' && self.is_after_return {
                    self.is_after_return = false;
                    continue;
                }
                self.is_after_return = byte == b'\r';
                if let Some(slot) = out.get_mut(kept) {
                    *slot = if self.is_after_return { b'\n' } else { byte };
                    kept += 1;
                }
            }
            if kept > 0 || count == 0 {
                return Ok(kept);
            }
        }
    }
}

/// The line of a row in its file, from 1; 0 where that is not known.
#[must_use]
pub fn line_of(record: &StringRecord) -> u64 {
    record.position().map_or(0, csv::Position::line)
}

/// How a table is written, and how many of its first bytes belong to none of its lines: a mark of UTF-8, and Excel's `sep=;`. The
/// end of that line stays, so that lines keep their numbers.
#[must_use]
pub fn sniff(head: &[u8]) -> (Dialect, usize) {
    let mark = if head.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
    let text = head.get(mark..).unwrap_or_default();
    let first = text
        .split(|byte| matches!(byte, b'\n' | b'\r'))
        .next()
        .unwrap_or(text);
    if let Some(separator) = named_separator(first) {
        return (Dialect { separator }, mark + first.len());
    }
    let mut lines = text.split(|byte| matches!(byte, b'\n' | b'\r'));
    let header = lines
        .find(|line| !line.trim_ascii().is_empty())
        .unwrap_or_default();
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    let mut is_quoted = false;
    for byte in header {
        is_quoted ^= *byte == b'"';
        for (_, count) in counts.iter_mut().filter(|(mark, _)| mark == byte && !is_quoted) {
            *count += 1;
        }
    }
    // The first of equals: a comma where there is none of them.
    let most = counts
        .into_iter()
        .reduce(|best, other| if other.1 > best.1 { other } else { best });
    let separator = most.map_or(b',', |(separator, _)| separator);
    (Dialect { separator }, mark)
}

/// What a line `sep=;` names, also in quotation marks and with the cells that a spreadsheet has added.
fn named_separator(line: &[u8]) -> Option<u8> {
    let line = line.trim_ascii_start();
    let line = line.strip_prefix(b"\"").unwrap_or(line);
    let (name, rest) = line.split_at_checked(4)?;
    let separator = *rest.first()?;
    let is_named = name.eq_ignore_ascii_case(b"sep=") && separator.is_ascii() && separator != b'"';
    let has_more = rest.iter().skip(1).any(u8::is_ascii_alphanumeric);
    (is_named && !has_more).then_some(separator)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &[u8]) -> Vec<(u64, Vec<String>)> {
        let mut reader = CsvReader::new(text, true).unwrap();
        assert_eq!(
            reader.headers(),
            ["path", "label"],
            "{:?}",
            String::from_utf8_lossy(text)
        );
        assert_eq!(reader.column("Label"), Some(1));
        let (mut found, mut record) = (Vec::new(), StringRecord::new());
        while reader.read(&mut record).unwrap() {
            found.push((line_of(&record), record.iter().map(str::to_owned).collect()));
        }
        found
    }

    #[test]
    fn one_table_in_all_its_forms() {
        let expected = |first: u64| {
            let row = |line: u64, path: &str, label: &str| (line, vec![path.to_owned(), label.to_owned()]);
            vec![row(first, "a,b.jpg", "0.0"), row(first + 1, "ü;\t.jpg", "NaN")]
        };
        let comma = "path,label\n\"a,b.jpg\",0.0\n\"ü;\t.jpg\",NaN\n";
        assert_eq!(rows(comma.as_bytes()), expected(2));
        assert_eq!(rows(format!("\u{feff}{comma}").as_bytes()), expected(2));
        assert_eq!(rows(comma.replace('\n', "\r\n").as_bytes()), expected(2));
        assert_eq!(
            rows(format!("sep=,\r\n{}", comma.replace('\n', "\r\n")).as_bytes()),
            expected(3)
        );
        let semicolon = "path;label\na,b.jpg;0.0\n\"ü;\t.jpg\";NaN\n;\n;\n";
        assert_eq!(rows(semicolon.as_bytes()), expected(2));
        assert_eq!(
            rows(format!("\u{feff}SEP=;\n{semicolon}").as_bytes()),
            expected(3)
        );
        assert_eq!(rows(format!("\"sep=;\"\n{semicolon}").as_bytes()), expected(3));
        let tab = "path\tlabel\na,b.jpg\t0.0\n\"ü;\t.jpg\"\tNaN\n";
        assert_eq!(rows(tab.as_bytes()), expected(2));
        let utf16 = std::iter::once(0xFEFF).chain(tab.encode_utf16());
        let utf16: Vec<u8> = utf16.flat_map(u16::to_le_bytes).collect();
        assert_eq!(rows(&utf16), expected(2));
        assert_eq!(
            rows("sep=|\npath|label\na,b.jpg|0.0\n\"ü;\t.jpg\"|NaN\n".as_bytes()),
            expected(3)
        );
    }

    #[test]
    fn numbers_and_what_is_none() {
        let (comma, semicolon) = (Dialect { separator: b',' }, Dialect { separator: b';' });
        assert_eq!(semicolon.number::<f64>("0,25"), Some(0.25));
        assert_eq!(semicolon.number::<f64>("-1,5e-3"), Some(-0.0015));
        assert_eq!(semicolon.number::<f64>("1.000,5"), None);
        // A thousand, or one?
        assert_eq!(comma.number::<f64>("1,000"), None);
        assert_eq!(comma.whole::<u32>("1,000"), None);
        assert_eq!(comma.whole::<u32>("3.0"), Some(3));
        assert_eq!(semicolon.whole::<u32>("3,0"), Some(3));
        assert_eq!(comma.whole::<i32>("-1.0"), Some(-1));
        assert_eq!(comma.whole::<u32>("1e3"), Some(1000));
        for wrong in ["3.5", "-1", "1e300", "inf", "NaN", "three", ""] {
            assert_eq!(comma.whole::<u32>(wrong), None, "{wrong}");
        }
        for empty in ["", " ", "NaN", "nan", "NA", "<NA>", "N/A", "#N/A", "NULL", "None"] {
            assert_eq!(comma.said(empty), None, "{empty}");
        }
        assert_eq!(comma.said(" Nan na "), Some("Nan na"));
    }
}
