//! A static server for the built page, on this machine only.

use crate::{packing, page_headers};
use anyhow::{Context, Result, anyhow};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::UNIX_EPOCH;
use tiny_http::{Header, Method, Request, Response, StatusCode};

/// A browser asks for several files at once.
const WORKERS: usize = 4;
pub struct Server {
    port: u16,
    http: Arc<tiny_http::Server>,
    workers: Vec<JoinHandle<()>>,
}

impl Server {
    /// Serves `root`; port 0 takes a free one.
    ///
    /// # Errors
    /// When the port is taken.
    pub fn start(root: &Path, port: u16) -> Result<Self> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let http = tiny_http::Server::http(address)
            .map_err(|error| anyhow!("port {port} cannot be opened ({error}): choose another with --port"))?;
        let port = http
            .server_addr()
            .to_ip()
            .context("the server has no port")?
            .port();
        let http = Arc::new(http);
        let headers = Arc::new(page_headers::of(root)?);
        let workers = (0..WORKERS)
            .map(|_| {
                let (http, root, headers) = (Arc::clone(&http), root.to_path_buf(), Arc::clone(&headers));
                thread::spawn(move || {
                    while let Ok(request) = http.recv() {
                        answer(request, &root, &headers);
                    }
                })
            })
            .collect();
        Ok(Self { port, http, workers })
    }

    /// Where the page is.
    pub fn address(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// Serves until the process ends.
    pub fn wait(mut self) {
        for worker in self.workers.drain(..) {
            // A worker that died has said so itself.
            drop(worker.join());
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        for _ in 0..WORKERS {
            self.http.unblock();
        }
    }
}

fn answer(request: Request, root: &Path, page: &[(&str, String)]) {
    if !matches!(request.method(), Method::Get | Method::Head) {
        let refusal = Response::from_string("only GET and HEAD").with_status_code(405);
        return send(request, refusal, page);
    }
    let Some(path) = file_of(request.url(), root) else {
        return send(
            request,
            Response::from_string("not found").with_status_code(404),
            page,
        );
    };
    let asked = |name: &'static str| {
        let mut headers = request.headers().iter();
        headers
            .find(|header| header.field.equiv(name))
            .map(|header| header.value.as_str())
    };
    // A part of a file is a part of it as it is.
    let packed = packing::packed_path(&path);
    let takes_packed = asked("Accept-Encoding").is_some_and(takes_brotli) && asked("Range").is_none();
    let is_packed = takes_packed && packed.is_file();
    let Ok((mut file, length, tag)) = open(if is_packed { &packed } else { &path }) else {
        return send(
            request,
            Response::from_string("not found").with_status_code(404),
            page,
        );
    };
    let is_known = asked("If-None-Match").is_some_and(|known| known.split(',').any(|one| one.trim() == tag));
    let range = asked("Range").and_then(|range| range_of(range, length));
    let mut headers = vec![
        header("Content-Type", media_type(&path)),
        header("Accept-Ranges", "bytes"),
        header("ETag", &tag),
        header("Vary", "Accept-Encoding"),
    ];
    if is_known {
        let bare = Response::new(
            StatusCode(304),
            headers.into_iter().flatten().collect(),
            std::io::empty(),
            Some(0),
            None,
        );
        return send(request, bare, page);
    }
    if is_packed {
        headers.push(header("Content-Encoding", "br"));
    }
    // A video element seeks by asking for parts.
    let (status, start, end) = match range {
        Some((start, end)) => {
            headers.push(header(
                "Content-Range",
                &format!("bytes {start}-{}/{length}", end.saturating_sub(1)),
            ));
            (206, start, end)
        }
        None => (200, 0, length),
    };
    if file.seek(SeekFrom::Start(start)).is_err() {
        let failure = Response::from_string("cannot be read").with_status_code(500);
        return send(request, failure, page);
    }
    let size = end - start;
    let body = file.take(size);
    let length = usize::try_from(size).ok();
    send(
        request,
        Response::new(
            StatusCode(status),
            headers.into_iter().flatten().collect(),
            body,
            length,
            None,
        ),
        page,
    );
}

fn send<R: Read>(request: Request, response: Response<R>, page: &[(&str, String)]) {
    let mut response = response.with_chunked_threshold(usize::MAX);
    for (name, value) in page {
        if let Some(header) = header(name, value) {
            response.add_header(header);
        }
    }
    // A browser that has gone away is its own affair.
    drop(request.respond(response));
}

fn header(name: &str, value: &str) -> Option<Header> {
    Header::from_bytes(name, value).ok()
}

/// Whether `Accept-Encoding` has brotli, and not with a weight of 0.
fn takes_brotli(accepted: &str) -> bool {
    accepted.split(',').any(|one| {
        let (name, weight) = one.split_once(';').unwrap_or((one, ""));
        let weight = weight
            .trim()
            .strip_prefix("q=")
            .and_then(|weight| weight.parse::<f32>().ok());
        name.trim().eq_ignore_ascii_case("br") && weight.is_none_or(|weight| weight > 0.0)
    })
}

