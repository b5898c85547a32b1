//! Signatures: good, tampered with, too old, of a session, absent.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use bytes::Bytes;
use http::Request;
use stackfleet_base::Timestamp;

use crate::echo::{ACCESS_KEY_ID, SECRET_ACCESS_KEY, SESSION_ACCESS_KEY_ID, SESSION_TOKEN, door_at};

const NOW: Timestamp = Timestamp::from_millis(1_795_305_600_000);
const BODY: &str = "Action=GetCallerIdentity&Version=2011-06-15";

struct Client {
    key: &'static str,
    secret: &'static str,
    token: Option<&'static str>,
    at_ms: i64,
    presign: bool,
}

impl Default for Client {
    fn default() -> Self {
        Client { key: ACCESS_KEY_ID, secret: SECRET_ACCESS_KEY, token: None, at_ms: NOW.as_millis(), presign: false }
    }
}

impl Client {
    fn request(&self) -> Request<Bytes> {
        let identity = Credentials::new(self.key, self.secret, self.token.map(str::to_owned), None, "test").into();
        let time: SystemTime = UNIX_EPOCH + Duration::from_millis(u64::try_from(self.at_ms).unwrap());
        let mut settings = SigningSettings::default();
        if self.presign {
            settings.signature_location = SignatureLocation::QueryParams;
            settings.expires_in = Some(Duration::from_secs(60));
        }
        let parameters = SigningParams::builder()
            .identity(&identity)
            .region("eu-west-1")
            .name("sts")
            .time(time)
            .settings(settings)
            .build()
            .unwrap();
        let uri = "https://sts.eu-west-1.amazonaws.com/?a=b%20c&A=%2F";
        let headers = [("host", "sts.eu-west-1.amazonaws.com"), ("content-type", "application/x-www-form-urlencoded")];
        let signable =
            SignableRequest::new("POST", uri, headers.into_iter(), SignableBody::Bytes(BODY.as_bytes())).unwrap();
        let (instructions, _) = sign(signable, &parameters.into()).unwrap().into_parts();
        let mut request = Request::builder().method("POST").uri(uri).body(Bytes::from(BODY)).unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        instructions.apply_to_request_http1x(&mut request);
        request
    }
}

fn answer(request: Request<Bytes>) -> (u16, String) {
    let response = door_at(NOW).answer(request, None);
    assert_eq!(response.headers()["x-amzn-requestid"], "00000000-0000-4000-8000-000000000001");
    let text = String::from_utf8(response.body().to_vec()).unwrap();
    let code = text.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>")).map_or("", |(code, _)| code);
    (response.status().as_u16(), code.to_owned())
}

#[test]
fn a_good_signature_is_accepted() {
    assert_eq!(answer(Client::default().request()), (200, String::new()));
    assert_eq!(answer(Client { presign: true, ..Client::default() }.request()), (200, String::new()));
    let session = Client { key: SESSION_ACCESS_KEY_ID, token: Some(SESSION_TOKEN), ..Client::default() };
    assert_eq!(answer(session.request()), (200, String::new()));
}

#[test]
fn whatever_is_changed_after_signing_is_noticed() {
    let changes: [fn(&mut Request<Bytes>); 6] = [
        |request| *request.body_mut() = Bytes::from("Action=GetCallerIdentity&Version=2011-06-16"),
        |request| *request.method_mut() = http::Method::PUT,
        |request| *request.uri_mut() = "https://sts.eu-west-1.amazonaws.com/?a=b%20d&A=%2F".parse().unwrap(),
        |request| *request.uri_mut() = "https://sts.eu-west-1.amazonaws.com/x?a=b%20c&A=%2F".parse().unwrap(),
        |request| drop(request.headers_mut().insert("host", "iam.amazonaws.com".parse().unwrap())),
        |request| drop(request.headers_mut().insert("x-amz-date", "20261122T000001Z".parse().unwrap())),
    ];
    for (index, change) in changes.into_iter().enumerate() {
        let mut request = Client::default().request();
        change(&mut request);
        assert_eq!(answer(request), (403, "SignatureDoesNotMatch".into()), "change {index}");
    }
    let other = Client { secret: "another", ..Client::default() };
    assert_eq!(answer(other.request()), (403, "SignatureDoesNotMatch".into()));
}

