//! What comes in place of an answer, whatever the question.

use std::time::{Duration, SystemTime};

use super::Teller;
use crate::endpoint::Endpoint;
use crate::http::Answer;
use crate::lie::Lie;
use crate::requests::Request;

const HTML: &str =
    "<!DOCTYPE html><html><head><title>Sorry</title></head><body>Something went wrong.</body></html>";
const BRACKETS: usize = 100_000;

impl Teller<'_> {
    pub(super) fn instead(&self, request: &Request) -> Option<Answer> {
        let first = |requests: u64| self.asked <= requests;
        match self.lie {
            Lie::Busy { requests, seconds } if first(requests) => {
                Some(Answer::refused(503, "busy").with("Retry-After", seconds))
            }
            Lie::BusyUntil { requests, seconds } if first(requests) => {
                let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(seconds));
                Some(Answer::refused(429, "too many requests").with("Retry-After", date))
            }
            Lie::ServerError { requests } if first(requests) => Some(Answer::html(500, HTML)),
            Lie::ForkAlternatesUnproven if self.is_proof(request) => Some(Answer::html(500, HTML)),
            Lie::HtmlIs200 => Some(Answer::html(200, HTML)),
            Lie::JsonDeep => {
                let body = "[".repeat(BRACKETS) + &"]".repeat(BRACKETS);
                Some(Answer::text("application/json", 200, body))
            }
            Lie::RedirectOnce if request.parameter("hop").is_none() => Some(next_hop(request)),
            Lie::RedirectLoop => Some(next_hop(request)),
            Lie::RedirectToOtherHost | Lie::RedirectToOtherScheme => self.redirected(request),
            _ => None,
        }
    }

    fn is_proof(&self, request: &Request) -> bool {
        matches!(self.endpoint(request), Some(Endpoint::GetSthConsistency | Endpoint::GetEntryAndProof))
    }

    fn redirected(&self, request: &Request) -> Option<Answer> {
        // A client always says whom it thinks it is talking to (RFC 9112 §3.2).
        let host = request.header("host").unwrap_or_default();
        let port = host.rsplit_once(':').map_or("80", |(_, port)| port);
        match self.lie {
            Lie::RedirectToOtherScheme => {
                Some(redirect(request, format!("https://{host}{}", request.target)))
            }
            _ if host.starts_with("localhost") => None,
            _ => Some(redirect(request, format!("http://localhost:{port}{}", request.target))),
        }
    }
}

/// To the same URL, with a counter.
fn next_hop(request: &Request) -> Answer {
    let hop: u64 = request.parameter("hop").and_then(|hop| hop.parse().ok()).unwrap_or(0);
    let query = request.target.split_once('?').map_or("", |(_, query)| query);
    let mut parameters: Vec<&str> = query
        .split('&')
        .filter(|parameter| !parameter.is_empty() && !parameter.starts_with("hop="))
        .collect();
    let next = format!("hop={}", hop + 1);
    parameters.push(&next);
    redirect(request, format!("{}?{}", request.path(), parameters.join("&")))
}

/// In the way that keeps the method.
fn redirect(request: &Request, location: String) -> Answer {
    let status = if request.method == "GET" { 302 } else { 307 };
    Answer::refused(status, "elsewhere").with("Location", location)
}
