//! `wolffish monitor` as its users run it: killed and resumed, interrupted, over several logs, against liars.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use client::evidence::Evidence;
use liar::{Endpoint, Liar, Lie, Publishing, Setup};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

/// The command, in that directory; what it prints is caught.
fn wolffish(dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wolffish"));
    command.arg("monitor").args(args).current_dir(dir);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(dir: &Path, args: &[&str]) -> Output {
    wolffish(dir, args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn lines(bytes: &[u8]) -> Vec<Value> {
    text(bytes).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// How many answers with entries the log was asked for.
fn asked(liar: &Liar) -> usize {
    liar.requests().iter().filter(|seen| seen.endpoint() == Some(Endpoint::GetEntries)).count()
}

/// Waits until something holds, or the process has ended by itself.
fn until(child: &mut Child, mut holds: impl FnMut() -> bool) -> bool {
    loop {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        if holds() {
            return true;
        }
        std::thread::yield_now();
    }
}

#[test]
fn killed_anywhere_it_loses_nothing_and_repeats_nothing() {
    let liar = Liar::with_entries(400);
    liar.set_max_get_entries(7);
    let (url, key) = (liar.url(), liar.key_base64());
    let args = |out| {
        ["--once", "--watch", ".", "--stride", "10", "--output", out, "--state", "state", "--key", &key, &url]
            .map(str::to_owned)
    };
    let start = |dir: &Path| {
        let args = args("out.jsonl");
        wolffish(dir, &args.each_ref().map(String::as_str)).spawn().unwrap()
    };
    let whole = tempfile::tempdir().unwrap();
    let ended = start(whole.path()).wait_with_output().unwrap();
    assert!(ended.status.success(), "{}", text(&ended.stderr));
    let expected = fs::read(whole.path().join("out.jsonl")).unwrap();
    assert_eq!(lines(&expected).len(), 400);

    let mut random = fastrand::Rng::with_seed(3);
    let torn = tempfile::tempdir().unwrap();
    let mut kills = 0;
    loop {
        let mut child = start(torn.path());
        // From before the first entry to far behind the next record.
        let (before, more) = (asked(&liar), random.usize(..9));
        let spins = random.usize(..50_000);
        if !until(&mut child, || asked(&liar) > before + more) {
            let ended = child.wait_with_output().unwrap();
            assert!(ended.status.success(), "{}", text(&ended.stderr));
            break;
        }
        (0..spins).for_each(|_| std::hint::spin_loop());
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
        let so_far = fs::read(torn.path().join("out.jsonl")).unwrap();
        assert!(expected.starts_with(&so_far), "what is there is the beginning of all");
    }
    assert!(kills > 5, "it was killed {kills} times");
    assert!(fs::read(torn.path().join("out.jsonl")).unwrap() == expected, "byte for byte");
}

#[test]
fn it_follows_until_it_is_interrupted_and_says_how_far_it_came() {
    let dir = tempfile::tempdir().unwrap();
    let liar = Liar::with_entries(20);
    let (url, key) = (liar.url(), liar.key_base64());
    let args = ["--watch", ".", "--output", "out.jsonl", "--poll", "1s", "--key", &key, &url];
    let mut child = wolffish(dir.path(), &args).spawn().unwrap();
    let out = dir.path().join("out.jsonl");
    let written = |count: usize| {
        fs::read(&out).is_ok_and(|bytes| bytes.iter().filter(|byte| **byte == b'\n').count() == count)
    };
    assert!(until(&mut child, || written(20)));
    liar.append(5);
    liar.publish();
    assert!(until(&mut child, || written(25)));
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(0));
    let said = text(&ended.stderr);
    assert!(said.contains("verified to 25 of 25: 25 entries, 25 matches, 0 unreadable"), "{said}");
}

#[test]
fn no_log_is_asked_without_a_pause() {
    let (dir, liar) = (tempfile::tempdir().unwrap(), Liar::with_entries(1));
    let (url, key) = (liar.url(), liar.key_base64());
    for short in ["0s", "999ms"] {
        let ended = run(dir.path(), &["--poll", short, "--key", &key, &url]);
        let said = text(&ended.stderr);
        assert_eq!(ended.status.code(), Some(64), "{said}");
        assert!(
            said.contains("--poll") && said.contains(short) && said.contains("shorter than 1.0 s"),
            "{said}"
        );
    }
    assert!(liar.requests().is_empty());
}

#[test]
fn several_logs_of_a_list_are_followed_at_once_and_what_cannot_be_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let logs = [Liar::with_entries(3), Liar::with_entries(4), Liar::with_entries(5)];
    let listed = |(number, liar): (usize, &Liar)| {
        let (id, key) = (ct::hash::Base64(liar.log_id().to_vec()), liar.key_base64());
        json!({
            "description": format!("Log {number}"), "log_id": id, "key": key, "url": liar.url(), "mmd": 86400,
            "state": {"usable": {"timestamp": "2025-01-01T00:00:00Z"}},
        })
    };
    let mut all: Vec<Value> = logs.iter().enumerate().map(listed).collect();
    let mut tiled = all.pop().unwrap();
    tiled["description"] = "Tiles".into();
    tiled["monitoring_url"] = "https://tiles.example/".into();
    let list = json!({"operators": [{"name": "Alpha", "logs": all, "tiled_logs": [tiled]}]});
    fs::write(dir.path().join("list.json"), list.to_string()).unwrap();

    let ended = run(dir.path(), &["--once", "--watch", ".", "--log-list", "list.json"]);
    let (out, err) = (lines(&ended.stdout), text(&ended.stderr));
    assert_eq!(ended.status.code(), Some(0), "{err}");
    let of = |name: &str| out.iter().filter(|line| line["log"] == name).count();
    assert_eq!((of("Log 0"), of("Log 1"), out.len()), (3, 4, 7));
    assert!(err.contains("Tiles: a static-ct-api log"), "{err}");

    let url = logs[1].url();
    let one =
        run(dir.path(), &["--once", "--watch", ".", "--state", "other", "--log-list", "list.json", &url]);
    assert_eq!(lines(&one.stdout).len(), 4, "{}", text(&one.stderr));
    let ended = run(dir.path(), &["--once", "--log-list", "list.json", "https://tiles.example"]);
    assert_eq!(ended.status.code(), Some(64));
    let ended = run(dir.path(), &["--once", "--log-list", "list.json", "--operator", "nobody"]);
    assert!(text(&ended.stderr).contains("none of its logs can be followed"), "{}", text(&ended.stderr));
}

#[test]
fn a_fork_is_kept_as_evidence_and_ends_with_one_while_the_other_log_is_read_to_its_end() {
    let dir = tempfile::tempdir().unwrap();
    let (liar, good) = (Liar::with_entries(10), Liar::with_entries(10));
    let urls = [liar.url(), good.url()];
    let keys = [liar.key_base64(), good.key_base64()];
    let args = ["--once", "--watch", ".", "--key", &keys[0], "--key", &keys[1], &urls[0], &urls[1]];
    assert_eq!(run(dir.path(), &args).status.code(), Some(0));
    liar.fork_at(5);
    for log in [&liar, &good] {
        log.append(10);
        log.publish();
    }
    liar.tell(Lie::Fork);
    let ended = run(dir.path(), &args);
    let (out, err) = (lines(&ended.stdout), text(&ended.stderr));
    assert_eq!(ended.status.code(), Some(1), "{err}");
    assert!(err.contains(&format!("{}/: fork: ", urls[0])), "{err}");
    let finding = out.iter().find(|line| line["kind"] == "finding").unwrap();
    assert_eq!(finding["name"], "fork");
    let evidence = dir.path().join(finding["evidence"].as_str().unwrap());
    let judged =
        Command::new(env!("CARGO_BIN_EXE_wolffish")).args(["verify", "evidence"]).arg(&evidence).output();
    let judged = text(&judged.unwrap().stdout);
    assert!(judged.contains("proven fork"), "{judged}");
    assert_eq!(out.iter().filter(|line| line["kind"] == "match").count(), 10, "of the other log");
    // It is not forgotten when the log shows the first tree again.
    liar.be_honest();
    let ended = run(dir.path(), &args);
    assert_eq!(ended.status.code(), Some(1));
    assert!(text(&ended.stderr).contains("contradicts the others"), "{}", text(&ended.stderr));
}

#[test]
fn a_log_that_does_not_answer_is_given_up_and_a_wrong_answer_is_told_from_none() {
    let dir = tempfile::tempdir().unwrap();
    let liar = Liar::with_entries(10);
    let (url, key) = (liar.url(), liar.key_base64());
    let code = |lie| {
        liar.tell(lie);
        let ended = run(dir.path(), &["--once", "--give-up", "0s", "--key", &key, &url]);
        (ended.status.code(), text(&ended.stderr))
    };
    let (hung_up, said) = code(Lie::HungUp);
    assert_eq!(hung_up, Some(74), "{said}");
    assert!(said.contains("unreachable"), "{said}");
    let (html, said) = code(Lie::HtmlIs200);
    assert_eq!(html, Some(1), "{said}");
    assert!(said.contains("malformed"), "{said}");
    assert_eq!(code(Lie::None).0, Some(0));
}

#[test]
fn a_command_is_run_for_each_match_and_nothing_is_printed() {
    let dir = tempfile::tempdir().unwrap();
    let liar = Liar::with_entries(3);
    liar.append_named(&["www.example.com"]);
    liar.publish();
    let (url, key) = (liar.url(), liar.key_base64());
    let args = ["--once", "--watch", ".example.com", "--exec", "cat >>got", "--key", &key, &url];
    let ended = run(dir.path(), &args);
    assert_eq!((ended.status.code(), text(&ended.stdout).as_str()), (Some(0), ""), "{}", text(&ended.stderr));
    let got = lines(&fs::read(dir.path().join("got")).unwrap());
    assert_eq!((got.len(), &got[0]["index"]), (1, &3.into()));
}

#[test]
fn wrong_arguments_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let key = Liar::start().key_base64();
    for (args, says) in [
        (&["--dir", "none"][..], "up.json"),
        (&["http://a/", "http://b/", "http://c/", "--key", &key, "--key", &key], "2 keys for 3 URLs"),
        (&["ftp://a/", "--key", &key], "neither http nor https"),
        (&["http://a/", "--key", "AAAA"], "--key \"AAAA\""),
        (&["http://a/", "--key", &key, "--watch", "a b"], "--watch: cannot watch \"a b\""),
        (&["http://a/", "--key", &key, "--contact", "a\nb"], "--contact"),
        (&["--log-list", "none.json"], "none.json"),
        (&["http://a/", "--key", &key, "--check", "records"], "--once"),
    ] {
        let ended = run(dir.path(), args);
        let said = text(&ended.stderr);
        assert_eq!(ended.status.code(), Some(64), "{args:?}: {said}");
        assert!(said.contains(says), "{args:?}: {said}");
    }
}

#[test]
fn one_directory_is_for_one_monitor() {
    let dir = tempfile::tempdir().unwrap();
    let liar = Liar::with_entries(1);
    let (url, key) = (liar.url(), liar.key_base64());
    let args = ["--watch", ".", "--output", "out.jsonl", "--key", &key, &url];
    let mut first = wolffish(dir.path(), &args).spawn().unwrap();
    assert!(until(&mut first, || asked(&liar) > 0));
    let second = run(dir.path(), &args);
    first.kill().unwrap();
    first.wait().unwrap();
    assert_eq!(second.status.code(), Some(64));
    assert!(text(&second.stderr).contains("another monitor"), "{}", text(&second.stderr));
}

/// A directory as `wolffish up` would have it, with that log in it.
fn up_directory(liar: &Liar, mmd: u64) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let target = liar.target();
    fs::write(dir.path().join("ca.pem"), &target.test_ca_cert_pem).unwrap();
    fs::write(dir.path().join("ca.key"), &target.test_ca_key_pem).unwrap();
    fs::set_permissions(dir.path().join("ca.key"), fs::Permissions::from_mode(0o600)).unwrap();
    let log = json!({
        "name": "liar", "urls": [liar.url()], "key": liar.key_base64(),
        "log_id": ct::hash::Base64(liar.log_id().to_vec()), "mmd": mmd, "temporal_interval": null,
        "test_ca_cert": dir.path().join("ca.pem"), "test_ca_key": dir.path().join("ca.key"),
    });
    fs::write(dir.path().join("up.json"), json!({"logs": [log], "nodes": []}).to_string()).unwrap();
    dir
}

