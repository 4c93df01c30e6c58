//! What the log accepts, and what it stores of it.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use judge::cert::{
    ParsedCertificate, PoisonState, SignatureAlgorithm, oids, poison_state, precert_tbs, tbs_without,
};
use judge::merkle::sha256;
use judge::tls::{self, SignedEntry};
use serde_json::Value;

use super::{Teller, no};
use crate::endpoint::Endpoint;
use crate::http::Answer;
use crate::lie::Lie;
use crate::log::Accepted;

type Verdict<T> = Result<T, Answer>;

pub(super) fn accept(teller: &Teller<'_>, endpoint: Endpoint, body: &[u8]) -> Verdict<Accepted> {
    let submitted = decode(teller.lie, body)?;
    let length = submitted.len();
    let chain = complete(teller, submitted).map_err(|answer| match teller.lie {
        Lie::PolicyErrorIs500 => Answer { status: 500, ..answer },
        _ => answer,
    })?;
    if teller.lie == Lie::RootlessRefused && chain.len() > length {
        return no("root missing");
    }
    let parsed = parse_all(&chain)?;
    check_leaf(teller, &parsed)?;
    match (poison(teller.lie, &parsed[0])?, endpoint) {
        (false, Endpoint::AddChain) => {}
        (true, Endpoint::AddPreChain) => return precert(teller.lie, &chain, &parsed),
        _ if teller.lie == Lie::MixUpAccepted => {}
        _ if teller.lie == Lie::RefusedButLogged => teller.log.log_refused(certificate(teller.lie, &chain)),
        _ => return no("certificate and precertificate mixed up"),
    }
    if teller.lie == Lie::RefusedButLogged && endpoint == Endpoint::AddPreChain {
        return no("certificate and precertificate mixed up");
    }
    if teller.lie == Lie::RefusedButLogged && poison_state(&parsed[0]) != PoisonState::Absent {
        return no("certificate and precertificate mixed up");
    }
    Ok(certificate(teller.lie, &chain))
}

fn decode(lie: Lie, body: &[u8]) -> Verdict<Vec<Vec<u8>>> {
    let value: Value = match serde_json::from_slice(body) {
        Ok(value) => value,
        Err(error) if lie == Lie::DeepJsonIs500 && error.to_string().contains("recursion") => {
            return Err(Answer::refused(500, "stack"));
        }
        Err(_) if lie == Lie::JunkIs500 => return Err(Answer::refused(500, "cannot read that")),
        Err(_) if lie == Lie::JunkRefusedSilently => return Err(Answer::refused(400, "")),
        Err(_) => return no("not JSON"),
    };
    let Some(list) = value.get("chain").and_then(Value::as_array).filter(|list| !list.is_empty()) else {
        return no("cert chain was empty");
    };
    let mut chain = Vec::new();
    for text in list.iter().map(|value| value.as_str().unwrap_or_default()) {
        let decoded = STANDARD.decode(text).or_else(|error| match lie {
            Lie::UrlSafeAccepted => URL_SAFE.decode(text),
            _ => Err(error),
        });
        match decoded {
            Ok(certificate) => chain.push(certificate),
            Err(_) => return no("not base64"),
        }
    }
    if lie == Lie::TrailingBytesAccepted {
        chain.iter_mut().for_each(trim);
    }
    Ok(chain)
}

/// Cuts what follows the first DER element.
fn trim(certificate: &mut Vec<u8>) {
    if let Ok(element) = judge::der::Reader::new(certificate).any("certificate") {
        let length = element.raw.len();
        certificate.truncate(length);
    }
}

fn parse_all(chain: &[Vec<u8>]) -> Verdict<Vec<ParsedCertificate<'_>>> {
    chain.iter().map(|der| ParsedCertificate::parse(der).or_else(|_| no("not a certificate"))).collect()
}

/// Checks the chain as submitted and adds the root if it was left out.
fn complete(teller: &Teller<'_>, mut chain: Vec<Vec<u8>>) -> Verdict<Vec<Vec<u8>>> {
    let lie = teller.lie;
    parse_all(&chain)?;
    if lie == Lie::ShuffleRepaired {
        repair(&mut chain);
    }
    let duplicate = (1..chain.len()).any(|at| chain[..at].contains(&chain[at]));
    if duplicate && lie != Lie::DuplicateCertificateAccepted {
        return no("certificate twice in the chain");
    }
    if lie == Lie::ExtraCertificateIgnored {
        let end = 1 + chain.iter().position(|der| teller.log.roots.contains(der)).unwrap_or(chain.len() - 1);
        chain.truncate(end);
    }
    let parsed = parse_all(&chain)?;
    for pair in parsed.windows(2) {
        link(lie, &pair[0], &pair[1])?;
    }
    // There is at least one certificate: decode() refuses the empty chain.
    let last = &parsed[parsed.len() - 1];
    if teller.log.roots.contains(&chain[chain.len() - 1]) {
        return Ok(chain);
    }
    let root = teller
        .log
        .roots
        .iter()
        .find(|root| ParsedCertificate::parse(root).is_ok_and(|root| link(lie, last, &root).is_ok()));
    match root {
        Some(root) => chain.push(root.clone()),
        None if lie == Lie::UnknownRootAccepted && chain.len() > 1 => {}
        None if lie == Lie::LeafAloneAccepted && chain.len() == 1 => {}
        None => return no("no path to an accepted root"),
    }
    Ok(chain)
}

