//! What is counted of public requests. The handles of what happens most are made once: finding them by name would cost as
//! much as answering get-sth.

use super::route::Endpoint;
use ct::names::LogName;
use hyper::StatusCode;
use metrics::{Counter, Histogram};
use std::time::Duration;

/// What is counted of one endpoint of one log.
struct One {
    good: Counter,
    seconds: Histogram,
}

/// What is counted of one log.
pub(crate) struct Counters {
    log: String,
    endpoints: Vec<One>,
}

impl Counters {
    pub(crate) fn new(log: &LogName) -> Self {
        let log = log.to_string();
        let one = |endpoint: Endpoint| One {
            good: counter(&log, endpoint, StatusCode::OK),
            seconds: metrics::histogram!(
                "wolffish_http_request_seconds", "log" => log.clone(), "endpoint" => endpoint.as_str()
            ),
        };
        Self { endpoints: Endpoint::ALL.into_iter().map(one).collect(), log }
    }

    /// A request was answered.
    pub(crate) fn answered(&self, endpoint: Endpoint, status: StatusCode, after: Duration) {
        let one = &self.endpoints[endpoint as usize];
        if status == StatusCode::OK {
            one.good.increment(1);
        } else {
            counter(&self.log, endpoint, status).increment(1);
        }
        one.seconds.record(after);
    }
}

fn counter(log: &str, endpoint: Endpoint, status: StatusCode) -> Counter {
    let (log, endpoint, status) = (log.to_owned(), endpoint.as_str(), status.as_str().to_owned());
    metrics::counter!("wolffish_http_requests_total", "log" => log, "endpoint" => endpoint, "status" => status)
}
