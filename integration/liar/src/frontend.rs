//! One base URL of the log, and what it has been told to say.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use judge::Target;

use crate::answer::Teller;
use crate::endpoint::Endpoint;
use crate::lie::Lie;
use crate::log::{Branch, Head, Log};
use crate::requests::Request;

/// Where the endpoints are: a base URL need not be the root of its server.
pub(crate) const PREFIX: &str = "/liar";

/// One of the log's base URLs; see [`Liar::frontend`](crate::Liar::frontend).
pub struct Frontend {
    pub(crate) number: usize,
    address: SocketAddr,
    pub(crate) log: Arc<Log>,
    pub(crate) drip: Duration,
    /// Held by each request of a log that lets slow clients block it.
    pub(crate) one_at_a_time: Mutex<()>,
    telling: Mutex<Telling>,
}

#[derive(Default)]
struct Telling {
    lie: Lie,
    only: Option<Endpoint>,
    /// Requests since the lie began, by endpoint; None stands for all unknown paths.
    asked: HashMap<Option<Endpoint>, u64>,
    /// Which tree the last get-sth showed, if they alternate.
    alternate: Option<Branch>,
    /// What stays in view.
    frozen: Option<(Branch, Head)>,
}

impl Frontend {
    pub(crate) fn new(number: usize, address: SocketAddr, log: Arc<Log>, drip: Duration) -> Self {
        Self { number, address, log, drip, one_at_a_time: Mutex::default(), telling: Mutex::default() }
    }

    /// `http://127.0.0.1:<port>/liar`, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}{PREFIX}", self.address)
    }

    /// Everything that a client, or the judge, needs to know of the log at this base URL, with the test CA's
    /// certificate and key for submissions.
    pub fn target(&self) -> Target {
        Target { base_url: self.url(), ..self.log.target.clone() }
    }

    /// Tells this lie from now on, instead of any earlier one. Requests are counted anew.
    pub fn tell(&self, lie: Lie) {
        self.begin(lie, None);
    }

    /// Tells this lie at one endpoint and the truth at all others.
    pub fn tell_at(&self, endpoint: Endpoint, lie: Lie) {
        self.begin(lie, Some(endpoint));
    }

    /// Tells no lie from now on.
    pub fn be_honest(&self) {
        self.tell(Lie::None);
    }

    /// Goes on showing what it shows now, the fork if that was told: [`Lie::Frozen`].
    pub fn serve_frozen(&self) {
        self.tell(Lie::Frozen);
    }

    /// What this frontend has been asked so far, in order.
    pub fn requests(&self) -> Vec<Request> {
        let mut requests = self.log.requests().clone();
        requests.retain(|request| request.frontend == self.number);
        requests
    }

    fn begin(&self, lie: Lie, only: Option<Endpoint>) {
        let mut telling = self.telling();
        let branch = telling.branch();
        let frozen = match lie {
            Lie::Frozen => Some((branch, self.log.head(branch, Lie::None))),
            Lie::Fork | Lie::ForkJunkProof | Lie::ForkAlternates | Lie::ForkAlternatesUnproven => {
                self.log.fork_if_none();
                None
            }
            _ => None,
        };
        *telling = Telling { lie, only, frozen, ..Telling::default() };
    }

    /// Who answers the next request, which goes to this endpoint.
    pub(crate) fn teller(&self, endpoint: Option<Endpoint>) -> Teller<'_> {
        let mut telling = self.telling();
        if telling.only.is_some() && telling.only != endpoint {
            return Teller { log: &self.log, lie: Lie::None, asked: 0, branch: Branch::Trunk, frozen: None };
        }
        if telling.alternates() && endpoint == Some(Endpoint::GetSth) {
            telling.alternate = Some(telling.alternate.map_or(Branch::Trunk, Branch::other));
        }
        let asked = telling.asked.entry(endpoint).or_default();
        *asked += 1;
        let asked = *asked;
        let frozen = telling.frozen.as_ref().map(|(_, head)| head.clone());
        Teller { log: &self.log, lie: telling.lie, asked, branch: telling.branch(), frozen }
    }

    fn telling(&self) -> MutexGuard<'_, Telling> {
        // It is replaced as a whole.
        self.telling.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Telling {
    const fn alternates(&self) -> bool {
        matches!(self.lie, Lie::ForkAlternates | Lie::ForkAlternatesUnproven)
    }

    fn branch(&self) -> Branch {
        match (self.lie, &self.frozen) {
            (Lie::Fork | Lie::ForkJunkProof, _) => Branch::Fork,
            (Lie::ForkAlternates | Lie::ForkAlternatesUnproven, _) => self.alternate.unwrap_or_default(),
            (Lie::Frozen, Some((branch, _))) => *branch,
            _ => Branch::Trunk,
        }
    }
}
