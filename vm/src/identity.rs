//! Who a player is: an Ed25519 key pair and a self-signed certificate that carries the public key.
//!
//! Nobody is trusted for a signature on a certificate: the cluster file lists every peer's public key, and
//! [`crate::net::quic`] accepts these keys alone.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rcgen::{CertificateParams, DnType, KeyPair, PKCS_ED25519};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use x509_parser::oid_registry::OID_SIG_ED25519;
use x509_parser::prelude::{FromDer, X509Certificate};
use zeroize::{Zeroize, Zeroizing};

/// The file of the private key in an identity folder.
pub const KEY_FILE: &str = "key.pem";

/// The file of the certificate in an identity folder.
pub const CERTIFICATE_FILE: &str = "cert.pem";

/// How long a certificate made here is valid.
const VALIDITY: Duration = Duration::from_secs(3650 * 24 * 3600);

/// An Ed25519 public key. It prints as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// The first digits, enough to tell keys apart in a message.
    pub fn short(&self) -> String {
        self.to_string()[..12].to_owned()
    }
}

impl From<[u8; 32]> for PublicKey {
    fn from(bytes: [u8; 32]) -> PublicKey {
        PublicKey(bytes)
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

impl FromStr for PublicKey {
    type Err = String;

    /// # Errors
    /// A text that is not 64 hexadecimal digits, with what is wrong about it.
    fn from_str(text: &str) -> Result<PublicKey, String> {
        if text.len() != 64 {
            return Err(format!("a key has 64 hexadecimal digits, this has {} characters", text.chars().count()));
        }
        let mut key = [0; 32];
        for (byte, pair) in key.iter_mut().zip(text.as_bytes().chunks(2)) {
            let digits = std::str::from_utf8(pair).map_err(|_| String::from("a key has only hexadecimal digits"))?;
            if digits.starts_with('+') {
                return Err(String::from("a key has only hexadecimal digits"));
            }
            *byte = u8::from_str_radix(digits, 16).map_err(|_| format!("`{digits}` is not two hexadecimal digits"))?;
        }
        Ok(PublicKey(key))
    }
}

/// Why an identity cannot be made, written or read. Every text names the file.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// A file that cannot be read or written.
    #[error("cannot {action} {}: {cause}", path.display())]
    File {
        /// `read`, `create`, …
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// A private key that others may read.
    #[error("{} can be read by others (mode {mode:03o}): run `chmod 600` on it, or make a new identity if it may have been copied", path.display())]
    Readable {
        /// The key file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A file that does not hold what it should.
    #[error("{}: {problem}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A failure of the generator.
    #[error("cannot make an identity: {0}")]
    Generate(String),
}

/// What is wrong with a certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateProblem {
    /// Not a certificate.
    #[error("is no X.509 certificate")]
    Malformed,
    /// A certificate for some other kind of key.
    #[error("is not for an Ed25519 key")]
    NotEd25519,
    /// Its time is over.
    #[error("expired on {0}")]
    Expired(String),
    /// Its time has not come.
    #[error("is not valid before {0}")]
    NotYetValid(String),
}

/// The Ed25519 key of a certificate, whatever its dates.
///
/// # Errors
/// [`CertificateProblem::Malformed`] and [`CertificateProblem::NotEd25519`].
pub fn certificate_key(der: &[u8]) -> Result<PublicKey, CertificateProblem> {
    let (rest, certificate) = X509Certificate::from_der(der).map_err(|_| CertificateProblem::Malformed)?;
    let key = certificate.public_key();
    if !rest.is_empty() {
        return Err(CertificateProblem::Malformed);
    }
    if key.algorithm.algorithm != OID_SIG_ED25519 {
        return Err(CertificateProblem::NotEd25519);
    }
    let bytes: &[u8] = &key.subject_public_key.data;
    bytes.try_into().map(PublicKey).map_err(|_| CertificateProblem::NotEd25519)
}

/// Whether a certificate is valid at `now`, in seconds since 1970.
///
/// # Errors
/// [`CertificateProblem::Malformed`], [`CertificateProblem::Expired`], [`CertificateProblem::NotYetValid`].
pub fn certificate_dates(der: &[u8], now: i64) -> Result<(), CertificateProblem> {
    let (_, certificate) = X509Certificate::from_der(der).map_err(|_| CertificateProblem::Malformed)?;
    let validity = certificate.validity();
    if now > validity.not_after.timestamp() {
        return Err(CertificateProblem::Expired(validity.not_after.to_string()));
    }
    if now < validity.not_before.timestamp() {
        return Err(CertificateProblem::NotYetValid(validity.not_before.to_string()));
    }
    Ok(())
}

/// A key pair with its certificate. The private key is wiped when this is dropped, and never printed.
pub struct Identity {
    key: Zeroizing<Vec<u8>>,
    key_pem: Zeroizing<String>,
    certificate: CertificateDer<'static>,
    certificate_pem: String,
    public: PublicKey,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({})", self.public)
    }
}

impl Identity {
    /// A new identity, valid from a day ago, so that clocks may differ, for ten years. `name` is for people who look at
    /// the certificate; nothing depends on it.
    ///
    /// # Errors
    /// [`IdentityError::Generate`].
    pub fn create(name: &str) -> Result<Identity, IdentityError> {
        let from = SystemTime::now() - Duration::from_secs(24 * 3600);
        Identity::create_valid(name, from, VALIDITY)
    }