#[test]
fn keys_and_times_are_checked() {
    for (client, code) in [
        (Client { key: "AKIANOBODY", ..Client::default() }, "InvalidClientTokenId"),
        (Client { key: SESSION_ACCESS_KEY_ID, ..Client::default() }, "InvalidClientTokenId"),
        (Client { key: SESSION_ACCESS_KEY_ID, token: Some("another"), ..Client::default() }, "InvalidClientTokenId"),
        (Client { at_ms: NOW.as_millis() - 301_000, ..Client::default() }, "SignatureDoesNotMatch"),
        (Client { at_ms: NOW.as_millis() + 301_000, ..Client::default() }, "SignatureDoesNotMatch"),
        (Client { at_ms: NOW.as_millis() - 61_000, presign: true, ..Client::default() }, "SignatureDoesNotMatch"),
    ] {
        assert_eq!(answer(client.request()), (403, code.into()));
    }
    assert_eq!(answer(Client { at_ms: NOW.as_millis() - 299_000, ..Client::default() }.request()).0, 200);
}

#[test]
fn an_unsigned_request_is_told_so_as_its_protocol_says_it() {
    let mut request = Request::builder().method("POST").uri("/").body(Bytes::from(BODY)).unwrap();
    request.headers_mut().insert("content-type", "application/x-www-form-urlencoded".parse().unwrap());
    assert_eq!(answer(request), (403, "MissingAuthenticationToken".into()));

    let mut request = Request::builder().method("POST").uri("/").body(Bytes::from("{}")).unwrap();
    request.headers_mut().insert("x-amz-target", "AWSOrganizationsV20161128.ListRoots".parse().unwrap());
    let response = door_at(NOW).answer(request, None);
    assert_eq!(response.status().as_u16(), 400);
    assert_eq!(
        response.body().as_ref(),
        br#"{"__type":"MissingAuthenticationTokenException","message":"Missing Authentication Token"}"#
    );
}

#[test]
fn a_service_that_is_not_simulated_says_so_in_a_form_that_its_clients_read() {
    let signed = |target: Option<&str>, body: &'static str| {
        let mut request = Request::builder().method("POST").uri("/").body(Bytes::from(body)).unwrap();
        let authorization = "AWS4-HMAC-SHA256 Credential=AKIA/20261122/eu-west-1/ec2/aws4_request, SignedHeaders=host;x-amz-date, Signature=00";
        request.headers_mut().insert("authorization", authorization.parse().unwrap());
        request.headers_mut().insert("x-amz-date", "20261122T000000Z".parse().unwrap());
        match target {
            Some(target) => request.headers_mut().insert("x-amz-target", target.parse().unwrap()),
            None => request.headers_mut().insert("content-type", "application/x-www-form-urlencoded".parse().unwrap()),
        };
        let response = door_at(NOW).answer(request, None);
        (response.status().as_u16(), String::from_utf8(response.body().to_vec()).unwrap())
    };
    let (status, text) = signed(None, "Action=DescribeRegions&Version=2016-11-15");
    assert_eq!(status, 400);
    assert!(
        text.contains("<Code>InvalidAction</Code><Message>The simulated AWS has no service `ec2`.</Message>"),
        "{text}"
    );
    let (status, text) = signed(Some("EC2.DescribeRegions"), "{}");
    assert_eq!(status, 400);
    assert_eq!(text, r#"{"__type":"UnknownOperationException","message":"The simulated AWS has no service `ec2`."}"#);
}
