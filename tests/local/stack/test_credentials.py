"""Keys are generated once, differ between stacks, and only their owner reads them."""

import json

from cryptography.fernet import Fernet

from local.stack.credentials import password_file, read_or_generate, write_private


def test_they_are_made_once(tmp_path):
    assert read_or_generate(tmp_path) == read_or_generate(tmp_path)


def test_no_two_stacks_share_any(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one, other = read_or_generate(tmp_path / "a"), read_or_generate(tmp_path / "b")
    assert not set(vars(one).values()) & set(vars(other).values())


def test_only_their_owner_reads_them(tmp_path):
    read_or_generate(tmp_path)
    files = list(tmp_path.iterdir())
    assert len(files) == 2
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}


def test_airflow_finds_the_password(tmp_path):
    credentials = read_or_generate(tmp_path)
    assert json.loads(password_file(tmp_path).read_text()) == {"admin": credentials.password}
    assert len(credentials.password) >= 16


def test_the_fernet_key_is_one(tmp_path):
    fernet = Fernet(read_or_generate(tmp_path).fernet_key)
    assert fernet.decrypt(fernet.encrypt(b"secret")) == b"secret"


def test_an_open_file_is_replaced_by_a_closed_one(tmp_path):
    file = tmp_path / "secret"
    file.write_text("old")
    file.chmod(0o644)
    write_private(file, "new")
    assert file.read_text() == "new"
    assert file.stat().st_mode & 0o777 == 0o600
