//! TLS between nodes (docs/protocol.md, N1): version 1.3, both sides show a certificate, and a peer is the Ed25519 key
//! in it. Names, dates and issuers in the certificate are ignored. That the peer *has* the key is shown by its signature
//! over the handshake, which rustls checks here in both directions; the pin alone would prove nothing, since anyone can
//! send a certificate that it has seen.

use crate::credentials::{CertificateFault, CredentialsError, NodeCredentials, certificate_key};
use crate::peers::Peers;
use ct::node_key::NodeKey;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ClientConfig, Resumption};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, ring, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{NoServerSessionStorage, ServerConfig};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, OtherError, PeerMisbehaved,
    SignatureScheme,
};
use std::io;
use std::sync::Arc;

const ALPN: &[u8] = b"http/1.1";

/// The name that a client puts where rustls wants one; it is neither sent nor compared.
pub(crate) const SERVER_NAME: &str = "node.invalid";

/// Why no TLS configuration could be made; the fault is in the node's own files.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TlsError {
    /// The certificate.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// rustls refuses key, certificate or algorithms.
    #[error("cannot set up TLS: {0}")]
    Rustls(#[from] Error),
}

/// Why a peer was turned away in the handshake.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum PinError {
    #[error(transparent)]
    Certificate(#[from] CertificateFault),
    #[error("key {found} is not one of a peer")]
    Unknown { found: NodeKey },
    #[error("expected the peer with key {expected}, found {found}")]
    Other { expected: NodeKey, found: NodeKey },
}

impl From<PinError> for Error {
    fn from(error: PinError) -> Self {
        Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(error))))
    }
}

/// For a node's internal server: takes callers whose key is pinned in `peers`.
pub fn server_config(own: &NodeCredentials, peers: Arc<Peers>) -> Result<Arc<ServerConfig>, TlsError> {
    let provider = provider();
    let possession = Possession(provider.signature_verification_algorithms);
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_client_cert_verifier(Arc::new(PinnedCallers { peers, possession }))
        .with_single_cert(vec![own.certificate()?], own.tls_key())?;
    config.alpn_protocols = vec![ALPN.to_vec()];
    // A resumed session would be trusted for what an earlier handshake proved.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(Arc::new(config))
}

/// For calls to the one peer whose key is `expected`.
pub fn client_config(own: &NodeCredentials, expected: NodeKey) -> Result<Arc<ClientConfig>, TlsError> {
    let provider = provider();
    let possession = Possession(provider.signature_verification_algorithms);
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(PinnedServer { expected, possession }))
        .with_client_auth_cert(vec![own.certificate()?], own.tls_key())?;
    config.alpn_protocols = vec![ALPN.to_vec()];
    config.resumption = Resumption::disabled();
    config.enable_sni = false;
    Ok(Arc::new(config))
}

/// The key of a peer whose handshake is complete.
pub fn peer_key(certificates: Option<&[CertificateDer<'_>]>) -> Result<NodeKey, CertificateFault> {
    certificate_key(certificates.and_then(<[_]>::first).ok_or(CertificateFault::Missing)?)
}

/// What TLS has to say in a chain of errors, if it is in there.
pub(crate) fn tls_reason(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(reason) = error.downcast_ref::<Error>() {
            return Some(match reason {
                Error::InvalidCertificate(CertificateError::Other(reason)) => reason.0.to_string(),
                other => other.to_string(),
            });
        }
        // An io::Error names as its source what is behind the error that it holds.
        let held = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = match held {
            Some(held) => Some(held),
            None => error.source(),
        };
    }
    None
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// Checks that a peer has the key in its certificate: Ed25519, TLS 1.3, nothing else.
#[derive(Debug)]
struct Possession(WebPkiSupportedAlgorithms);

impl Possession {
    fn check(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if signed.scheme != SignatureScheme::ED25519 {
            return Err(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme.into());
        }
        verify_tls13_signature(message, certificate, signed, &self.0)
    }
    fn schemes() -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }
    fn no_tls12() -> Error {
        Error::General("nodes speak TLS 1.3 only".to_owned())
    }
}

/// The callers that a server takes.
#[derive(Debug)]
struct PinnedCallers {
    peers: Arc<Peers>,
    possession: Possession,
}

impl ClientCertVerifier for PinnedCallers {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }
    fn offer_client_auth(&self) -> bool {
        true
    }
    fn client_auth_mandatory(&self) -> bool {
        true
    }
    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let found = certificate_key(end_entity).map_err(PinError::from)?;
        match self.peers.with_key(&found) {
            Some(_) => Ok(ClientCertVerified::assertion()),
            None => Err(PinError::Unknown { found }.into()),
        }
    }
    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Possession::no_tls12())
    }
    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.possession.check(message, cert, signed)
    }
    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        Possession::schemes()
    }
}

/// The one server that a client takes.
#[derive(Debug)]
struct PinnedServer {
    expected: NodeKey,
    possession: Possession,
}

impl ServerCertVerifier for PinnedServer {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let found = certificate_key(end_entity).map_err(PinError::from)?;
        if found != self.expected {
            return Err(PinError::Other { expected: self.expected, found }.into());
        }
        Ok(ServerCertVerified::assertion())
    }
    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Possession::no_tls12())
    }
    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.possession.check(message, cert, signed)
    }
    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        Possession::schemes()
    }
}
