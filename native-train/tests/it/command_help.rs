//! What shells and `man` are told: bash takes the completions, and `man` shows the pages without a complaint.

use std::process::Command;

use crate::common::{mien_fails, mien_ok};

#[test]
fn bash_takes_the_completions_and_offers_the_commands() {
    let folder = tempfile::tempdir().unwrap();
    let script = mien_ok(folder.path(), &["completions", "bash"]);
    let ask = "COMP_WORDS=(mien an); COMP_CWORD=1; _mien mien an mien; echo \"${COMPREPLY[@]}\"";
    let Ok(answer) = Command::new("bash")
        .args(["-c", &format!("{script}\n{ask}")])
        .output()
    else {
        println!("skipped: no bash");
        return;
    };
    assert_eq!(String::from_utf8_lossy(&answer.stdout).trim(), "analyze");
    for shell in ["zsh", "fish", "powershell", "elvish"] {
        assert!(mien_ok(folder.path(), &["completions", shell]).contains("gpu-check"));
    }
}

#[test]
fn each_command_has_a_page_that_man_shows() {
    let folder = tempfile::tempdir().unwrap();
    let printed = mien_ok(folder.path(), &["manual", "man1"]);
    let pages: Vec<&str> = printed.lines().collect();
    assert!(
        pages.contains(&"man1/mien.1") && pages.contains(&"man1/mien-gpu-check.1"),
        "{printed}"
    );
    for page in &pages {
        let text = std::fs::read_to_string(folder.path().join(page)).unwrap();
        assert!(
            text.contains(".SH NAME") && text.contains(".SH SYNOPSIS"),
            "{page}"
        );
    }
    // A page that somebody changed stays.
    std::fs::write(folder.path().join("man1/mien.1"), "mine").unwrap();
    let said = mien_fails(folder.path(), 1, &["manual", "man1"]);
    assert!(said.contains("mien.1"), "{said}");
    let Ok(shown) = Command::new("man")
        .args(["--warnings", "-l", "man1/mien-analyze.1"])
        .current_dir(folder.path())
        .env("MANPAGER", "cat")
        .output()
    else {
        println!("skipped: no man");
        return;
    };
    if shown.status.success() {
        assert!(String::from_utf8_lossy(&shown.stdout).contains("--whole-frame"));
    }
}
