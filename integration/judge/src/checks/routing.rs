//! Check 18: methods and paths.

use crate::api::{Submit, expect_status};
use crate::error::Result;
use crate::session::Session;

/// Check 18.
pub(super) fn methods_and_paths(session: &Session) -> Result<()> {
    let http = &session.api.http;
    for endpoint in Submit::BOTH {
        session.api.get_expecting(endpoint.path(), &[405])?;
    }
    for name in ["get-sth", "get-entries?start=0&end=0", "get-roots"] {
        let path = format!("/ct/v1/{name}");
        expect_status(&format!("POST {path}"), &[405], &http.post(&path, b"{}")?)?;
    }
    for path in ["/ct/v1/get-nothing", "/ct/v1/", "/ct/v2/get-sth", "/ct/v1/get-sth/more"] {
        session.api.get_expecting(path, &[404])?;
    }
    let elsewhere = "/no-log-has-this-prefix/ct/v1/get-sth";
    expect_status(&format!("GET {elsewhere}"), &[404], &http.get_from_root(elsewhere)?)
}
