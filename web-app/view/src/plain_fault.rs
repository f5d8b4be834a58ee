//! What went wrong, in words for people: the texts of libraries and panics are left to the browser's console.

/// What stands where nothing else of a reason is left.
const INTERNAL: &str = "an internal error, see the browser's console";
/// Parts of texts that only programmers read.
const RAW: [&str; 23] = [
    "panicked at",
    "called `",
    "unwrap()",
    "index out of bounds",
    "out of range for slice",
    "range end index",
    "range start index",
    "attempt to add",
    "attempt to subtract",
    "attempt to multiply",
    "attempt to divide",
    "assertion `",
    "assertion failed",
    "already borrowed",
    "already mutably borrowed",
    "wgpu error",
    "Validation Error",
    "JsValue(",
    "Some(",
    "Err(",
    "RuntimeError",
    ".rs:",
    "::",
];

/// A reason without layers of causes, backtraces and debug texts, in one line.
#[must_use]
pub fn plain(reason: &str) -> String {
    let reason = root_cause(reason);
    let shown = without_raw_parentheses(&reason);
    let shown = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    let shown = shown.replace(" .", ".").replace(" ,", ",").replace(" :", ":");
    if !is_raw(&shown) {
        return if shown.is_empty() {
            INTERNAL.to_owned()
        } else {
            shown
        };
    }
    // What comes before the raw text names the file or what was done.
    let parts: Vec<&str> = shown.split(": ").take_while(|part| !is_raw(part)).collect();
    let mut parts: Vec<String> = parts.into_iter().map(str::to_owned).collect();
    parts.push(INTERNAL.to_owned());
    parts.join(": ")
}

/// What comes before the layers, with the innermost of them.
fn root_cause(reason: &str) -> String {
    let layers = reason.split("Backtrace:").next().unwrap_or(reason);
    let Some((said, causes)) = layers.split_once("Caused by:") else {
        return layers.trim().to_owned();
    };
    let innermost = causes.rsplit("Caused by:").next().unwrap_or(causes).trim();
    let innermost = innermost.lines().last().unwrap_or_default();
    // Layers are numbered.
    let innermost =
        innermost.trim_start_matches(|sign: char| sign.is_ascii_digit() || sign == ':' || sign == ' ');
    format!("{}: {innermost}", said.trim().trim_end_matches(':'))
}

/// Leaves out what stands in parentheses and is raw.
fn without_raw_parentheses(text: &str) -> String {
    let mut open: Vec<String> = vec![String::new()];
    for sign in text.chars() {
        match sign {
            '(' => open.push(String::new()),
            ')' if open.len() > 1 => {
                let inside = open.pop().unwrap_or_default();
                let keeps = !is_raw(&inside) && !is_debug_word(&inside);
                if let Some(outside) = open.last_mut()
                    && keeps
                {
                    outside.push('(');
                    outside.push_str(&inside);
                    outside.push(')');
                }
            }
            _ => {
                if let Some(text) = open.last_mut() {
                    text.push(sign);
                }
            }
        }
    }
    open.join("(")
}

fn is_raw(text: &str) -> bool {
    let opens_behind_type = |sign: char| {
        let mut parts = text.split(sign).collect::<Vec<_>>();
        parts.pop();
        parts.into_iter().any(|part| ends_with_type(part, sign))
    };
    RAW.iter().any(|part| text.contains(part)) || opens_behind_type('(') || opens_behind_type('{')
}

/// Whether a text ends with a type's name that `sign` opens behind, as in `InvalidHeader { at: 3 }` or `InvalidId(4)`. In
/// sentences a space stands before a parenthesis.
fn ends_with_type(text: &str, sign: char) -> bool {
    let is_close = sign == '{' || !text.ends_with(char::is_whitespace);
    is_close && text.split_whitespace().next_back().is_some_and(is_debug_word)
}

/// Whether a word is a type's name: small letters, a capital, small letters.
fn is_debug_word(word: &str) -> bool {
    let letters: Vec<char> = word.chars().collect();
    let is_name = letters.first().is_some_and(char::is_ascii_uppercase)
        && letters.iter().all(char::is_ascii_alphanumeric);
    let turns = |three: &[char]| match three {
        [before, capital, after] => {
            before.is_ascii_lowercase() && capital.is_ascii_uppercase() && after.is_ascii_lowercase()
        }
        _ => false,
    };
    is_name && letters.windows(3).any(turns)
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn what_is_said_in_words_stays_as_it_is() {
        for text in [
            "a (1).mp4: it holds no video; convert it, for instance to MP4 with H.264",
            "WebGPU was asked for and cannot be used: this browser has no WebGPU",
            "film.mp4: the codec hvc1 (HEVC) is not supported by this browser",
            "The graphics adapter was lost (it was reset). The analysis goes on with the CPU.",
            "this browser has no WebCodecs (or has them switched off): take another one",
            "mine.safetensors: the header ends at byte 12 of 8",
        ] {
            assert_eq!(plain(text), text);
        }
    }

    #[test]
    fn texts_of_libraries_and_panics_are_left_out() {
        for (raw, said) in [
            (
                "b.mp4: the engine stopped over it, it is probably damaged (index out of bounds: the len is 3 but the index is 7)",
                "b.mp4: the engine stopped over it, it is probably damaged",
            ),
            (
                "c.mkv: its headers cannot be read (UnexpectedEof)",
                "c.mkv: its headers cannot be read",
            ),
            (
                "c.mkv: its headers cannot be read (InvalidHeader { at: 3, kind: Some(\"x\") })",
                "c.mkv: its headers cannot be read",
            ),
            (
                "The graphics adapter was lost (wgpu error: Validation Error\n\nCaused by:\n  In Queue::submit\n    Buffer is destroyed). The analysis goes on with the CPU.",
                "The graphics adapter was lost",
            ),
            (
                "demo.safetensors: called `Option::unwrap()` on a `None` value",
                "demo.safetensors: an internal error, see the browser's console",
            ),
            (
                "panicked at src/x.rs:3:4",
                "an internal error, see the browser's console",
            ),
            (
                "the device cannot be had\n\nCaused by:\n    0: first\n    1: the driver is too old\n\nBacktrace:\n  x::y",
                "the device cannot be had: the driver is too old",
            ),
        ] {
            let found = plain(raw);
            assert!(found.starts_with(said), "{found}\nexpected {said}");
            for part in ["::", "Validation", "unwrap", "Some(", "bounds", "Backtrace", "\n"] {
                assert!(!found.contains(part), "{found} holds {part}");
            }
        }
    }
}
