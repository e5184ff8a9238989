//! `--web-tls files`: a certificate from two files, which are reloaded when they change.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::TlsError;
use super::certificate::{Certificate, unix_s};
use super::certificates::Certificates;

/// The interval at which the files are read.
const RELOAD: Duration = Duration::from_secs(2);

pub(crate) struct Files {
    certificate: PathBuf,
    key: PathBuf,
    domains: Vec<String>,
    certificates: Arc<Certificates>,
    /// The contents that are served.
    served: Contents,
}

/// The bytes of both files.
#[derive(PartialEq, Eq)]
struct Contents {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl Files {
    /// Reads the files for the first time. Fails if they cannot be served.
    pub(crate) fn load(
        certificate: PathBuf,
        key: PathBuf,
        domains: Vec<String>,
        certificates: Arc<Certificates>,
    ) -> Result<Self, TlsError> {
        let served = read(&certificate, &key)?;
        let files = Self { certificate, key, domains, certificates, served };
        files.certificates.serve(files.parse(&files.served)?);
        Ok(files)
    }

    fn parse(&self, contents: &Contents) -> Result<Certificate, TlsError> {
        let Self { certificate, key, domains, .. } = self;
        Certificate::parse(&contents.certificate, &contents.key, domains, unix_s())
            .map_err(|cause| TlsError::Files { certificate: certificate.clone(), key: key.clone(), cause })
    }

    /// Reads the files every `RELOAD`, and serves new contents.
    pub(crate) async fn keep(mut self) {
        let mut last_failure = None;
        loop {
            tokio::time::sleep(RELOAD).await;
            let (certificate, key) = (self.certificate.clone(), self.key.clone());
            // A read from a network file system can block.
            let Ok(contents) = tokio::task::spawn_blocking(move || read(&certificate, &key)).await else {
                continue;
            };
            let failure = self.update(contents).err().map(|error| error.to_string());
            if failure != last_failure {
                match &failure {
                    Some(failure) => tracing::error!("the old certificate stays in use: {failure}"),
                    None => tracing::info!("the certificate files are usable again"),
                }
            }
            last_failure = failure;
        }
    }

    fn update(&mut self, contents: Result<Contents, TlsError>) -> Result<(), TlsError> {
        let updated = contents.and_then(|contents| {
            if contents != self.served {
                self.certificates.serve(self.parse(&contents)?);
                self.served = contents;
                tracing::info!("a new certificate is in use");
            }
            Ok(())
        });
        match &updated {
            Ok(()) => self.certificates.succeed(),
            Err(error) => self.certificates.fail(format!("the old certificate stays in use: {error}")),
        }
        updated
    }
}

fn read(certificate: &std::path::Path, key: &std::path::Path) -> Result<Contents, TlsError> {
    let read = |path: &std::path::Path| {
        disk::read(path).map_err(|cause| TlsError::Read { path: path.to_owned(), cause })
    };
    Ok(Contents { certificate: read(certificate)?, key: read(key)? })
}

#[cfg(test)]
mod tests {
    use super::super::certificate::tests::signed;
    use super::*;

    #[test]
    fn new_files_are_served_and_bad_ones_replace_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let (certificate, key) = (folder.path().join("web.pem"), folder.path().join("web.key"));
        let now_s = unix_s();
        let write = |(chain, secret): (String, String)| {
            disk::replace_file(&certificate, chain.as_bytes(), disk::Access::Everyone).expect("written");
            disk::replace_file(&key, secret.as_bytes(), disk::Access::Owner).expect("written");
        };
        write(signed("chat.example", now_s, now_s + 1_000));
        let certificates = Arc::new(Certificates::new());
        let domains = vec!["chat.example".to_owned()];
        let mut files = Files::load(certificate.clone(), key.clone(), domains, Arc::clone(&certificates))
            .expect("usable");
        let end = || certificates.served().expect("a certificate").validity.not_after_s;
        write(signed("chat.example", now_s, now_s + 2_000));
        files.update(read(&certificate, &key)).expect("usable");
        assert_eq!(end(), now_s + 2_000);
        for bad in [signed("x.example", now_s, now_s + 3_000), ("nothing".to_owned(), "nothing".to_owned())] {
            write(bad);
            assert!(files.update(read(&certificate, &key)).is_err());
            assert_eq!((end(), certificates.problems(now_s).len()), (now_s + 2_000, 1));
        }
        let write_again = |(chain, secret): &(String, String)| write((chain.clone(), secret.clone()));
        let good = signed("chat.example", now_s, now_s + 2_500);
        write_again(&good);
        files.update(read(&certificate, &key)).expect("usable");
        write(signed("x.example", now_s, now_s + 3_000));
        assert!(files.update(read(&certificate, &key)).is_err());
        write_again(&good);
        files.update(read(&certificate, &key)).expect("the served files again");
        assert_eq!((end(), certificates.problems(now_s)), (now_s + 2_500, vec![]));
        disk::remove(&key).expect("removed");
        assert!(files.update(read(&certificate, &key)).is_err());
        assert!(certificates.problems(now_s).first().expect("a problem").contains("cannot read"));
        write(signed("chat.example", now_s, now_s + 4_000));
        files.update(read(&certificate, &key)).expect("usable");
        assert_eq!((end(), certificates.problems(now_s)), (now_s + 4_000, vec![]));
    }
}
