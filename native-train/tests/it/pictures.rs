//! Pictures of all kinds against what ffmpeg makes and reads.
#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "tests may fail loudly, in their helpers too"
)]

use std::fs;
use std::path::Path;

use crate::common::{
    ffmpeg, image_file, mien, mien_fails, probed_times, row_count, stderr, write_random_model,
};
use native_train::frame_source::FrameSource;
use native_train::picture;

/// Colour bars that move, so that frames differ.
const MOVING: &str = "-f lavfi -i testsrc2=size=64x48:rate=10:duration=1";

fn frames(path: &Path) -> Vec<(f64, Vec<u8>)> {
    let mut source = FrameSource::open(path, 25.0).unwrap();
    assert_eq!(
        source.frame_count(),
        Some(if source_is_one(&source) { 1 } else { 10 })
    );
    let mut found = Vec::new();
    while let Some((time_s, frame)) = source.next_frame().unwrap() {
        found.push((time_s, frame.rgb().to_vec()));
    }
    found
}

fn source_is_one(source: &FrameSource) -> bool {
    matches!(source, FrameSource::Pictures { .. })
}

/// All frames of a file as ffmpeg decodes them to RGB.
fn raw(folder: &Path, name: &str) -> Vec<u8> {
    assert!(ffmpeg(
        folder,
        &format!("-i {name} -f rawvideo -pix_fmt rgb24 -fps_mode passthrough {name}.rgb")
    ));
    fs::read(folder.join(format!("{name}.rgb"))).unwrap()
}

#[test]
fn animations_are_films_with_the_times_that_ffprobe_gives() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    if !ffmpeg(folder, &format!("{MOVING} -f apng moving.png")) {
        return;
    }
    assert!(ffmpeg(folder, &format!("{MOVING} moving.gif")));
    assert!(ffmpeg(
        folder,
        "-i moving.png -c:v libwebp_anim -pix_fmt bgra -lossless 1 moving.webp"
    ));
    // Delays of 1/100 s, which browsers and ffmpeg take as 1/10 s.
    assert!(ffmpeg(
        folder,
        "-f lavfi -i testsrc2=size=64x48:rate=100:duration=0.1 fast.gif"
    ));
    for (name, truth) in [
        ("moving.png", "moving.png"),
        ("moving.gif", "moving.gif"),
        // ffmpeg reads no animated WebP; it is without loss.
        ("moving.webp", "moving.png"),
        ("fast.gif", "fast.gif"),
    ] {
        let found = frames(&folder.join(name));
        let times = probed_times(&folder.join(truth));
        assert_eq!(found.len(), 10, "{name}");
        for ((time_s, _), expected) in found.iter().zip(&times) {
            assert!(
                (time_s - expected).abs() < 1e-6,
                "{name}: {time_s} and {expected}"
            );
        }
        let pixels: Vec<u8> = found.into_iter().flat_map(|(_, rgb)| rgb).collect();
        let expected = raw(folder, truth);
        assert_eq!(pixels.len(), expected.len(), "{name}");
        // The decoder of WebP rounds where a frame is blended over the one before it, also where nothing shines through.
        let most = u8::from(name.ends_with("webp"));
        let worst = pixels.iter().zip(&expected).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(worst <= Some(most), "{name}: {worst:?}");
    }
    // With one frame it is a picture, whatever it could hold.
    for name in ["one.gif", "one.png", "one.webp", "one.tiff"] {
        assert!(ffmpeg(
            folder,
            &format!("-i moving.png -frames:v 1 -update 1 {name}")
        ));
        let source = FrameSource::open(&folder.join(name), 25.0).unwrap();
        assert!(source_is_one(&source), "{name}");
    }
    assert_eq!(frames(&folder.join("one.tiff"))[0].1, raw(folder, "one.png"));
}

/// Chromium takes the upper half of sixteen bits: all of 9216 values of a picture like this, drawn on a canvas, were that.
#[test]
fn sixteen_bits_lose_their_lower_half() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let make = "-f lavfi -i testsrc2=size=64x48,format=rgb48be,geq=r='X*1024+Y*7':g='Y*1300+X':b='65535-X*500' -frames:v 1 -update 1 \
                -pix_fmt rgb48be deep.png";
    if !ffmpeg(folder, make) {
        return;
    }
    assert!(ffmpeg(
        folder,
        "-i deep.png -f rawvideo -pix_fmt rgb48be deep.rgb"
    ));
    let raw = fs::read(folder.join("deep.rgb")).unwrap();
    let upper: Vec<u8> = raw.chunks(2).map(|value| value[0]).collect();
    assert!(picture::read(&folder.join("deep.png")).unwrap().rgb() == upper);
}

