//! Lists, right and wrong.

use super::*;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ct::key::LogSigningKey;
use serde_json::{Value, json};

fn key(seed: u8) -> LogKey {
    LogSigningKey::from_scalar(&[seed; 32]).unwrap().public().clone()
}

fn log(seed: u8, name: &str, state: &str) -> Value {
    let key = key(seed);
    json!({
        "description": name, "log_id": STANDARD.encode(key.log_id()), "key": STANDARD.encode(key.spki()),
        "url": format!("https://ct.example/{seed}"), "mmd": 86400, "log_type": "prod",
        "state": { state: { "timestamp": "2025-01-01T00:00:00Z", "final_tree_head": {"tree_size": 1} } },
        "temporal_interval": {
            "start_inclusive": "2026-01-01T00:00:00Z", "end_exclusive": "2026-07-01T00:00:00Z",
        },
        "previous_operators": [],
    })
}

fn tiled_log(seed: u8) -> Value {
    let mut tiled = log(seed, "Tiles 2026h1", "usable");
    let fields = tiled.as_object_mut().unwrap();
    fields.remove("url");
    fields.insert("submission_url".to_owned(), "https://log.example/t/".into());
    fields.insert("monitoring_url".to_owned(), "https://mon.example/t/".into());
    tiled
}

fn list() -> Value {
    json!({
        "version": "80.1", "log_list_timestamp": "2026-07-01T00:00:00Z", "is_all_logs": false,
        "operators": [
            {"name": "Alpha", "email": ["a@a.example"], "logs": [log(1, "Argon 2026h1", "usable"), log(2, "Old", "retired")]},
            {"name": "Beta", "email": [], "logs": [log(3, "Nessie 2026", "something new")], "tiled_logs": [tiled_log(4)]},
        ],
    })
}

fn parse(list: &Value) -> Result<LogList, ListError> {
    LogList::parse(list.to_string().as_bytes())
}

#[test]
fn a_list_gives_logs_that_a_client_can_use() {
    let list = parse(&list()).unwrap();
    let found = list.by_id(key(1).log_id()).unwrap();
    assert_eq!(
        (found.operator.as_str(), found.mmd, found.state),
        ("Alpha", Duration::from_secs(86_400), Some(State::Usable))
    );
    assert_eq!(found.interval.unwrap().start_inclusive.millis(), 1_767_225_600_000);
    let log = found.log().unwrap();
    assert_eq!((log.name(), log.urls()[0].as_str()), ("Argon 2026h1", "https://ct.example/1/"));
    assert_eq!(list.by_url(&log.urls()[0]), Some(found));
    assert_eq!(list.logs()[2].state, Some(State::Other));
    assert!(list.by_id(key(4).log_id()).is_none(), "a static log is none that can be followed");
    assert_eq!(list.tiled()[0].url.as_str(), "https://mon.example/t/");
}

#[test]
fn optional_fields_may_be_missing() {
    let mut value = list();
    let log = value["operators"][0]["logs"][0].as_object_mut().unwrap();
    for field in ["description", "mmd", "state", "temporal_interval"] {
        log.remove(field);
    }
    let list = parse(&value).unwrap();
    let log = &list.logs()[0];
    assert_eq!((log.name(), log.mmd), ("https://ct.example/1/", Duration::from_secs(86_400)));
    assert_eq!((log.state, log.interval), (None, None));
}

#[test]
fn what_would_lead_to_another_log_is_refused_and_named() {
    let wrong = |field: &str, value: Value| {
        let mut list = list();
        list["operators"][1]["logs"][0][field] = value;
        parse(&list).unwrap_err().to_string()
    };
    let other = STANDARD.encode(key(9).log_id());
    for (field, value, says) in [
        ("log_id", json!(other), "not the hash of the key"),
        ("log_id", json!("AAAA"), "3 bytes, a log ID has 32"),
        ("log_id", json!("?"), "not a log list"),
        ("url", json!("ftp://ct.example/"), "neither http nor https"),
        ("url", json!("https://u:p@ct.example/"), "password"),
        ("url", Value::Null, "there is none"),
        ("mmd", json!(0), "the least is 1"),
        ("mmd", json!("86400"), "not a log list"),
        ("temporal_interval", json!({"start_inclusive": "x", "end_exclusive": "y"}), "RFC 3339"),
        (
            "temporal_interval",
            json!({"start_inclusive": "2026-01-01T00:00:00Z", "end_exclusive": "2025-01-01T00:00:00Z"}),
            "ends before it starts",
        ),
    ] {
        let error = wrong(field, value);
        assert!(error.contains(says), "{field}: {error}");
        assert!(
            error.contains("not a log list") || error.starts_with(&format!("operators[1].logs[0].{field}: ")),
            "{error}"
        );
    }
    let mut twice = list();
    twice["operators"][1]["logs"][0] = log(1, "again", "usable");
    assert!(parse(&twice).unwrap_err().to_string().contains("another log with this ID"));
}

#[test]
fn lists_are_bounded() {
    assert!(matches!(LogList::parse(&vec![b' '; MAX_LIST as usize + 1]), Err(ListError::TooLarge)));
    let mut many = list();
    many["operators"][0]["logs"] = vec![log(1, "x", "usable"); MAX_LOGS + 1].into();
    assert!(matches!(parse(&many), Err(ListError::TooMany { .. })));
    for text in ["", "[]", "{}", "{\"operators\":{}}", "null"] {
        assert!(matches!(LogList::parse(text.as_bytes()), Err(ListError::Json(_))), "{text}");
    }
}

#[test]
fn a_key_of_another_kind_does_not_spoil_the_list() {
    let mut value = list();
    let spki = b"an RSA key, say";
    value["operators"][0]["logs"][0]["key"] = STANDARD.encode(spki).into();
    value["operators"][0]["logs"][0]["log_id"] = STANDARD.encode(sha256(&[spki])).into();
    let list = parse(&value).unwrap();
    let error = list.logs()[0].log().unwrap_err().to_string();
    assert!(error.starts_with("Argon 2026h1: "), "{error}");
    assert!(list.logs()[1].log().is_ok());
}

#[test]
fn filters_name_logs_and_say_what_cannot_be_followed() {
    let list = parse(&list()).unwrap();
    let names = |filter: &Filter| -> (Vec<String>, usize) {
        let found = filter.select(&list);
        (found.logs.iter().map(|log| log.description.clone()).collect(), found.tiled.len())
    };
    let all = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert_eq!(names(&Filter::default()), (all(&["Argon 2026h1", "Nessie 2026"]), 1));
    let operator = Filter { operator: Some("ALPHA".to_owned()), ..Filter::default() };
    assert_eq!(names(&operator), (all(&["Argon 2026h1"]), 0));
    let description = Filter { description: Some("2026H1".to_owned()), ..Filter::default() };
    assert_eq!(names(&description), (all(&["Argon 2026h1"]), 1));
    let retired = Filter { ids: vec![key(2).log_id()], ..Filter::default() };
    assert_eq!(names(&retired), (all(&["Old"]), 0));
}
