//! What the program says beside its results: lines on stderr, from `tracing`'s events.
//!
//! A warning's line begins with `warning: `, an error's with `error: `, what is merely told has its words alone. The variable `MIEN_LOG` asks for less or
//! more: `warn`, `off`, or also what the libraries say (`info,wgpu_core=debug`), as `tracing_subscriber`'s filters have it.

use std::fmt;

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::wrong_use::WrongUse;

/// The variable that asks for less or more.
const FILTER: &str = "MIEN_LOG";
/// What is said without it: our own words alone.
const USUAL: &str = "off,native_train=info";

/// Begins to write lines on stderr; to be called once, at the start of a program. Without it nothing is said.
///
/// # Errors
/// When the variable `MIEN_LOG` says nothing that can be understood.
pub fn start() -> Result<(), WrongUse> {
    let asked = std::env::var(FILTER).unwrap_or_else(|_| USUAL.to_owned());
    let filter = EnvFilter::try_new(&asked)
        .map_err(|error| WrongUse(format!("the variable {FILTER} is `{asked}`: {error}")))?;
    // Whoever has begun already goes on.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .log_internal_errors(false)
        .event_format(Words)
        .try_init();
    Ok(())
}

/// An event's words, without time and place.
struct Words;

impl<S, N> FormatEvent<S, N> for Words
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let kind = match *event.metadata().level() {
            Level::ERROR => "error: ",
            Level::WARN => "warning: ",
            _ => "",
        };
        writer.write_str(kind)?;
        context.format_fields(writer.by_ref(), event)?;
        writeln!(writer)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    /// What was written.
    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_have_their_kind_and_their_words() {
        let page = Page::default();
        let writer = page.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_env_filter(EnvFilter::new(USUAL))
            .with_writer(move || writer.clone())
            .event_format(Words)
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            let count = 3;
            tracing::info!("{count} videos");
            tracing::warn!("{} is damaged; it is left out", "a.mp4");
            tracing::error!("nothing is left");
            tracing::debug!("not asked for");
            tracing::info!(target: "wgpu_core", "somebody else's words");
        });
        let text = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
        assert_eq!(
            text,
            "3 videos\nwarning: a.mp4 is damaged; it is left out\nerror: nothing is left\n"
        );
    }
}