    /// A new identity that is valid from a moment on for some time.
    ///
    /// # Errors
    /// [`IdentityError::Generate`].
    pub fn create_valid(name: &str, from: SystemTime, validity: Duration) -> Result<Identity, IdentityError> {
        let failed = |e: rcgen::Error| IdentityError::Generate(e.to_string());
        let mut pair = KeyPair::generate_for(&PKCS_ED25519).map_err(failed)?;
        let since_1970 = from.duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut params = CertificateParams::new(Vec::new()).map_err(failed)?;
        params.distinguished_name.push(DnType::CommonName, name);
        params.not_before = rcgen::date_time_ymd(1970, 1, 1) + since_1970;
        params.not_after = params.not_before + validity;
        let signed = params.self_signed(&pair).map_err(failed)?;
        let (key, key_pem) = (Zeroizing::new(pair.serialize_der()), Zeroizing::new(pair.serialize_pem()));
        pair.zeroize();
        let public = certificate_key(signed.der()).map_err(|e| IdentityError::Generate(e.to_string()))?;
        Ok(Identity { key, key_pem, certificate: signed.der().clone(), certificate_pem: signed.pem(), public })
    }

    /// The public key: what goes into the cluster file.
    pub fn public(&self) -> PublicKey {
        self.public
    }

    /// The certificate, in DER.
    pub fn certificate(&self) -> CertificateDer<'static> {
        self.certificate.clone()
    }

    /// The private key, in PKCS #8 DER. The copy is the caller's to wipe.
    pub fn private(&self) -> PrivatePkcs8KeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.key.to_vec())
    }

    /// Writes `key.pem`, readable by its owner alone from the moment it exists, and `cert.pem` into a folder, which is
    /// made if it does not exist.
    ///
    /// # Errors
    /// A folder or file that cannot be made; a key that already exists is never overwritten.
    pub fn write(&self, folder: &Path) -> Result<(), IdentityError> {
        fs::create_dir_all(folder).map_err(file("create", folder))?;
        write_new(&folder.join(KEY_FILE), self.key_pem.as_bytes(), 0o600)?;
        write_new(&folder.join(CERTIFICATE_FILE), self.certificate_pem.as_bytes(), 0o644)
    }

    /// Reads an identity from its folder and checks it.
    ///
    /// # Errors
    /// Missing files; a key that others may read; a key and a certificate that do not belong together; a certificate
    /// that is not for Ed25519, or not valid now.
    pub fn load(folder: &Path) -> Result<Identity, IdentityError> {
        let path = folder.join(KEY_FILE);
        check_private(&path)?;
        let key_pem = Zeroizing::new(fs::read_to_string(&path).map_err(file("read", &path))?);
        let (key, raw) = parse_key(&key_pem).map_err(|problem| content(&path, problem))?;

        let path = folder.join(CERTIFICATE_FILE);
        let certificate_pem = fs::read_to_string(&path).map_err(file("read", &path))?;
        let certificate = CertificateDer::from_pem_slice(certificate_pem.as_bytes())
            .map_err(|_| content(&path, "holds no certificate in PEM"))?;
        let about = |problem: CertificateProblem| content(&path, &format!("the certificate {problem}"));
        let public = certificate_key(&certificate).map_err(about)?;
        if raw != public.0 {
            return Err(content(&path, &format!("the certificate is not for the key in {KEY_FILE} beside it")));
        }
        certificate_dates(&certificate, now()).map_err(about)?;
        Ok(Identity { key, key_pem, certificate, certificate_pem, public })
    }
}

