//! The resources of ACME: accounts, orders, authorizations, challenges and certificates.
#![expect(clippy::indexing_slicing, reason = "test helpers may panic")]

use std::net::SocketAddr;
use std::sync::Mutex;

use rcgen::{PublicKeyData, SignatureAlgorithm};
use serde_json::{Value, json};
use x509_cert::der::{Decode as _, Encode as _};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::request::{CertReq, ExtensionReq};

use super::jws::{Jws, Refusal, Signed, from_base64url};
use super::validation::validate;
use super::{State, leaf};

pub(crate) struct Orders {
    pub(crate) jws: Jws,
    pub(crate) issued: usize,
    base: String,
    orders: Vec<Order>,
}

struct Order {
    account: usize,
    domain: String,
    token: String,
    status: &'static str,
    failure: Option<String>,
    certificate: Option<String>,
}

/// The answer to a request: the status, the new resource, and the body.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
    pub(crate) body: String,
}

impl Answer {
    fn ok(body: &Value) -> Self {
        Self { status: 200, location: None, body: body.to_string() }
    }

    fn created(location: String, body: &Value) -> Self {
        Self { status: 201, location: Some(location), body: body.to_string() }
    }
}

/// The part of a validation that must not hold the lock of the state.
struct Validation {
    node: SocketAddr,
    domain: String,
    key_authorization: String,
}

impl Orders {
    pub(crate) fn new(base: String) -> Self {
        Self { jws: Jws::default(), issued: 0, base, orders: Vec::new() }
    }

    fn directory(&self) -> Value {
        let base = &self.base;
        json!({ "newNonce": format!("{base}/nonce"), "newAccount": format!("{base}/account"), "newOrder": format!("{base}/order") })
    }

    fn order(&self, number: usize) -> Value {
        let (base, order) = (&self.base, &self.orders[number]);
        json!({
            "status": order.status,
            "identifiers": [{ "type": "dns", "value": order.domain }],
            "authorizations": [format!("{base}/authorization/{number}")],
            "finalize": format!("{base}/finalize/{number}"),
            "certificate": order.certificate.as_ref().map(|_| format!("{base}/certificate/{number}")),
        })
    }

    fn authorization(&self, number: usize) -> Value {
        let order = &self.orders[number];
        let status = match order.status {
            "pending" | "invalid" => order.status,
            _ => "valid",
        };
        let identifier = json!({ "type": "dns", "value": order.domain });
        json!({ "identifier": identifier, "status": status, "challenges": [self.challenge(number, status)] })
    }

    fn challenge(&self, number: usize, status: &str) -> Value {
        let (base, order) = (&self.base, &self.orders[number]);
        let error = order.failure.as_ref();
        let error = error
            .map(|detail| json!({ "type": "urn:ietf:params:acme:error:unauthorized", "detail": detail }));
        let url = format!("{base}/challenge/{number}");
        let mut challenge =
            json!({ "type": "tls-alpn-01", "url": url, "token": order.token, "status": status });
        if let Some(error) = error {
            challenge["error"] = error;
        }
        challenge
    }
}

/// Answers one request. `path` begins with `/`.
pub(crate) fn answer(state: &Mutex<State>, path: &str, body: &[u8]) -> Result<Answer, Refusal> {
    let mut locked = state.lock().expect("no panic");
    if path == "/directory" {
        return Ok(Answer::ok(&locked.orders.directory()));
    }
    if path == "/nonce" {
        return Ok(Answer::ok(&json!({})));
    }
    let base = locked.orders.base.clone();
    let signed = locked.orders.jws.verify(&base, &format!("{base}{path}"), body)?;
    let (kind, number) = path.trim_start_matches('/').split_once('/').unwrap_or((path, ""));
    let number = number.parse::<usize>().ok();
    if let Some(number) = number {
        let owner = locked.orders.orders.get(number).map(|order| order.account);
        if owner != Some(signed.account) {
            return Err(Refusal::new("unauthorized", "the order belongs to another account"));
        }
    }
    match (kind, number) {
        ("/account", None) => {
            let location = format!("{base}/account/{}", signed.account);
            Ok(Answer::created(location, &json!({ "status": "valid" })))
        }
        ("/order", None) => new_order(&mut locked, &signed),
        ("order", Some(number)) => Ok(Answer::ok(&locked.orders.order(number))),
        ("authorization", Some(number)) => Ok(Answer::ok(&locked.orders.authorization(number))),
        ("challenge", Some(number)) => {
            let validation = Validation {
                node: locked.node.expect("the address of the node"),
                domain: locked.orders.orders[number].domain.clone(),
                key_authorization: format!(
                    "{}.{}",
                    locked.orders.orders[number].token,
                    locked.orders.jws.thumbprint(signed.account)
                ),
            };
            drop(locked);
            Ok(challenge(state, number, &validation))
        }
        ("finalize", Some(number)) => finalize(&mut locked, number, &signed.payload),
        ("certificate", Some(number)) => {
            let certificate = locked.orders.orders[number].certificate.clone();
            let body = certificate.ok_or_else(|| Refusal::new("malformed", "there is no certificate"))?;
            Ok(Answer { status: 200, location: None, body })
        }
        _ => Err(Refusal::new("malformed", "there is no such path")),
    }
}

