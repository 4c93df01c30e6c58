//! One node of the cluster, and the rules that it can be judged by alone.

use crate::address::Address;
use crate::document::Named;
use crate::fault::{Faults, Section, quoted};
use crate::problem::Problem;
use crate::raw::RawNode;
use ct::names::{NodeName, Role};
use ct::node_key::NodeKey;
use std::path::{Path, PathBuf};

/// What belongs into an address field.
const ADDRESS: &str = "host:port, such as \"ct1.example:4101\" or \"127.0.0.1:4101\"";

/// Longest name of a host, in bytes.
const MAX_HOST: usize = 253;

/// A node: a process of one role, or a key that speaks for merge-repair or for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    name: NodeName,
    role: Role,
    host: Option<String>,
    address: Option<Address>,
    admin: Option<Address>,
    public: Option<Address>,
    key: NodeKey,
    tls: Option<TlsFiles>,
    report_command: Option<String>,
}

/// Files for TLS towards the public. They exist on the frontend's own machine only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// PEM certificate chain.
    pub certificate: PathBuf,
    /// PEM private key.
    pub key: PathBuf,
}

impl Node {
    /// Unique in the cluster.
    pub const fn name(&self) -> &NodeName {
        &self.name
    }
    /// What it is for.
    pub const fn role(&self) -> Role {
        self.role
    }
    /// The machine. Always there for a node that has an address.
    pub fn host(&self) -> Option<&str> {
        self.host.as_deref()
    }
    /// Where it listens for other nodes. Always there for frontend, storage, signer and merge, never for operator.
    pub const fn address(&self) -> Option<&Address> {
        self.address.as_ref()
    }
    /// Where it answers `/metrics`, `/healthz` and `/readyz`, if anywhere.
    pub const fn admin(&self) -> Option<&Address> {
        self.admin.as_ref()
    }
    /// Where it answers the public. Always there for frontends, never for others.
    pub const fn public(&self) -> Option<&Address> {
        self.public.as_ref()
    }
    /// What it is recognised by. No other node has it.
    pub const fn key(&self) -> NodeKey {
        self.key
    }
    /// Files for TLS on the public address; plain HTTP without.
    pub const fn tls(&self) -> Option<&TlsFiles> {
        self.tls.as_ref()
    }
    /// What merge-repair runs when there is a report.
    pub fn report_command(&self) -> Option<&str> {
        self.report_command.as_deref()
    }
    /// The addresses that it has, with the names of their fields.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = (&'static str, &Address)> {
        [("address", &self.address), ("admin", &self.admin), ("public", &self.public)]
            .into_iter()
            .filter_map(|(field, address)| Some((field, address.as_ref()?)))
    }
}

/// Whether a node of this role is called by others.
pub(crate) const fn listens(role: Role) -> bool {
    matches!(role, Role::Frontend | Role::Storage | Role::Signer | Role::Merge)
}

/// Reads one node; the faults say why there is none.
pub(crate) fn check(named: &Named<RawNode>, base: &Path, faults: &mut Faults) -> Option<Node> {
    let raw = &named.raw;
    let mut section = faults.section(named.section.as_str());
    let name = section
        .required("name", raw.name.as_deref(), "a name")
        .and_then(|text| section.parse("name", text, "1 to 63 of a-z, 0-9 and inner hyphens"));
    let role = section.required("role", raw.role.as_deref(), "a role").and_then(|text| {
        section.parse("role", text, "one of frontend, storage, signer, merge, merge-repair, operator")
    });
    let key = section
        .required("key", raw.key.as_deref(), "64 hexadecimal digits, as init prints them")
        .and_then(|text| node_key(&mut section, text));
    let role: Role = role?;

    let address = address(&mut section, "address", raw.address.as_deref());
    let admin = self::address(&mut section, "admin", raw.admin.as_deref());
    let public = self::address(&mut section, "public", raw.public.as_deref());
    if address.as_ref().is_some_and(Address::is_unspecified) {
        let detail = "nobody can be called there".to_owned();
        let value = raw.address.as_ref().map(quoted);
        section.fault(
            "address",
            value,
            Problem::Malformed { detail, expected: "the address of one machine" },
        );
    }
    fields_of_role(&mut section, raw, role);
    let tls = tls_files(&mut section, raw, base);
    let host = host(&mut section, raw).or_else(|| address.as_ref().map(Address::host));
    Some(Node {
        name: name?,
        role,
        host,
        address,
        admin,
        public,
        key: key?,
        tls,
        report_command: raw.report_command.clone(),
    })
}

/// Says which fields a role needs and which it cannot have.
fn fields_of_role(section: &mut Section<'_>, raw: &RawNode, role: Role) {
    if listens(role) {
        section.required("address", raw.address.as_deref(), ADDRESS);
    }
    if role == Role::Frontend {
        section.required("public", raw.public.as_deref(), ADDRESS);
    }
    let person = role == Role::Operator;
    let frontend = role == Role::Frontend;
    let fields = [
        ("address", &raw.address, !person),
        ("admin", &raw.admin, !person),
        ("public", &raw.public, frontend),
        ("tls_certificate", &raw.tls_certificate, frontend),
        ("tls_key", &raw.tls_key, frontend),
        ("report_command", &raw.report_command, role == Role::MergeRepair),
    ];
    for (field, value, allowed) in fields {
        if let (Some(value), false) = (value, allowed) {
            section.fault(field, Some(quoted(value)), Problem::NotForRole { role });
        }
    }
}

fn address(section: &mut Section<'_>, field: &str, text: Option<&str>) -> Option<Address> {
    section.parse(field, text?, ADDRESS)
}

fn host(section: &mut Section<'_>, raw: &RawNode) -> Option<String> {
    let host = raw.host.as_deref()?;
    let visible = |c: char| !c.is_whitespace() && !c.is_control();
    if host.is_empty() || host.len() > MAX_HOST || !host.chars().all(visible) {
        let detail = "not a name of a machine".to_owned();
        let expected = "1 to 253 visible characters";
        section.fault("host", Some(quoted(host)), Problem::Malformed { detail, expected });
        return None;
    }
    Some(host.to_ascii_lowercase())
}

fn tls_files(section: &mut Section<'_>, raw: &RawNode, base: &Path) -> Option<TlsFiles> {
    match (&raw.tls_certificate, &raw.tls_key) {
        (Some(certificate), Some(key)) => {
            Some(TlsFiles { certificate: base.join(certificate), key: base.join(key) })
        }
        (Some(certificate), None) => {
            let problem = Problem::OnlyOneOf { other: "tls_key" };
            section.fault("tls_certificate", Some(quoted(certificate)), problem);
            None
        }
        (None, Some(key)) => {
            section.fault("tls_key", Some(quoted(key)), Problem::OnlyOneOf { other: "tls_certificate" });
            None
        }
        (None, None) => None,
    }
}

/// A node key is a point of the curve, and not one under which anything verifies.
fn node_key(section: &mut Section<'_>, text: &str) -> Option<NodeKey> {
    let key: NodeKey = section.parse("key", text, "64 hexadecimal digits, as init prints them")?;
    let usable = ed25519_dalek::VerifyingKey::from_bytes(key.as_bytes()).is_ok_and(|point| !point.is_weak());
    if !usable {
        let detail = "not an Ed25519 public key".to_owned();
        let expected = "64 hexadecimal digits, as init prints them";
        section.fault("key", Some(quoted(text)), Problem::Malformed { detail, expected });
        return None;
    }
    Some(key)
}