/// The file, its length, and a tag that another content of it does not have.
fn open(path: &Path) -> std::io::Result<(File, u64, String)> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(std::io::ErrorKind::NotFound.into());
    }
    let changed = metadata
        .modified()?
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let tag = format!("\"{:x}-{:x}\"", metadata.len(), changed.as_nanos());
    Ok((file, metadata.len(), tag))
}

/// The file a URL names; `None` for whatever would lead out of the root.
fn file_of(url: &str, root: &Path) -> Option<PathBuf> {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let decoded = percent_decoded(path)?;
    let relative = Path::new(decoded.trim_start_matches('/'));
    if !relative
        .components()
        .all(|component| matches!(component, Component::Normal(_)))
    {
        return None;
    }
    let file = root.join(relative);
    Some(if file.is_dir() {
        file.join("index.html")
    } else {
        file
    })
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

/// `bytes=A-B`, `bytes=A-` or `bytes=-N`, as start and end (exclusive).
fn range_of(value: &str, length: u64) -> Option<(u64, u64)> {
    let (first, last) = value.strip_prefix("bytes=")?.split_once('-')?;
    let (start, end) = match (first.trim(), last.trim()) {
        ("", count) => (length.saturating_sub(count.parse().ok()?), length),
        (start, "") => (start.parse().ok()?, length),
        (start, end) => (
            start.parse().ok()?,
            end.parse::<u64>().ok()?.saturating_add(1).min(length),
        ),
    };
    (start < end).then_some((start, end))
}

fn media_type(path: &Path) -> &'static str {
    let extension = path
        .extension()
        .and_then(|extension| extension.to_str())
        .unwrap_or_default();
    match extension {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "mp4" => "video/mp4",
        "webm" => "video/webm",
        "csv" => "text/csv; charset=utf-8",
        "txt" | "md" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_stay_inside_the_root() {
        let root = Path::new("/srv/page");
        assert_eq!(
            file_of("/a/b.js?x=1", root),
            Some(PathBuf::from("/srv/page/a/b.js"))
        );
        assert_eq!(
            file_of("/a%20b.js", root),
            Some(PathBuf::from("/srv/page/a b.js"))
        );
        assert_eq!(file_of("/../secret", root), None);
        assert_eq!(file_of("/%2e%2e/secret", root), None);
        assert_eq!(file_of("/%zz", root), None);
    }

    #[test]
    fn brotli_is_taken_where_the_browser_has_it() {
        assert!(takes_brotli("gzip, deflate, br, zstd") && takes_brotli("br;q=0.5"));
        assert!(!takes_brotli("gzip") && !takes_brotli("br;q=0") && !takes_brotli(""));
    }

    #[test]
    fn files_come_packed_once_and_whole_where_a_part_is_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.js"), "let a = 1;").unwrap();
        std::fs::write(folder.path().join("a.js.br"), "packed").unwrap();
        let server = Server::start(folder.path(), 0).unwrap();
        let ask = |headers: &str| {
            use std::io::Write as _;
            let mut stream = std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, server.port)).unwrap();
            let request = format!("GET /a.js HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{headers}\r\n");
            stream.write_all(request.as_bytes()).unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            answer
        };
        let plain = ask("");
        assert!(
            plain.ends_with("let a = 1;") && !plain.contains("Content-Encoding"),
            "{plain}"
        );
        let packed = ask("Accept-Encoding: gzip, br\r\n");
        assert!(
            packed.ends_with("packed") && packed.contains("Content-Encoding: br"),
            "{packed}"
        );
        let part = ask("Accept-Encoding: br\r\nRange: bytes=0-2\r\n");
        assert!(
            part.ends_with("let") && part.starts_with("HTTP/1.1 206"),
            "{part}"
        );
        let tag = packed
            .lines()
            .find_map(|line| line.strip_prefix("ETag: "))
            .unwrap();
        let known = ask(&format!("Accept-Encoding: br\r\nIf-None-Match: {tag}\r\n"));
        assert!(
            known.starts_with("HTTP/1.1 304") && known.ends_with("\r\n\r\n"),
            "{known}"
        );
    }

    #[test]
    fn ranges_are_clipped_to_the_file() {
        assert_eq!(range_of("bytes=0-", 10), Some((0, 10)));
        assert_eq!(range_of("bytes=2-99", 10), Some((2, 10)));
        assert_eq!(range_of("bytes=-3", 10), Some((7, 10)));
        assert_eq!(range_of("bytes=10-", 10), None);
        assert_eq!(range_of("lines=1-2", 10), None);
    }

    #[test]
    fn wasm_has_its_media_type() {
        assert_eq!(media_type(Path::new("a.wasm")), "application/wasm");
        assert_eq!(media_type(Path::new("a.safetensors")), "application/octet-stream");
    }
}