fn new_order(state: &mut State, signed: &Signed) -> Result<Answer, Refusal> {
    if state.is_failing {
        return Err(Refusal::new("serverInternal", "the authority is out of order"));
    }
    let identifiers = &signed.payload["identifiers"];
    let domain =
        identifiers[0]["value"].as_str().filter(|_| identifiers.as_array().is_some_and(|all| all.len() == 1));
    let domain = domain.ok_or_else(|| Refusal::new("malformed", "order one name"))?.to_owned();
    let number = state.orders.orders.len();
    let token = format!("token-{number}-{}", transport::clock::unix_ms());
    state.orders.orders.push(Order {
        account: signed.account,
        domain,
        token,
        status: "pending",
        failure: None,
        certificate: None,
    });
    Ok(Answer::created(format!("{}/order/{number}", state.orders.base), &state.orders.order(number)))
}

fn challenge(state: &Mutex<State>, number: usize, validation: &Validation) -> Answer {
    let validated = validate(validation.node, &validation.domain, &validation.key_authorization);
    let mut state = state.lock().expect("no panic");
    let order = &mut state.orders.orders[number];
    order.status = if validated.is_ok() { "ready" } else { "invalid" };
    order.failure = validated.err();
    let failure = order.failure.clone();
    state.refusals.extend(failure);
    // The node finds out later whether the validation succeeded.
    let mut challenge = state.orders.challenge(number, "processing");
    challenge.as_object_mut().expect("an object").remove("error");
    Answer::ok(&challenge)
}

/// The public key of a request for a certificate.
struct RequestedKey(Vec<u8>);

impl PublicKeyData for RequestedKey {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_ECDSA_P256_SHA256
    }
}

fn finalize(state: &mut State, number: usize, payload: &Value) -> Result<Answer, Refusal> {
    let bad = |detail: &str| Refusal::new("badCSR", detail);
    if state.orders.orders[number].status != "ready" {
        return Err(Refusal::new("orderNotReady", "the order is not validated"));
    }
    let csr = payload["csr"].as_str().and_then(from_base64url).ok_or_else(|| bad("not base64url"))?;
    let csr = CertReq::from_der(&csr).map_err(|_| bad("not a request"))?;
    let domain = state.orders.orders[number].domain.clone();
    if names(&csr).as_deref() != Some(&[domain.clone()][..]) {
        return Err(bad("the names are not those of the order"));
    }
    let key = csr.info.public_key.subject_public_key.raw_bytes().to_vec();
    verify_own_signature(&csr, &key).map_err(bad)?;
    let certificate = leaf(&domain, state.lifetime).signed_by(&RequestedKey(key), &state.issuer);
    state.orders.orders[number].certificate = Some(certificate.expect("a certificate").pem());
    state.orders.orders[number].status = "valid";
    state.orders.issued += 1;
    Ok(Answer::ok(&state.orders.order(number)))
}

fn names(csr: &CertReq) -> Option<Vec<String>> {
    let attribute = csr.info.attributes.iter().next()?;
    let extensions = ExtensionReq::from_der(&attribute.values.get(0)?.to_der().ok()?).ok()?;
    let names = extensions
        .0
        .iter()
        .find_map(|extension| SubjectAltName::from_der(extension.extn_value.as_bytes()).ok())?;
    let name = |name: &GeneralName| {
        if let GeneralName::DnsName(name) = name { name.to_string() } else { format!("{name:?}") }
    };
    Some(names.0.iter().map(name).collect())
}

/// A request proves that its sender has the private key.
fn verify_own_signature(csr: &CertReq, key: &[u8]) -> Result<(), &'static str> {
    let signed = csr.info.to_der().map_err(|_| "cannot encode")?;
    let key = ring::signature::UnparsedPublicKey::new(&ring::signature::ECDSA_P256_SHA256_ASN1, key);
    key.verify(&signed, csr.signature.raw_bytes()).map_err(|_| "the signature is wrong")
}