#[test]
fn what_is_transparent_is_laid_on_white() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let steps = "-f lavfi -i color=0xC86400:size=48x16,format=rgba,geq=r='200':g='100':b='0':a='if(lt(X,16),0,if(lt(X,32),128,255))' \
                 -frames:v 1 -update 1";
    if !ffmpeg(folder, &format!("{steps} steps.png")) {
        return;
    }
    assert!(ffmpeg(folder, "-i steps.png -pix_fmt rgba64be deep.png"));
    assert!(ffmpeg(folder, "-i steps.png -pix_fmt ya8 grey.png"));
    assert!(ffmpeg(folder, "-i steps.png -pix_fmt ya16be deep-grey.png"));
    assert!(ffmpeg(folder, "-i steps.png -c:v libwebp -lossless 1 steps.webp"));
    let palette = "-i steps.png -filter_complex split[a][b];[a]palettegen=reserve_transparent=1[p];[b][p]paletteuse=alpha_threshold=64";
    assert!(ffmpeg(folder, &format!("{palette} -pix_fmt pal8 palette.png")));
    assert!(ffmpeg(folder, &format!("{palette} steps.gif")));
    for (name, has_half) in [
        ("steps.png", true),
        ("deep.png", true),
        ("grey.png", true),
        ("deep-grey.png", true),
        ("steps.webp", true),
        ("palette.png", false),
        ("steps.gif", false),
    ] {
        let frame = picture::read(&folder.join(name)).unwrap();
        let pixel = |x: usize| [0, 1, 2].map(|channel| frame.rgb()[3 * (8 * 48 + x) + channel]);
        assert_eq!(pixel(8), [255; 3], "{name}");
        let near =
            |found: [u8; 3], wanted: [u8; 3]| found.iter().zip(wanted).all(|(a, b)| a.abs_diff(b) <= 2);
        let whole = pixel(40);
        if !name.contains("grey") {
            assert!(near(whole, [200, 100, 0]), "{name}: {whole:?}");
        }
        if has_half {
            let half =
                whole.map(|colour| ((f64::from(colour) * 128.0 + 255.0 * 127.0) / 255.0).round() as u8);
            assert!(near(pixel(24), half), "{name}: {:?} and {half:?}", pixel(24));
        }
    }
}

/// The beginning of what a telephone writes.
const HEIC: &[u8] = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic\0\0\0\x08meta";

#[test]
fn pictures_of_other_kinds_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_random_model(folder);
    let analyze = |input: &str| -> String {
        let arguments = [
            "analyze",
            input,
            "--model",
            "model.safetensors",
            "--device",
            "cpu",
        ];
        mien_fails(folder, 1, &arguments)
    };
    for name in ["a.heic", "a.jpg", "a.mp4", "a"] {
        fs::write(folder.join(name), HEIC).unwrap();
        let said = analyze(name);
        assert!(
            said.contains("HEIC picture: convert it to JPEG or PNG"),
            "{name}: {said}"
        );
    }
    let make =
        "-f lavfi -i testsrc2=size=64x64 -frames:v 1 -c:v libaom-av1 -cpu-used 8 -still-picture 1 b.avif";
    if ffmpeg(folder, make) {
        let said = analyze("b.avif");
        assert!(said.contains("AVIF picture: convert it to JPEG or PNG"), "{said}");
    }
}

#[test]
fn a_folder_of_many_kinds_says_what_it_leaves_out() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_random_model(folder);
    let pictures = folder.join("pictures");
    fs::create_dir(&pictures).unwrap();
    for name in ["a.jpg", "b.tiff", "c.PNG", "d.gif"] {
        image_file(&pictures, name, 40, 30);
    }
    fs::copy(pictures.join("a.jpg"), pictures.join("e.jfif")).unwrap();
    fs::write(pictures.join("f.heic"), HEIC).unwrap();
    fs::write(pictures.join("g.cr2"), "II*").unwrap();
    fs::write(pictures.join("notes.txt"), "mine").unwrap();
    let arguments = |input: &'static str| {
        [
            "analyze",
            input,
            "--model",
            "model.safetensors",
            "--device",
            "cpu",
            "--out",
            "out",
        ]
    };
    let output = mien(folder, &arguments("pictures"));
    let said = stderr(&output);
    assert!(output.status.success(), "{said}");
    assert_eq!(row_count(&folder.join("out/pictures.csv")), 5);
    let warnings: Vec<&str> = said.lines().filter(|line| line.contains("not read")).collect();
    assert_eq!(warnings.len(), 1, "{said}");
    assert!(
        warnings[0].contains("f.heic (HEIC picture: convert it to JPEG or PNG), g.cr2"),
        "{said}"
    );
    assert!(
        !said.contains("notes") && said.contains("its first: d.gif"),
        "{said}"
    );
    for name in ["a.jpg", "c.PNG", "d.gif", "e.jfif"] {
        fs::remove_file(pictures.join(name)).unwrap();
    }
    let output = mien(folder, &arguments("pictures"));
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(row_count(&folder.join("out/pictures.csv")), 1);
    fs::remove_file(pictures.join("b.tiff")).unwrap();
    let said = mien_fails(folder, 1, &arguments("pictures"));
    assert!(
        said.contains("no picture that can be read") && said.contains("it has f.heic (HEIC"),
        "{said}"
    );
}

#[test]
fn a_name_that_leaves_no_room_for_a_results_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_random_model(folder);
    let long = format!("{}.png", "x".repeat(251));
    image_file(folder, &long, 40, 30);
    let common = [
        "analyze",
        &long,
        "--model",
        "model.safetensors",
        "--device",
        "cpu",
        "--out",
        "out",
    ];
    let said = mien_fails(folder, 1, &[&common[..], &["--format", "csv,json"]].concat());
    assert!(
        said.contains("256 bytes") && said.contains("shorter name"),
        "{said}"
    );
    assert_eq!(said.lines().filter(|line| !line.is_empty()).count(), 1, "{said}");
    assert!(!folder.join("out").exists());
    // With an ending of three letters there is room.
    let output = mien(folder, &common);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(
        row_count(&folder.join("out").join(long.replace(".png", ".csv"))),
        1
    );
}