/// Loads the log, and records what it says.
fn hammer(dir: &Path) -> Output {
    let args =
        ["hammer", "--dir", ".", "--rate", "20", "--duration", "1s", "--warmup", "0s", "--settle", "1s"];
    let more = ["--mix", "add-chain=1,add-pre-chain=1,get-sth=1", "--prove-within", "2s", "--keys", "P-256"];
    let mut command = Command::new(env!("CARGO_BIN_EXE_wolffish"));
    command.args(args).args(more).args(["--records", "records.jsonl"]).current_dir(dir).output().unwrap()
}

#[test]
fn what_the_hammer_saw_is_checked_and_a_broken_promise_is_proved() {
    let honest = Liar::with(Setup { publishing: Publishing::OnDemand, ..Setup::default() });
    let dir = up_directory(&honest, 60);
    let hammered = hammer(dir.path());
    assert!(honest.size() > 0, "something was submitted: {}", text(&hammered.stderr));
    let check = ["--once", "--dir", ".", "--check", "records.jsonl", "--give-up", "5s"];
    let ended = run(dir.path(), &check);
    assert_eq!(ended.status.code(), Some(0), "{}", text(&ended.stderr));

    let liar = Liar::with(Setup { publishing: Publishing::OnDemand, ..Setup::default() });
    liar.tell(Lie::PromisedButNeverLogged);
    let dir = up_directory(&liar, 1);
    hammer(dir.path());
    liar.pass(Duration::from_secs(60));
    let ended = run(dir.path(), &check);
    let said = text(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(said.contains("liar: missing-entry: ") && said.contains("promises are due"), "{said}");
    let finding = lines(&ended.stdout).pop().unwrap();
    let evidence = Evidence::read(&dir.path().join(finding["evidence"].as_str().unwrap())).unwrap();
    assert_eq!(evidence.verdict().name(), "due");
}
