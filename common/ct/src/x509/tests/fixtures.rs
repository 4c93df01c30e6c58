//! The certificates under testdata/x509, made with OpenSSL.

use crate::x509::{Certificate, Roots, pem};
use std::path::Path;

/// A file of testdata/x509.
pub fn text(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/x509").join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The DER of a fixture.
pub fn der(name: &str) -> Vec<u8> {
    let mut found = pem::certificates(&text(&format!("{name}.pem"))).unwrap();
    assert_eq!(found.len(), 1, "{name}");
    found.swap_remove(0).1
}

/// A fixture, read.
pub fn certificate(name: &str) -> Certificate {
    Certificate::parse(der(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The DER of several fixtures.
pub fn chain(names: &[&str]) -> Vec<Vec<u8>> {
    names.iter().map(|name| der(name)).collect()
}

/// Fixtures as accepted roots.
pub fn roots(names: &[&str]) -> Roots {
    let mut roots = Roots::new();
    for name in names {
        roots.add_pem_or_der(name, &der(name)).unwrap();
    }
    roots
}
