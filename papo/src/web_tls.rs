//! The flags of the gateway's TLS, and `papo web-ca`.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use gateway::{AcmeConfig, LETS_ENCRYPT, TlsConfig, lan};
use transport::clock;

use crate::roles::DataArgs;
use crate::security::KeysArgs;

/// The folder of ACME's account and certificate, and that of `papo web-ca`, in the folder of the keys.
const ACME: &str = "acme";
const LAN: &str = "web";

#[derive(Args)]
pub(crate) struct TlsArgs {
    /// Serve HTTPS: with a certificate that an authority such as Let's Encrypt gives and renews, or with the
    /// files --web-cert and --web-key
    #[arg(long, env = "PAPO_WEB_TLS", value_enum, default_value_t = Mode::Off)]
    web_tls: Mode,
    /// Serve this certificate: a file in PEM with the whole chain, which papo reads again when it changes
    #[arg(long, env = "PAPO_WEB_CERT", value_name = "FILE")]
    web_cert: Option<PathBuf>,
    /// The private key of --web-cert: a file in PEM
    #[arg(long, env = "PAPO_WEB_KEY", value_name = "FILE")]
    web_key: Option<PathBuf>,
    /// The name of this node for browsers, such as `chat.example`; the certificate must be for it
    #[arg(long, env = "PAPO_WEB_DOMAIN", value_name = "NAME", value_delimiter = ',')]
    web_domain: Vec<String>,
    /// Give the authority this e-mail address for its warnings
    #[arg(long, env = "PAPO_ACME_CONTACT", value_name = "ADDRESS")]
    acme_contact: Option<String>,
    /// Order certificates from the authority with this ACME directory; you agree to its terms of service
    #[arg(long, env = "PAPO_ACME_DIRECTORY", value_name = "URL", default_value = LETS_ENCRYPT)]
    acme_directory: String,
    /// Trust a private authority: a file in PEM with the certificates that its own HTTPS is checked against
    #[arg(long, env = "PAPO_ACME_ROOT", value_name = "FILE")]
    acme_root: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Mode {
    Off,
    Acme,
    Files,
}

impl TlsArgs {
    pub(crate) fn is_on(&self) -> bool {
        self.web_tls != Mode::Off
    }

    pub(crate) fn is_acme(&self) -> bool {
        self.web_tls == Mode::Acme
    }

    /// The source of the certificate; `None` for plain HTTP. `keys` is the folder of the node's keys.
    pub(crate) fn config(self, keys: &Path) -> anyhow::Result<Option<TlsConfig>> {
        let domains = self.web_domain;
        match (self.web_tls, self.web_cert, self.web_key) {
            (Mode::Off, None, None) => Ok(None),
            (Mode::Off, ..) => bail!("--web-cert and --web-key need --web-tls files"),
            (Mode::Files, Some(certificate), Some(key)) => {
                Ok(Some(TlsConfig::Files { certificate, key, domains }))
            }
            (Mode::Files, ..) => {
                bail!("--web-tls files needs both --web-cert and --web-key; `papo web-ca` creates such files")
            }
            (Mode::Acme, None, None) => Ok(Some(TlsConfig::Acme(AcmeConfig {
                domains,
                contact: self.acme_contact,
                directory: self.acme_directory,
                roots: self.acme_root,
                folder: keys.join(ACME),
            }))),
            (Mode::Acme, ..) => {
                bail!("--web-tls acme orders its own certificate: omit --web-cert and --web-key")
            }
        }
    }
}

#[derive(Args)]
pub(crate) struct WebCa {
    /// The names and IP addresses at which browsers reach the node, such as `chat.lan` and `192.0.2.10`
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
    /// Write the files to this folder [default: `web` in the folder of the keys]
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    keys: KeysArgs,
}

impl WebCa {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let folder = self.folder.unwrap_or_else(|| self.keys.path(&self.data.data).join(LAN));
        let names: Vec<_> = self.names.iter().map(|name| name.to_ascii_lowercase()).collect();
        let lan = lan::create(&folder, &names, clock::unix_ms() / 1_000)?;
        let domains: Vec<_> =
            names.iter().filter(|name| name.parse::<std::net::IpAddr>().is_err()).cloned().collect();
        let domains =
            if domains.is_empty() { String::new() } else { format!(" --web-domain {}", domains.join(",")) };
        let (authority, certificate, key) =
            (lan.authority.display(), lan.certificate.display(), lan.key.display());
        let fingerprint = &lan.fingerprint;
        let first = if lan.is_new { "Created a certificate authority and a" } else { "Created a new" };
        writeln!(
            std::io::stdout(),
            "{first} certificate for {names}. It is valid for two years: then run this command again.\n\
             \n\
             Start the node with it:\n  \
               papo up --web 0.0.0.0:8443 --web-tls files --web-cert {certificate} --web-key {key}{domains}\n\
             \n\
             Every device must trust the authority once. Copy {authority} to it (never ca.key), and compare\n\
             the SHA-256 fingerprint {fingerprint}\n  \
               Debian, Ubuntu  sudo cp ca.pem /usr/local/share/ca-certificates/papo.crt && sudo update-ca-certificates\n  \
               Fedora          sudo trust anchor ca.pem\n  \
               macOS           sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain ca.pem\n  \
               Windows         certutil -addstore -f Root ca.pem    (as administrator)\n  \
               Firefox         Settings, Privacy & Security, Certificates, View Certificates, Authorities, Import\n  \
               Android         Settings, Security, Encryption & credentials, Install a certificate, CA certificate\n  \
               iOS, iPadOS     send ca.pem by mail, install the profile, then Settings, General, About, Certificate\n                  \
                               Trust Settings\n\
             \n\
             The authority can sign only for these names. Keep ca.key secret.",
            names = names.join(", "),
        )
        .context("cannot write to standard output")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(clap::Parser)]
    struct Flags {
        #[command(flatten)]
        tls: TlsArgs,
    }

    fn config(flags: &[&str]) -> anyhow::Result<Option<TlsConfig>> {
        let flags: Flags = clap::Parser::parse_from([&["papo"], flags].concat());
        flags.tls.config(Path::new("keys"))
    }

    #[test]
    fn flags_of_one_mode_are_refused_in_another() {
        assert!(config(&[]).expect("off").is_none());
        let files = ["--web-cert", "a.pem", "--web-key", "a.key"];
        assert!(config(&files).is_err());
        assert!(matches!(
            config(&[&["--web-tls", "files"][..], &files].concat()).expect("files"),
            Some(TlsConfig::Files { .. })
        ));
        assert!(config(&["--web-tls", "files", "--web-cert", "a.pem"]).is_err());
        assert!(config(&[&["--web-tls", "acme"][..], &files].concat()).is_err());
        let acme = config(&["--web-tls", "acme", "--web-domain", "a.example,b.example"]).expect("acme");
        let Some(TlsConfig::Acme(acme)) = acme else { panic!("not ACME") };
        assert_eq!(acme.domains, ["a.example", "b.example"]);
        assert_eq!((acme.folder, &*acme.directory), (PathBuf::from("keys/acme"), LETS_ENCRYPT));
    }
}
