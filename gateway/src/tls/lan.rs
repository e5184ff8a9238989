//! `papo web-ca`: a certificate authority for a local network, and the node's certificate that it signs.
//!
//! The authority can sign only for the names that it was created with (name constraints, RFC 5280 4.2.1.10).
//! So a thief of its key cannot impersonate other sites, even in browsers that trust the authority.

use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use common::hex::to_hex;
use disk::Access;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CidrSubnet, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints,
    date_time_ymd,
};
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use sha2::{Digest as _, Sha256};

use super::provider;

const DAY_S: u64 = 86_400;

/// The lifetime of the authority, and of a certificate. Apple's systems accept at most 825 days.
const AUTHORITY_S: u64 = 3_650 * DAY_S;
const CERTIFICATE_S: u64 = 800 * DAY_S;

/// Certificates are valid from a day before their creation, because the clocks of other machines can be
/// behind.
const BACKDATING_S: u64 = DAY_S;

#[derive(Debug, thiserror::Error)]
pub enum LanError {
    #[error("cannot {action} {}: {cause}", path.display())]
    Io { action: &'static str, path: PathBuf, cause: io::Error },
    #[error("{0:?} is not a name or an IP address: write for example chat.lan or 192.0.2.10")]
    BadName(String),
    #[error("{} is not a key: delete the folder {}, and run the command again", .0.display(), .1.display())]
    BadKey(PathBuf, PathBuf),
    #[error(
        "the authority in {} cannot sign for {name}: {cause}. To create a new authority, which every device must \
         trust again, delete the folder", folder.display()
    )]
    OtherNames { folder: PathBuf, name: String, cause: rustls::Error },
    #[error("cannot create a certificate: {0}")]
    Rcgen(#[from] rcgen::Error),
    #[error("cannot check the certificate: {0}")]
    Verifier(String),
}

/// The files of a local network.
#[derive(Debug)]
pub struct Lan {
    /// The certificate of the authority, which devices must trust.
    pub authority: PathBuf,
    pub certificate: PathBuf,
    pub key: PathBuf,
    /// The SHA-256 of the authority's certificate, as browsers show it.
    pub fingerprint: String,
    /// Whether the authority is new.
    pub is_new: bool,
}

/// Creates a certificate for `names` in `folder`, and the authority that signs it if there is none.
pub fn create(folder: &Path, names: &[String], now_s: u64) -> Result<Lan, LanError> {
    for name in names {
        if ServerName::try_from(&**name).is_err() {
            return Err(LanError::BadName(name.clone()));
        }
    }
    let failed = |action, path: &Path| {
        let path = path.to_owned();
        move |cause| LanError::Io { action, path, cause }
    };
    disk::make_folder(folder).map_err(failed("create", folder))?;
    let [authority, authority_key, certificate, key] =
        ["ca.pem", "ca.key", "web.pem", "web.key"].map(|name| folder.join(name));
    let is_new = !disk::exists(&authority);
    let signing_key = if is_new { KeyPair::generate()? } else { load_key(&authority_key, folder)? };
    let params = authority_params(&signing_key, names, now_s)?;
    if is_new {
        let own = params.self_signed(&signing_key)?;
        // Writes the certificate after its key, so an interrupted command can be repeated.
        write(&authority_key, &signing_key.serialize_pem(), Access::Owner)?;
        write(&authority, &own.pem(), Access::Everyone)?;
    }
    let root = disk::read(&authority).map_err(failed("read", &authority))?;
    let root = CertificateDer::from_pem_slice(&root)
        .map_err(|_| LanError::BadKey(authority.clone(), folder.to_owned()))?;
    let web_key = KeyPair::generate()?;
    let signed = web_params(names, now_s)?.signed_by(&web_key, &Issuer::new(params, signing_key))?;
    check(folder, &root, &signed, names)?;
    write(&certificate, &signed.pem(), Access::Everyone)?;
    write(&key, &web_key.serialize_pem(), Access::Owner)?;
    Ok(Lan { authority, certificate, key, fingerprint: fingerprint(&root), is_new })
}

fn load_key(path: &Path, folder: &Path) -> Result<KeyPair, LanError> {
    let text = disk::read_text(path).map_err(|cause| LanError::Io {
        action: "read",
        path: path.to_owned(),
        cause,
    })?;
    KeyPair::from_pem(&text).map_err(|_| LanError::BadKey(path.to_owned(), folder.to_owned()))
}

fn write(path: &Path, text: &str, access: Access) -> Result<(), LanError> {
    disk::replace_file(path, text.as_bytes(), access).map_err(|cause| LanError::Io {
        action: "write",
        path: path.to_owned(),
        cause,
    })
}