/// Puts each certificate's issuer behind it, as a log must not.
fn repair(chain: &mut [Vec<u8>]) {
    let depth = |der: &Vec<u8>| {
        let Ok(certificate) = ParsedCertificate::parse(der) else { return 0 };
        match certificate.tbs.extension(oids::BASIC_CONSTRAINTS) {
            None => 0,
            Some(_) if certificate.tbs.issuer == certificate.tbs.subject => 2,
            Some(_) => 1,
        }
    };
    chain.sort_by_key(depth);
}

fn link(lie: Lie, issued: &ParsedCertificate<'_>, issuer: &ParsedCertificate<'_>) -> Verdict<()> {
    if issued.tbs.issuer != issuer.tbs.subject {
        return no("issuer name does not match");
    }
    let sha1 = SignatureAlgorithm::RsaSha1.identifier();
    if lie == Lie::Sha1Refused && issued.signature_algorithm == sha1 {
        return no("SHA-1 is weak");
    }
    if lie == Lie::NameConstraintsEnforced && issuer.tbs.extension(oids::NAME_CONSTRAINTS).is_some() {
        return no("name constraint violated");
    }
    if issued.verify_signed_by(issuer).is_err() && lie != Lie::SignatureUnchecked {
        return no("signature does not verify");
    }
    Ok(())
}

fn check_leaf(teller: &Teller<'_>, parsed: &[ParsedCertificate<'_>]) -> Verdict<()> {
    let Ok(not_after) = parsed[0].not_after() else { return no("no notAfter") };
    if teller.lie == Lie::ExpiredRefused && not_after < teller.log.clock.now() as i64 / 1000 {
        return no("expired");
    }
    if teller.lie == Lie::CriticalExtensionRefused && parsed[0].tbs.extension(oids::UNHEARD_OF).is_some() {
        return no("unknown critical extension");
    }
    let Some(window) = teller.log.window().filter(|_| teller.lie != Lie::WindowIgnored) else {
        return Ok(());
    };
    let inside = match teller.lie {
        Lie::WindowStartExclusive => window.contains(not_after) && not_after != window.start_inclusive,
        Lie::WindowEndADayEarly => window.contains(not_after + 86_400),
        Lie::WindowEndInclusive => window.contains(not_after) || not_after == window.end_exclusive,
        _ => window.contains(not_after),
    };
    if inside { Ok(()) } else { no("notAfter outside the window") }
}

/// Whether the leaf counts as a precertificate.
fn poison(lie: Lie, leaf: &ParsedCertificate<'_>) -> Verdict<bool> {
    let mut poisons = leaf.tbs.extensions.iter().filter(|extension| extension.oid == oids::POISON);
    let (first, more) = (poisons.next(), poisons.next().is_some());
    let tolerated = first.is_some_and(|poison| match lie {
        Lie::PoisonNotCriticalAccepted => !poison.critical,
        Lie::PoisonValueIgnored => poison.critical && !more,
        Lie::TwoPoisonsAccepted => more,
        _ => false,
    });
    match poison_state(leaf) {
        PoisonState::Absent => Ok(false),
        PoisonState::Proper => Ok(true),
        // Taking it for a final certificate spares the log the surgery; accepting at all is the lie.
        PoisonState::Malformed if tolerated => Ok(false),
        PoisonState::Malformed => no("malformed poison"),
    }
}

fn certificate(lie: Lie, chain: &[Vec<u8>]) -> Accepted {
    let end = if lie == Lie::StoredWithoutRoot { chain.len() - 1 } else { chain.len() };
    Accepted {
        entry: SignedEntry::X509(chain[0].clone()),
        extra_data: tls::x509_extra_data(chain.get(1..end).unwrap_or_default()),
    }
}

fn precert(lie: Lie, chain: &[Vec<u8>], parsed: &[ParsedCertificate<'_>]) -> Verdict<Accepted> {
    let Some(signer) = parsed.get(1) else { return no("no issuer for the precertificate") };
    let by_signer = signer.signs_precertificates();
    let issuer = if by_signer { parsed.get(2) } else { Some(signer) };
    let Some(issuer) = issuer else { return no("no issuer for the precertificate signing certificate") };
    if by_signer && lie == Lie::PrecertSignerRefused {
        return no("precertificate signing certificates are out of fashion");
    }
    let hashed = match lie {
        Lie::KeyHashOfLeaf => parsed[0].tbs.spki,
        Lie::PrecertSignerKeyHash => signer.tbs.spki,
        _ => issuer.tbs.spki,
    };
    let tbs = match lie {
        Lie::PoisonLeftInTbs => parsed[0].tbs_raw.to_vec(),
        Lie::PrecertSignerNotRewritten => tbs_without(&parsed[0], oids::POISON),
        _ => precert_tbs(&parsed[0], signer).or_else(|_| no("precertificate"))?,
    };
    Ok(Accepted {
        entry: SignedEntry::Precert { issuer_key_hash: sha256(hashed), tbs },
        extra_data: match lie {
            Lie::ExtraDataWithoutPrecert => tls::x509_extra_data(&chain[1..]),
            _ => tls::precert_extra_data(&chain[0], &chain[1..]),
        },
    })
}
