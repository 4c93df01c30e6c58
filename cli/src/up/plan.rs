//! What a new cluster on this machine is to be. Pure: time and ports are arguments.

use super::options::{DEFAULT_PORT, UpArgs};
use crate::init::LogSpec;
use crate::moment;
use config::init::{Counts, InitPlan, LogPlan};
use ct::names::LogName;
use ct::time::Timestamp;
use std::path::Path;
use time::{Date, Month, Time};

/// The log that takes any certificate; it stands first.
pub const ANYTIME: &str = "anytime";
/// A shard is called this and its year.
const SHARD_PREFIX: &str = "wolffish";

/// The nodes that the options ask for.
pub fn counts(args: &UpArgs) -> Counts {
    Counts {
        frontends: args.frontends.unwrap_or(2),
        storage: args.storage.unwrap_or(3),
        signers: args.signers.unwrap_or(1),
        merge: args.merge.unwrap_or(3),
    }
}

/// A port to be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Any.
    Any,
    /// This one.
    Exactly(u16),
}

/// The ports that the nodes take, in the order in which [`InitPlan::local`] asks for them: of each frontend the internal,
/// the administration and the public one, of each other node the first two.
pub fn wanted(args: &UpArgs) -> Result<Vec<Wanted>, String> {
    let counts = counts(args);
    let first = args.port.unwrap_or(DEFAULT_PORT);
    let mut list = Vec::new();
    for number in 0..counts.frontends {
        let public = match first {
            0 => Wanted::Any,
            first => {
                let port = u16::try_from(number).ok().and_then(|number| first.checked_add(number));
                let last =
                    || format!("--port {first}: {} frontends need ports beyond 65535", counts.frontends);
                Wanted::Exactly(port.ok_or_else(last)?)
            }
        };
        list.extend([Wanted::Any, Wanted::Any, public]);
    }
    let others = counts.storage + counts.signers + counts.merge;
    list.extend(std::iter::repeat_n(Wanted::Any, 2 * others));
    Ok(list)
}

/// The whole plan, with a port for each that was wanted.
pub fn plan(args: &UpArgs, dir: &Path, now: Timestamp, ports: &[u16]) -> InitPlan {
    // The public port of the first frontend: third in the list.
    let public = ports.get(2).copied().unwrap_or(DEFAULT_PORT);
    let logs = shards(now).into_iter().map(|spec| log(args, &spec, public)).collect();
    let mut ports = ports.iter().copied();
    InitPlan::local(dir, counts(args), logs, || ports.next().unwrap_or(0))
}

/// The log without a window, and those of this year and the next.
fn shards(now: Timestamp) -> Vec<LogSpec> {
    // The names are a word, or a word and a number.
    let name = |text: String| text.parse::<LogName>().expect("a word and a number make a name");
    let mut specs = vec![LogSpec::new(name(ANYTIME.to_owned()), None)];
    let this = moment::calendar(now).map_or(1970, time::OffsetDateTime::year);
    for year in [this, this + 1] {
        if let (Some(start), Some(end)) = (new_year(year), new_year(year + 1)) {
            specs.push(LogSpec::new(name(format!("{SHARD_PREFIX}{year}")), Some((start, end))));
        }
    }
    specs
}

fn new_year(year: i32) -> Option<Timestamp> {
    let day = Date::from_calendar_date(year, Month::January, 1).ok()?;
    Some(moment::timestamp(day.with_time(Time::MIDNIGHT).assume_utc()))
}

fn log(args: &UpArgs, spec: &LogSpec, public: u16) -> LogPlan {
    let mut plan = spec.log();
    let millis = |span: std::time::Duration| span.as_millis() as u64;
    let settings = &mut plan.settings;
    settings.url = Some(format!("http://127.0.0.1:{public}/{}/", spec.name()));
    settings.mmd_seconds = args.mmd.map(|mmd| mmd.as_secs());
    settings.sth_interval_ms = args.sth_interval.map(millis);
    settings.publish_interval_ms = args.publish_interval.map(millis);
    settings.repair_after_seconds = args.repair_after.map(|age| age.as_secs());
    settings.roots = args.roots.iter().map(|root| root.display().to_string()).collect();
    plan
}

