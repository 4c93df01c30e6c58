//! The only URLs the judge needs: `http://authority[/prefix]`.

use crate::error::{JudgeError, Result};

#[derive(Clone, Debug)]
pub(super) struct BaseUrl {
    pub(super) authority: String,
    pub(super) prefix: String,
}

impl BaseUrl {
    pub(super) fn parse(url: &str) -> Result<Self> {
        let rest = url
            .strip_prefix("http://")
            .ok_or_else(|| JudgeError::setup("base URL", "http://host:port[/prefix]", url))?;
        let (authority, prefix) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let authority = match authority.rsplit_once(':') {
            Some((_, port)) if port.parse::<u16>().is_ok() => authority.to_owned(),
            _ => format!("{authority}:80"),
        };
        Ok(Self { authority, prefix: prefix.trim_end_matches('/').to_owned() })
    }
}
