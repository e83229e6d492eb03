"""Credentials for a certificate, over mutual TLS with an endpoint of this machine."""

import json
import ssl
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from threading import Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from include.devices.doorbell.credentials import Device, DeviceCredentialsError, session

LIFE = timedelta(hours=1)


def _certificate(folder, name):
    """A certificate that vouches for itself, and its key, as files."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    )
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - LIFE).not_valid_after(now + LIFE)
    builder = builder.add_extension(
        x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
    )
    files = folder / f"{name}.pem", folder / f"{name}.key"
    files[0].write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files


class Endpoint(ThreadingHTTPServer):
    """The credentials provider of AWS IoT: knows one device by its certificate."""

    daemon_threads = True

    def __init__(self, folder) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked = []
        self.life = LIFE
        self.status = 200
        self.certificate, key = _certificate(folder, "endpoint")
        self.device_certificate, self.device_key = _certificate(folder, "device")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, key)
        context.load_verify_locations(self.device_certificate)
        context.verify_mode = ssl.CERT_REQUIRED
        self.socket = context.wrap_socket(self.socket, server_side=True)

    def device(self, **others):
        usual = {
            "endpoint": f"127.0.0.1:{self.server_port}",
            "thing": "front-door",
            "role_alias": "doorbells",
            "certificate": self.device_certificate,
            "key": self.device_key,
            "authorities": self.certificate,
        }
        return Device(**usual | others)

    def handle_error(self, request, client_address):
        """A handshake that is refused is what a test wants."""


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        server.asked.append((self.path, self.headers["x-amzn-iot-thingname"]))
        given = {
            "accessKeyId": f"ASIA{len(server.asked)}",
            "secretAccessKey": "secret",
            "sessionToken": "token",
            "expiration": (datetime.now(UTC) + server.life).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        answer = {"credentials": given} if server.status == 200 else {"message": "Access Denied"}
        body = json.dumps(answer).encode()
        self.send_response(server.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def endpoint(tmp_path):
    server = Endpoint(tmp_path)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_certificate_gives_the_credentials_of_the_role(endpoint):
    found = session(endpoint.device(), "us-east-1").get_credentials().get_frozen_credentials()
    assert (found.access_key, found.secret_key, found.token) == ("ASIA1", "secret", "token")
    assert endpoint.asked == [("/role-aliases/doorbells/credentials", "front-door")]


def test_credentials_are_kept_until_they_are_about_to_expire(endpoint):
    credentials = session(endpoint.device(), "us-east-1").get_credentials()
    assert {credentials.get_frozen_credentials().access_key for _ in range(3)} == {"ASIA1"}


def test_credentials_that_expire_are_renewed(endpoint):
    endpoint.life = timedelta(minutes=5)
    credentials = session(endpoint.device(), "us-east-1").get_credentials()
    assert [credentials.get_frozen_credentials().access_key for _ in range(2)] == ["ASIA1", "ASIA2"]


def test_a_doorbell_starts_without_a_network(endpoint):
    device = endpoint.device(endpoint="127.0.0.1:9")
    client = session(device, "us-east-1").client("s3")
    with pytest.raises(DeviceCredentialsError, match=r"127\.0\.0\.1:9.* does not answer"):
        client.put_object(Bucket="recordings", Key="message.wav", Body=b"")


def test_other_credentials_of_the_machine_are_not_used(endpoint, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "another")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    credentials = session(endpoint.device(), "us-east-1").get_credentials()
    assert credentials.get_frozen_credentials().access_key == "ASIA1"


def test_a_refusal_is_told_with_its_reason(endpoint):
    endpoint.status = 403
    credentials = session(endpoint.device(), "us-east-1").get_credentials()
    with pytest.raises(DeviceCredentialsError, match=r"answers 403: .*Access Denied"):
        credentials.get_frozen_credentials()


def test_a_certificate_that_is_not_known_gets_nothing(endpoint, tmp_path):
    certificate, key = _certificate(tmp_path, "stranger")
    device = endpoint.device(certificate=certificate, key=key)
    with pytest.raises(DeviceCredentialsError, match="does not answer"):
        session(device, "us-east-1").get_credentials().get_frozen_credentials()
    assert endpoint.asked == []


def test_an_endpoint_that_nobody_vouches_for_is_not_asked(endpoint):
    device = endpoint.device(authorities=endpoint.device_certificate)
    with pytest.raises(DeviceCredentialsError, match="does not answer"):
        session(device, "us-east-1").get_credentials().get_frozen_credentials()
    assert endpoint.asked == []