fn authority_params(key: &KeyPair, names: &[String], now_s: u64) -> Result<CertificateParams, LanError> {
    let mut params = valid(CertificateParams::default(), now_s, AUTHORITY_S);
    // The name is derived from the key, so two authorities of one network have different names.
    let number = to_hex(Sha256::digest(key.public_key_raw()).get(..4).unwrap_or_default());
    params.distinguished_name = named(&format!("papo {number}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let subtree = |name: &String| match name.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => {
            GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix(address.octets(), 32))
        }
        Ok(IpAddr::V6(address)) => {
            GeneralSubtree::IpAddress(CidrSubnet::from_v6_prefix(address.octets(), 128))
        }
        Err(_) => GeneralSubtree::DnsName(name.clone()),
    };
    let mut permitted: Vec<_> = names.iter().map(subtree).collect();
    // Without a permitted name of a kind, all names of that kind would be permitted.
    let has = |wanted: fn(&GeneralSubtree) -> bool| permitted.iter().any(wanted);
    let (has_address, has_name) = (
        has(|subtree| matches!(subtree, GeneralSubtree::IpAddress(_))),
        has(|subtree| matches!(subtree, GeneralSubtree::DnsName(_))),
    );
    if !has_address {
        permitted.push(GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix([127, 0, 0, 1], 32)));
    }
    if !has_name {
        permitted.push(GeneralSubtree::DnsName("localhost".to_owned()));
    }
    params.name_constraints =
        Some(NameConstraints { permitted_subtrees: permitted, excluded_subtrees: Vec::new() });
    Ok(params)
}

fn web_params(names: &[String], now_s: u64) -> Result<CertificateParams, LanError> {
    let mut params = valid(CertificateParams::new(names.to_vec())?, now_s, CERTIFICATE_S);
    // OpenSSL reads a common name with dots as a host name, which the name constraints would then have to
    // permit.
    params.distinguished_name = named("papo");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

fn valid(mut params: CertificateParams, now_s: u64, life_s: u64) -> CertificateParams {
    let at = |unix_s| date_time_ymd(1970, 1, 1) + std::time::Duration::from_secs(unix_s);
    params.not_before = at(now_s.saturating_sub(BACKDATING_S));
    params.not_after = at(now_s.saturating_sub(BACKDATING_S) + life_s);
    params
}

fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

/// Checks the new certificate like a browser that trusts the authority.
fn check(
    folder: &Path,
    root: &CertificateDer<'static>,
    signed: &Certificate,
    names: &[String],
) -> Result<(), LanError> {
    let failed = |error: &dyn ToString| LanError::Verifier(error.to_string());
    let mut roots = RootCertStore::empty();
    roots.add(root.clone()).map_err(|error| failed(&error))?;
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider())
        .build()
        .map_err(|error| failed(&error))?;
    for name in names {
        let server = ServerName::try_from(&**name).map_err(|_| LanError::BadName(name.clone()))?;
        verifier
            .verify_server_cert(signed.der(), &[], &server, &[], UnixTime::now())
            .map_err(|cause| LanError::OtherNames { folder: folder.to_owned(), name: name.clone(), cause })?;
    }
    Ok(())
}

fn fingerprint(certificate: &CertificateDer<'_>) -> String {
    let digest = Sha256::digest(certificate);
    digest.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
}

#[cfg(test)]
mod tests {
    use x509_cert::der::Decode as _;

    use super::super::certificate::{Certificate, unix_s};
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn an_authority_signs_again_for_its_names_and_for_no_others() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path().join("web");
        let both = names(&["chat.lan", "192.0.2.10", "::1"]);
        let first = create(&folder, &both, unix_s()).expect("created");
        let second = create(&folder, &both, unix_s()).expect("created");
        assert_eq!((first.is_new, second.is_new), (true, false));
        assert_eq!(first.fingerprint, second.fingerprint);
        let read = |path| disk::read(path).expect("a file");
        let parsed = Certificate::parse(&read(&second.certificate), &read(&second.key), &both, unix_s());
        let parsed = parsed.expect("usable");
        assert_eq!(parsed.validity.lifetime_s(), CERTIFICATE_S);
        let leaf = parsed.key.cert.first().expect("a certificate");
        let leaf = x509_cert::Certificate::from_der(leaf).expect("a certificate");
        assert_eq!(leaf.tbs_certificate.subject.to_string(), "CN=papo");
        for other in ["mail.lan", "192.0.2.11"] {
            let error = create(&folder, &names(&[other]), unix_s()).expect_err("a foreign name").to_string();
            assert!(error.contains(&format!("cannot sign for {other}")), "{error}");
        }
        assert!(disk::is_private(&folder.join("ca.key")).expect("a file"));
        assert!(disk::is_private(&second.key).expect("a file"));
    }

    /// Without any permitted address, an authority could sign for all addresses, and the same holds for
    /// names.
    #[test]
    fn an_authority_for_names_only_signs_for_no_address() {
        for (own, other) in [("chat.lan", "192.0.2.10"), ("192.0.2.10", "chat.lan")] {
            let folder = tempfile::tempdir().expect("a folder");
            create(folder.path(), &names(&[own]), unix_s()).expect("created");
            assert!(create(folder.path(), &names(&[other]), unix_s()).is_err(), "{other}");
        }
        let error = create(Path::new("/nonexistent"), &names(&["a b"]), 0).expect_err("no name");
        assert!(matches!(error, LanError::BadName(_)));
    }
}