#[cfg(test)]
pub mod testing {
    use super::*;
    use config::Cluster;
    use config::init::init_cluster;

    /// The cluster of these options, its ports counted up from 20001, made at the end of 2026.
    pub fn made(args: &UpArgs) -> (tempfile::TempDir, Cluster) {
        let dir = tempfile::tempdir().unwrap();
        let mut next = 20_000;
        let port = |wanted: &Wanted| match wanted {
            Wanted::Exactly(port) => *port,
            Wanted::Any => {
                next += 1;
                next
            }
        };
        let ports: Vec<u16> = wanted(args).unwrap().iter().map(port).collect();
        let now = moment::parse("2026-12-31").unwrap();
        let report = init_cluster(&plan(args, &dir.path().join("c"), now, &ports)).unwrap();
        (dir, report.cluster)
    }
}

#[cfg(test)]
mod tests {
    use super::testing::made;
    use super::*;
    use crate::failure::Failure;
    use std::time::Duration;

    #[test]
    fn the_usual_cluster_has_three_logs_and_nine_processes() {
        let (_dir, cluster) = made(&UpArgs::default());
        assert_eq!(cluster.nodes().iter().filter(|node| node.address().is_some()).count(), 9);
        let ports: Vec<u16> = cluster.nodes().iter().filter_map(|node| Some(node.public()?.port())).collect();
        assert_eq!(ports, [8080, 8081]);
        let logs: Vec<(&str, Option<(String, String)>)> = cluster
            .logs()
            .iter()
            .map(|log| (log.name().as_str(), log.window().map(|window| window.to_rfc3339())))
            .collect();
        let year =
            |from: &str, to: &str| Some((format!("{from}-01-01T00:00:00Z"), format!("{to}-01-01T00:00:00Z")));
        let want = [
            ("anytime", None),
            ("wolffish2026", year("2026", "2027")),
            ("wolffish2027", year("2027", "2028")),
        ];
        assert_eq!(logs, want);
        assert!(cluster.logs().iter().all(|log| log.test_ca().is_some() && log.mmd().as_secs() == 86_400));
        assert_eq!(cluster.logs()[0].url(), Some("http://127.0.0.1:8080/anytime/"));
        assert_eq!(cluster.warnings(), []);
    }

    #[test]
    fn ports_are_the_systems_choice_if_asked_and_must_fit() {
        let args =
            |port, frontends| UpArgs { port: Some(port), frontends: Some(frontends), ..UpArgs::default() };
        assert!(wanted(&args(0, 3)).unwrap().iter().all(|wanted| *wanted == Wanted::Any));
        assert_eq!(wanted(&args(65_535, 1)).unwrap()[2], Wanted::Exactly(65_535));
        assert!(wanted(&args(65_535, 2)).unwrap_err().contains("65535"));
    }

    #[test]
    fn options_that_differ_from_what_is_there_are_all_named() {
        let (_dir, cluster) = made(&UpArgs { mmd: Some(Duration::from_secs(60)), ..UpArgs::default() });
        let same = UpArgs {
            port: Some(8080),
            frontends: Some(2),
            storage: Some(3),
            merge: Some(3),
            mmd: Some(Duration::from_secs(60)),
            ..UpArgs::default()
        };
        for fine in [&same, &UpArgs::default(), &UpArgs { port: Some(0), ..UpArgs::default() }] {
            assert_eq!(fine.check_against(&cluster), Ok(()));
        }
        let other = UpArgs {
            dir: "d".into(),
            port: Some(1),
            frontends: Some(1),
            storage: Some(5),
            signers: Some(2),
            merge: Some(1),
            mmd: Some(Duration::from_secs(61)),
            sth_interval: Some(Duration::from_millis(5)),
            publish_interval: Some(Duration::from_millis(5)),
            repair_after: Some(Duration::from_secs(7)),
            roots: vec!["/x".into()],
        };
        let Err(Failure::Usage(text)) = other.check_against(&cluster) else { panic!("accepted") };
        for option in [
            "port",
            "frontends",
            "storage",
            "signers",
            "merge",
            "mmd",
            "sth-interval",
            "publish-interval",
            "repair-after",
            "roots",
        ] {
            assert!(text.contains(&format!("--{option}")), "{option} in {text}");
        }
    }
}