/// A private key in PKCS #8 DER, and its public key, from PEM.
fn parse_key(pem: &str) -> Result<(Zeroizing<Vec<u8>>, [u8; 32]), &'static str> {
    let mut der =
        PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| "holds no PKCS #8 private key in PEM")?;
    let key = Zeroizing::new(der.secret_pkcs8_der().to_vec());
    let pair = KeyPair::from_pkcs8_der_and_sign_algo(&der, &PKCS_ED25519);
    der.zeroize();
    let mut pair = pair.map_err(|_| "holds no Ed25519 key")?;
    let raw = pair.public_key_raw().try_into().map_err(|_| "holds no Ed25519 key");
    pair.zeroize();
    Ok((key, raw?))
}

/// Seconds since 1970, by this machine's clock.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

fn file(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> IdentityError + use<> {
    let path = path.to_owned();
    move |cause| IdentityError::File { action, path, cause }
}

fn content(path: &Path, problem: &str) -> IdentityError {
    IdentityError::Content { path: path.to_owned(), problem: problem.to_owned() }
}

/// Creates a file with its final mode, so that there is no moment at which others could open it.
fn write_new(path: &Path, bytes: &[u8], mode: u32) -> Result<(), IdentityError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    let mut out = options.open(path).map_err(file("create", path))?;
    out.write_all(bytes).map_err(file("write", path))
}

#[cfg(unix)]
fn check_private(path: &Path) -> Result<(), IdentityError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(path).map_err(file("read", path))?.permissions().mode() & 0o777;
    if mode & 0o077 == 0 { Ok(()) } else { Err(IdentityError::Readable { path: path.to_owned(), mode }) }
}

#[cfg(not(unix))]
fn check_private(_: &Path) -> Result<(), IdentityError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    #[test]
    fn what_is_written_is_what_is_read() {
        let folder = folder();
        let identity = Identity::create("player 0").unwrap();
        identity.write(folder.path()).unwrap();
        let again = Identity::load(folder.path()).unwrap();
        assert_eq!(again.public(), identity.public());
        assert_eq!(*again.key, *identity.key);
        assert_eq!(again.certificate, identity.certificate);
        assert!(identity.write(folder.path()).unwrap_err().to_string().contains("cannot create"));
    }

    #[cfg(unix)]
    #[test]
    fn a_key_is_private_and_must_stay_so() {
        use std::os::unix::fs::PermissionsExt;
        let folder = folder();
        Identity::create("x").unwrap().write(folder.path()).unwrap();
        let path = folder.path().join(KEY_FILE);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let error = Identity::load(folder.path()).unwrap_err();
        assert!(matches!(error, IdentityError::Readable { mode: 0o640, .. }), "{error}");
    }

    #[test]
    fn a_certificate_of_another_key_is_refused() {
        let (one, two) = (folder(), folder());
        Identity::create("one").unwrap().write(one.path()).unwrap();
        Identity::create("two").unwrap().write(two.path()).unwrap();
        fs::copy(two.path().join(CERTIFICATE_FILE), one.path().join(CERTIFICATE_FILE)).unwrap();
        assert!(Identity::load(one.path()).unwrap_err().to_string().contains("is not for the key"));
    }

    #[test]
    fn dates_are_checked() {
        let folder = folder();
        let day = Duration::from_secs(24 * 3600);
        Identity::create_valid("old", SystemTime::now() - 3 * day, day).unwrap().write(folder.path()).unwrap();
        assert!(Identity::load(folder.path()).unwrap_err().to_string().contains("expired on"));
        let early = Identity::create_valid("early", SystemTime::now() + day, day).unwrap();
        let problem = certificate_dates(&early.certificate, now()).unwrap_err();
        assert!(matches!(problem, CertificateProblem::NotYetValid(_)));
    }

    #[test]
    fn keys_print_and_parse() {
        let key = Identity::create("x").unwrap().public();
        assert_eq!(key.to_string().parse(), Ok(key));
        assert!("abc".parse::<PublicKey>().unwrap_err().contains("64"));
        assert!("zz".repeat(32).parse::<PublicKey>().is_err());
        assert!("+1".repeat(32).parse::<PublicKey>().is_err());
        assert!("é".repeat(32).parse::<PublicKey>().is_err());
    }

    #[test]
    fn no_secret_is_printed() {
        let identity = Identity::create("x").unwrap();
        assert_eq!(format!("{identity:?}"), format!("Identity({})", identity.public()));
    }
}
