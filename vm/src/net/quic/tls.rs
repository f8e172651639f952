//! Mutual authentication: TLS 1.3 in which each side proves that it holds the private key of one pinned Ed25519 key.
//!
//! A certificate is only the envelope of a key: who signed it is of no interest, its dates are checked, and the
//! handshake's signature is verified with the key that was pinned.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use quinn::congestion::CubicConfig;
use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use quinn::{AckFrequencyConfig, IdleTimeout, TransportConfig, VarInt};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, OtherError, SignatureScheme};

use crate::identity::{Identity, PublicKey, certificate_dates, certificate_key, now};
use crate::net::{NetError, PeerName};

/// The protocol that both sides must name.
const ALPN: &[u8] = b"mpc/1";

/// What a client calls the server in its greeting. Nobody looks at it.
pub(super) const SERVER_NAME: &str = "mpc";

/// Bytes of a stream, and of a connection, that may be under way unread.
const STREAM_WINDOW: u32 = 64 << 20;
const CONNECTION_WINDOW: u32 = 256 << 20;

/// Bytes that may be on their way before the first acknowledgement.
const FIRST_WINDOW: u64 = 512 << 10;

/// How long a peer may keep back an acknowledgement.
const LONGEST_ACK_DELAY: Duration = Duration::from_millis(1);

/// A round trip before there is a measurement: a lost first packet is sent again after three of these.
const FIRST_GUESS: Duration = Duration::from_millis(100);

/// Whom a handshake found, or why it was refused; the verifier leaves it here for the one that dials or accepts.
pub(super) type Verdict = Arc<Mutex<Option<Result<usize, String>>>>;

