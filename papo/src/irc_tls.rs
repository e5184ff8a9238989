//! The flags of TLS for IRC clients.

use std::path::PathBuf;

use anyhow::bail;
use clap::{Args, ValueEnum};
use gateway::{Gateway, LineTls};

/// The address of the front with TLS.
const TLS_ADDRESS: &str = "0.0.0.0:6697";

#[derive(Args)]
pub(crate) struct IrcTlsArgs {
    /// Serve IRC with TLS: with the certificate of --web-tls acme, or with --irc-cert and --irc-key
    #[arg(long, env = "PAPO_IRC_TLS", value_enum, default_value_t = Mode::Off)]
    irc_tls: Mode,
    /// Serve this certificate to IRC clients: a file in PEM with the whole chain, which papo reads again when
    /// it changes
    #[arg(long, env = "PAPO_IRC_CERT", value_name = "FILE")]
    irc_cert: Option<PathBuf>,
    /// The private key of --irc-cert: a file in PEM
    #[arg(long, env = "PAPO_IRC_KEY", value_name = "FILE")]
    irc_key: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Mode {
    Off,
    Acme,
    Files,
}

impl IrcTlsArgs {
    /// The address of the front if --irc is not given; `None` if the front is off.
    pub(crate) fn default_address(&self) -> Option<&'static str> {
        (self.irc_tls != Mode::Off).then_some(TLS_ADDRESS)
    }

    /// The TLS of the front; `None` for plain text. `gateway` is the gateway of the same process.
    pub(crate) fn open(self, gateway: Option<&Gateway>) -> anyhow::Result<Option<irc::Tls>> {
        let tls = match (self.irc_tls, self.irc_cert, self.irc_key) {
            (Mode::Off, None, None) => return Ok(None),
            (Mode::Off, ..) => bail!("--irc-cert and --irc-key need --irc-tls files"),
            (Mode::Files, Some(certificate), Some(key)) => LineTls::from_files(certificate, key)?,
            (Mode::Files, ..) => bail!("--irc-tls files needs both --irc-cert and --irc-key"),
            (Mode::Acme, None, None) => match gateway.map(Gateway::line_tls).transpose()?.flatten() {
                Some(tls) => tls,
                None => bail!(
                    "--irc-tls acme uses the certificate of the gateway: start both with `papo up --web-tls acme`, \
                     or use --irc-tls files"
                ),
            },
            (Mode::Acme, ..) => {
                bail!("--irc-tls acme uses the certificate of --web-tls: omit --irc-cert and --irc-key")
            }
        };
        let acceptor = tls.acceptor();
        let watched = tls.acceptor();
        let accept = move |stream| acceptor.clone().accept(stream);
        Ok(Some(irc::Tls::new(accept, tls.keep(), move || watched.problems())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(clap::Parser)]
    struct Flags {
        #[command(flatten)]
        tls: IrcTlsArgs,
    }

    fn parsed(flags: &[&str]) -> IrcTlsArgs {
        let flags: Flags = clap::Parser::parse_from([&["papo"], flags].concat());
        flags.tls
    }

    #[test]
    fn flags_of_one_mode_are_refused_in_another() {
        let files = ["--irc-cert", "missing.pem", "--irc-key", "missing.key"];
        let refusal = |flags: &[&str]| parsed(flags).open(None).err().map(|error| error.to_string());
        assert_eq!((refusal(&[]), parsed(&[]).default_address()), (None, None));
        for (flags, text) in [
            (&files[..], "need --irc-tls files"),
            (&["--irc-tls", "files", "--irc-cert", "a.pem"], "needs both"),
            (&["--irc-tls", "acme"], "start both with `papo up --web-tls acme`"),
            (&[&["--irc-tls", "acme"][..], &files].concat(), "omit --irc-cert"),
            (&[&["--irc-tls", "files"][..], &files].concat(), "cannot read missing.pem"),
        ] {
            assert!(refusal(flags).is_some_and(|refusal| refusal.contains(text)), "{flags:?}");
        }
        assert_eq!(parsed(&["--irc-tls", "acme"]).default_address(), Some(TLS_ADDRESS));
    }
}
