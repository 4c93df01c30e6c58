//! What came of a run, for people.

use crate::table::Table;
use ::hammer::chaos::ChaosEvent;
use ::hammer::mix::Operation;
use ::hammer::prove::ProofReport;
use ::hammer::report::{FaultsReport, Highest, RecordsReport, Report, Reproof};
use ::hammer::stats::{OperationReport, Percentiles};
use ::hammer::views::ViewsReport;
use ::hammer::{Load, StepReport};

/// A whole run.
pub fn report(report: &Report) -> String {
    let mut text = String::new();
    if let Some(highest) = &report.highest {
        text.push_str(&search(highest));
    }
    if report.steps.len() > 1 {
        text.push_str(&overview(&report.steps));
    }
    for step in &report.steps {
        text.push_str(&one(step));
    }
    if !report.chaos.is_empty() {
        text.push_str(&chaos(&report.chaos));
    }
    text.push_str(&end(&report.recorded, &report.proof, &report.views, &report.faults));
    text
}

/// The proof of an earlier run's promises.
pub fn reproof(report: &Reproof) -> String {
    let torn = match report.torn {
        0 => String::new(),
        torn => format!("{torn} lines of the records were cut off by a crash\n"),
    };
    torn + &end(&report.records, &report.proof, &report.views, &report.faults)
}

fn search(highest: &Highest) -> String {
    let mut text = format!("{}\n\n", highest.definition);
    let mut table = Table::new(&["OFFERED", "SUSTAINED", "P50", "P99", "MAX"]);
    for tried in &highest.tries {
        let said = tried.shortfall.map_or_else(|| "yes".to_owned(), |shortfall| format!("no: {shortfall:?}"));
        let at = |of: fn(&Percentiles) -> u64| {
            tried.sct_latency.as_ref().map_or_else(|| "-".to_owned(), |l| millis(of(l)))
        };
        table.row([tried.rate.to_string(), said, at(|l| l.p50_us), at(|l| l.p99_us), at(|l| l.max_us)]);
    }
    text.push_str(&table.render("  "));
    let found = highest.rate.map_or_else(|| "none".to_owned(), |rate| rate.to_string());
    text.push_str(&format!(
        "\nhighest sustained rate: {found} ({} workers in a closed loop: {:.0}/s)\n\n",
        highest.workers, highest.closed_loop_per_second
    ));
    text
}

fn overview(steps: &[StepReport]) -> String {
    let mut table = Table::new(&["OFFERED", "ACHIEVED", "SCTS", "P50", "P90", "P99", "P99.9", "MAX"]);
    for step in steps {
        let rate = |rate: f64| format!("{rate:.1}/s");
        let mut row =
            vec![rate(step.offered_per_second), rate(step.achieved_per_second), rate(step.scts_per_second)];
        row.extend(latencies(step.sct_latency.as_ref()));
        table.row(row);
    }
    format!("SCT latency, from the intended start:\n{}\n", table.render("  "))
}

fn one(step: &StepReport) -> String {
    let load = match step.load {
        Load::Open { rate, .. } => format!("open loop, {rate} offered"),
        Load::Closed { workers } => format!("closed loop, {workers} workers"),
    };
    let mut text = format!(
        "{load}, {:.0} s measured: {:.1}/s achieved, {:.1} SCTs/s\n",
        step.measured_seconds, step.achieved_per_second, step.scts_per_second
    );
    let mut table =
        Table::new(&["OPERATION", "OFFERED", "DONE", "P50", "P90", "P99", "P99.9", "MAX", "ELSE"]);
    for operation in Operation::ALL {
        if let Some(report) = step.operations.get(operation.as_str()) {
            let mut row = vec![operation.to_string(), report.offered.to_string(), report.done.to_string()];
            row.extend(latencies(report.latency.as_ref()));
            row.push(others(report));
            table.row(row);
        }
    }
    text.push_str(&table.render("  "));
    if let Some(late) = &step.hammer_late {
        text.push_str(&format!("  the hammer itself was late by {} (p99)\n", millis(late.p99_us)));
    }
    text.push_str(&match step.published_after_seconds {
        Some(after) => format!("  everything promised was published {after:.1} s after the last request\n"),
        None => {
            "  not everything promised was published in the time allowed after the last request\n".to_owned()
        }
    });
    if let Some(why) = step.cut {
        text.push_str(&format!("  the step ended early: {why}\n"));
    }
    text.push('\n');
    text
}

fn others(report: &OperationReport) -> String {
    let unsent = (report.unsent > 0).then(|| format!("unsent {}", report.unsent));
    let others = report.outcomes.iter().filter(|(outcome, _)| *outcome != "done");
    let others = others.map(|(outcome, count)| format!("{outcome} {count}"));
    unsent.into_iter().chain(others).collect::<Vec<_>>().join(", ")
}

fn latencies(latency: Option<&Percentiles>) -> [String; 5] {
    match latency {
        Some(l) => [l.p50_us, l.p90_us, l.p99_us, l.p999_us, l.max_us].map(millis),
        None => std::array::from_fn(|_| "-".to_owned()),
    }
}

fn millis(micros: u64) -> String {
    let millis = micros as f64 / 1000.0;
    if millis < 100.0 { format!("{millis:.1} ms") } else { format!("{millis:.0} ms") }
}

fn chaos(events: &[ChaosEvent]) -> String {
    let mut table = Table::new(&["AT", "NODE", "WHAT", "BACK AFTER", "SCTS MEANWHILE", "REFUSED", "FAILED"]);
    for event in events {
        let back = match (&event.skipped, event.back_after_seconds) {
            (Some(why), _) => why.clone(),
            (None, Some(back)) => format!("{back:.1} s"),
            (None, None) => "not seen".to_owned(),
        };
        let with = &event.meanwhile;
        let counts = [with.done, with.refused, with.failed].map(|count| count.to_string());
        let head = [format!("{:.1} s", event.at_seconds), event.node.clone(), event.act.to_string(), back];
        table.row(head.into_iter().chain(counts));
    }
    format!("chaos:\n{}\n", table.render("  "))
}

fn end(recorded: &RecordsReport, proof: &ProofReport, views: &ViewsReport, faults: &FaultsReport) -> String {
    let mut text = format!("recorded: {} lines in {}\n", recorded.lines, recorded.path.display());
    text.push_str(&format!(
        "promises: {} of {} proved on every frontend in {:.1} s, {} broken, {} not proved in time\n",
        proof.proved, proof.promised, proof.seconds, proof.broken, proof.unproved
    ));
    if let Some(delay) = &proof.merge_delay {
        let [p50, _, p99, _, max] = latencies(Some(delay));
        text.push_str(&format!("merge delay: p50 {p50}, p99 {p99}, max {max}\n"));
    }
    text.push_str(&format!(
        "views: {} trees seen, {} consistency proofs hold, {} could not be had\n",
        views.trees, views.proved, views.unproved
    ));
    for fault in &faults.first {
        let kept = fault.evidence.as_ref().map(|path| format!(" [{}]", path.display())).unwrap_or_default();
        let times = if fault.times > 1 { format!(" ({} times)", fault.times) } else { String::new() };
        text.push_str(&format!("FAULT {}: {}{times}{kept}\n", fault.kind, fault.text));
    }
    let told = faults.first.iter().map(|fault| fault.times).sum::<u64>();
    if faults.count > told {
        text.push_str(&format!("and {} more faults\n", faults.count - told));
    }
    text
}
