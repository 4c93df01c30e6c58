//! What the log should have signed for a chain, worked out here and not taken from the log.

use super::Expected;
use crate::{ClientError, Reader};
use ct::entry::SignedEntry;
use ct::x509::roots::Root;
use ct::x509::{Certificate, Endpoint, Poison, Roots, is_precert_signer, poison, precert_tbs, verify_issued};
use tokio::sync::OnceCell;

/// Makes entries of chains. Asks the log for its roots only if a chain leaves one out that matters.
#[derive(Debug)]
pub struct EntryMaker {
    reader: Reader,
    roots: OnceCell<Roots>,
}

impl EntryMaker {
    /// With the roots of that log.
    pub const fn new(reader: Reader) -> Self {
        Self { reader, roots: OnceCell::const_new() }
    }

    /// What is to be signed for this chain.
    pub async fn expect(&self, chain: &[Vec<u8>]) -> Result<Expected, String> {
        let parse = |(at, der): (usize, &Vec<u8>)| {
            Certificate::parse(der.as_slice()).map_err(|error| format!("certificate {}: {error}", at + 1))
        };
        let chain = chain.iter().enumerate().map(parse).collect::<Result<Vec<_>, _>>()?;
        let leaf = chain.first().ok_or("no certificate")?;
        match poison(leaf).map_err(|error| error.to_string())? {
            Poison::None => {
                let entry = SignedEntry::X509 { certificate: leaf.der().to_vec() };
                Ok(Expected { endpoint: Endpoint::AddChain, entry })
            }
            Poison::Good => {
                let entry = self.precert(leaf, &chain[1..]).await?;
                Ok(Expected { endpoint: Endpoint::AddPreChain, entry })
            }
        }
    }

    async fn precert(&self, leaf: &Certificate, issuers: &[Certificate]) -> Result<SignedEntry, String> {
        let signer = self.issuer(leaf, issuers.first()).await?;
        let delegated = is_precert_signer(&signer);
        let issuer = if delegated { self.issuer(&signer, issuers.get(1)).await? } else { signer.clone() };
        let tbs_certificate =
            precert_tbs(leaf, delegated.then_some(&signer)).map_err(|error| error.to_string())?;
        Ok(SignedEntry::Precert { issuer_key_hash: issuer.issuer_key_hash(), tbs_certificate })
    }

    /// The next of the chain, or the root that was left out.
    async fn issuer(&self, of: &Certificate, next: Option<&Certificate>) -> Result<Certificate, String> {
        if let Some(next) = next {
            return Ok(next.clone());
        }
        let roots = self.roots.get_or_try_init(|| self.fetch()).await.map_err(|error| error.to_string())?;
        let issued = |root: &&Root| verify_issued(of, &root.certificate).is_ok();
        let root = roots.named(of.issuer()).find(issued);
        let root = root.ok_or("its issuer is neither in the chain nor among the roots of the log")?;
        Ok(root.certificate.clone())
    }

    async fn fetch(&self) -> Result<Roots, ClientError> {
        let mut roots = Roots::new();
        for der in self.reader.roots().await? {
            // One that cannot be read here can be the issuer of nothing here.
            if let Ok(certificate) = Certificate::parse(der) {
                roots.add(Root { certificate, source: "get-roots".to_owned(), line: 0 });
            }
        }
        Ok(roots)
    }
}
