//! Nodes and logs as they are written on the command line.

use crate::moment;
use config::Address;
use config::init::{LogPlan, NodePlan};
use ct::names::{LogName, NodeName, Role};
use ct::time::Timestamp;
use std::str::FromStr;

/// `NAME@HOST:PORT[,public=HOST:PORT][,admin=HOST:PORT][,host=MACHINE]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeSpec {
    name: NodeName,
    address: Address,
    public: Option<Address>,
    admin: Option<Address>,
    host: Option<String>,
}

impl NodeSpec {
    /// The node, of that role.
    pub fn node(&self, role: Role) -> NodePlan {
        NodePlan {
            host: self.host.clone(),
            address: Some(self.address.clone()),
            admin: self.admin.clone(),
            public: self.public.clone(),
            ..NodePlan::new(self.name.clone(), role)
        }
    }
}

impl FromStr for NodeSpec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.split(',');
        let head = parts.next().unwrap_or_default();
        let (name, address) =
            head.split_once('@').ok_or("expected NAME@HOST:PORT, such as merge-1@10.0.0.1:4100")?;
        let name = name.parse().map_err(|error: ct::names::NameError| error.to_string())?;
        let read = |text: &str| text.parse::<Address>().map_err(|error| format!("{text:?} {error}"));
        let mut spec = Self { name, address: read(address)?, public: None, admin: None, host: None };
        for part in parts {
            match part.split_once('=') {
                Some(("public", address)) if spec.public.is_none() => spec.public = Some(read(address)?),
                Some(("admin", address)) if spec.admin.is_none() => spec.admin = Some(read(address)?),
                Some(("host", host)) if spec.host.is_none() => spec.host = Some(host.to_owned()),
                _ => return Err(format!("{part:?}: expected one each of public=, admin= and host=")),
            }
        }
        Ok(spec)
    }
}

/// `NAME[=START..END]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSpec {
    name: LogName,
    window: Option<(Timestamp, Timestamp)>,
}

impl LogSpec {
    /// A log that accepts this window.
    pub const fn new(name: LogName, window: Option<(Timestamp, Timestamp)>) -> Self {
        Self { name, window }
    }

    /// Its name.
    pub const fn name(&self) -> &LogName {
        &self.name
    }

    /// The log, with defaults for all else.
    pub fn log(&self) -> LogPlan {
        let mut plan = LogPlan::new(self.name.clone());
        plan.settings.start_inclusive = self.window.map(|(start, _)| moment::show(start));
        plan.settings.end_exclusive = self.window.map(|(_, end)| moment::show(end));
        plan
    }
}

impl FromStr for LogSpec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, window) = match text.split_once('=') {
            None => (text, None),
            Some((name, window)) => {
                let (start, end) = window.split_once("..").ok_or("expected NAME=START..END")?;
                (name, Some((moment::parse(start)?, moment::parse(end)?)))
            }
        };
        let name = name.parse().map_err(|error: ct::names::NameError| error.to_string())?;
        Ok(Self { name, window })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_read_with_its_addresses() {
        let text = "frontend-1@10.0.0.1:4100,public=0.0.0.0:443,admin=10.0.0.1:4200,host=rack-1";
        let node = text.parse::<NodeSpec>().unwrap().node(Role::Frontend);
        assert_eq!(node.name.as_str(), "frontend-1");
        assert_eq!(node.address.unwrap().to_string(), "10.0.0.1:4100");
        assert_eq!(node.public.unwrap().to_string(), "0.0.0.0:443");
        assert_eq!(node.admin.unwrap().to_string(), "10.0.0.1:4200");
        assert_eq!(node.host.as_deref(), Some("rack-1"));
        for wrong in ["", "a", "a@b", "A@b:1", "a@b:1,c", "a@b:1,public=x", "a@b:1,admin=c:1,admin=d:1"] {
            assert!(wrong.parse::<NodeSpec>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_log_is_read_with_its_window() {
        let plan = "2027h1=2027-01-01..2027-07-01T00:00:00Z".parse::<LogSpec>().unwrap().log();
        assert_eq!(plan.settings.start_inclusive.as_deref(), Some("2027-01-01T00:00:00Z"));
        assert_eq!(plan.settings.end_exclusive.as_deref(), Some("2027-07-01T00:00:00Z"));
        assert_eq!("anytime".parse::<LogSpec>().unwrap().log(), LogPlan::new("anytime".parse().unwrap()));
        for wrong in ["", "a=", "a=2027-01-01", "a=x..y", "A=2027-01-01..2028-01-01"] {
            assert!(wrong.parse::<LogSpec>().is_err(), "{wrong}");
        }
    }
}