/// What a handshake found.
pub(super) fn read(verdict: &Verdict) -> Option<Result<usize, String>> {
    verdict.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// A pinned key and how messages name its owner.
#[derive(Clone, Debug)]
pub(super) struct Pin {
    pub key: PublicKey,
    pub name: PeerName,
}

/// Everything TLS needs for all handshakes of a player.
pub(super) struct Tls {
    provider: Arc<CryptoProvider>,
    identity: Arc<SingleCertAndKey>,
    transport: Arc<TransportConfig>,
    pins: Arc<Vec<Pin>>,
}

impl Tls {
    /// Keys of `pins` are accepted, by their index, where a handshake allows it; `idle` is how long a peer may be
    /// silent.
    pub fn new(identity: &Identity, pins: Vec<Pin>, idle: Duration) -> Result<Tls, NetError> {
        let provider = Arc::new(provider());
        let key = PrivateKeyDer::Pkcs8(identity.private());
        let certified = CertifiedKey::from_der(vec![identity.certificate()], key, &provider)
            .map_err(|e| NetError::Setup(format!("this player's identity cannot be used: {e}")))?;
        let transport = Arc::new(transport(idle)?);
        Ok(Tls { provider, identity: Arc::new(certified.into()), transport, pins: Arc::new(pins) })
    }

    fn verifier(&self, allowed: Vec<usize>) -> (Arc<Verifier>, Verdict) {
        let verdict = Verdict::default();
        let pins = Arc::clone(&self.pins);
        let provider = Arc::clone(&self.provider);
        (Arc::new(Verifier { allowed, pins, provider, verdict: Arc::clone(&verdict) }), verdict)
    }

    /// For one connection to the peer of index `to`.
    pub fn client(&self, to: usize) -> Result<(quinn::ClientConfig, Verdict), String> {
        let (verifier, verdict) = self.verifier(vec![to]);
        let mut config = rustls::ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(|e| e.to_string())?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_client_cert_resolver(Arc::clone(&self.identity) as _);
        config.alpn_protocols = vec![ALPN.to_vec()];
        config.resumption = rustls::client::Resumption::disabled();
        let quic = QuicClientConfig::try_from(config).map_err(|e| e.to_string())?;
        let mut config = quinn::ClientConfig::new(Arc::new(quic));
        config.transport_config(Arc::clone(&self.transport));
        Ok((config, verdict))
    }

    /// For one connection from any of the peers in `from`.
    pub fn server(&self, from: Vec<usize>) -> Result<(Arc<quinn::ServerConfig>, Verdict), String> {
        let (verifier, verdict) = self.verifier(from);
        let mut config = rustls::ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(|e| e.to_string())?
            .with_client_cert_verifier(verifier)
            .with_cert_resolver(Arc::clone(&self.identity) as _);
        config.alpn_protocols = vec![ALPN.to_vec()];
        config.send_tls13_tickets = 0;
        let quic = QuicServerConfig::try_from(config).map_err(|e| e.to_string())?;
        let mut config = quinn::ServerConfig::with_crypto(Arc::new(quic));
        config.transport_config(Arc::clone(&self.transport));
        Ok((Arc::new(config), verdict))
    }
}

/// ring, with AES-128 first: it is what hardware does fastest, and no weaker than the rest of the handshake.
fn provider() -> CryptoProvider {
    use rustls::crypto::ring::cipher_suite;
    CryptoProvider {
        cipher_suites: vec![
            cipher_suite::TLS13_AES_128_GCM_SHA256,
            cipher_suite::TLS13_AES_256_GCM_SHA384,
            cipher_suite::TLS13_CHACHA20_POLY1305_SHA256,
        ],
        ..rustls::crypto::ring::default_provider()
    }
}

/// Quinn's defaults with large windows, and without the waits of a sender that has filled its first congestion window of ten packets:
/// it would get the acknowledgement of an odd packet after 25 ms only, many rounds' worth.
fn transport(idle: Duration) -> Result<TransportConfig, NetError> {
    let limit = IdleTimeout::try_from(idle).map_err(|_| NetError::Setup(format!("idle = {idle:?} is too long")))?;
    let mut acknowledgements = AckFrequencyConfig::default();
    acknowledgements.max_ack_delay(Some(LONGEST_ACK_DELAY));
    let mut congestion = CubicConfig::default();
    congestion.initial_window(FIRST_WINDOW);
    let mut config = TransportConfig::default();
    config
        .max_idle_timeout(Some(limit))
        .keep_alive_interval(Some(Duration::from_secs(1).min(idle / 4)))
        .initial_rtt(FIRST_GUESS)
        .stream_receive_window(VarInt::from_u32(STREAM_WINDOW))
        .receive_window(VarInt::from_u32(CONNECTION_WINDOW))
        .send_window(u64::from(CONNECTION_WINDOW))
        .max_concurrent_bidi_streams(VarInt::from_u32(crate::net::Channel::ALL.len() as u32))
        .max_concurrent_uni_streams(VarInt::from_u32(0))
        .ack_frequency_config(Some(acknowledgements))
        .congestion_controller_factory(Arc::new(congestion))
        .datagram_receive_buffer_size(None);
    Ok(config)
}

/// Checks the other side of one handshake.
#[derive(Debug)]
struct Verifier {
    allowed: Vec<usize>,
    pins: Arc<Vec<Pin>>,
    provider: Arc<CryptoProvider>,
    verdict: Verdict,
}

impl Verifier {
    /// Whose certificate it is, if it may be used here and now.
    fn judge(&self, certificate: &CertificateDer<'_>) -> Result<usize, String> {
        let key = certificate_key(certificate).map_err(|problem| format!("its certificate {problem}"))?;
        let Some(index) = self.pins.iter().position(|pin| pin.key == key) else {
            return Err(format!("its key {}… is not in the cluster file", key.short()));
        };
        let name = &self.pins[index].name;
        if !self.allowed.contains(&index) {
            return Err(format!("its key is that of {name}"));
        }
        certificate_dates(certificate, now()).map_err(|problem| format!("the certificate of {name} {problem}"))?;
        Ok(index)
    }

    fn check(&self, certificate: &CertificateDer<'_>) -> Result<(), Error> {
        let found = self.judge(certificate);
        *self.verdict.lock().unwrap_or_else(PoisonError::into_inner) = Some(found.clone());
        found.map(drop).map_err(|why| {
            Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::from(Box::<
                dyn std::error::Error + Send + Sync,
            >::from(why)))))
        })
    }

    fn signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if signature.scheme != SignatureScheme::ED25519 {
            return Err(Error::InvalidCertificate(CertificateError::BadSignature));
        }
        verify_tls13_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }
}

/// TLS 1.2 is never offered; a signature of it is refused all the same.
fn no_tls12() -> Result<HandshakeSignatureValid, Error> {
    Err(Error::General(String::from("TLS 1.2 is not spoken here")))
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.check(end_entity).map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        no_tls12()
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }
}

impl ClientCertVerifier for Verifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.check(end_entity).map(|()| ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        no_tls12()
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }
}
