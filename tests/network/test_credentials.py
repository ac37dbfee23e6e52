import pickle
from pathlib import Path

import pytest

from dicomtx.errors import SettingsError
from dicomtx.network.credentials import Credentials, Secret, find_credentials

WORD = "sword:fish?"


def private(path: Path, text: str) -> str:
    path.write_text(text)
    path.chmod(0o600)
    return str(path)


def test_a_file_with_user_and_password_is_basic_authentication(tmp_path: Path) -> None:
    found = find_credentials("pacs", {}, private(tmp_path / "auth", f"ann:{WORD}\n"))
    assert found == Credentials(user="ann", secret=Secret(WORD))
    assert found.authorization() == "Basic YW5uOnN3b3JkOmZpc2g/"


def test_a_file_with_one_word_is_a_token(tmp_path: Path) -> None:
    found = find_credentials("pacs", {}, private(tmp_path / "auth", "a.b-c_d==\n"))
    assert found
    assert found.authorization() == "Bearer a.b-c_d=="


def test_the_environment_has_a_user_or_a_token() -> None:
    user = find_credentials("pacs", {"DICOMTX_USER": "ann", "DICOMTX_PASSWORD": WORD})
    token = find_credentials("pacs", {"DICOMTX_TOKEN": "abc"})
    assert user == Credentials(user="ann", secret=Secret(WORD))
    assert token == Credentials(secret=Secret("abc"))


def test_netrc_has_an_entry_for_each_host_and_default_is_for_none(tmp_path: Path) -> None:
    text = "machine pacs login ann password one\nmachine other login bob password two\n"
    path = private(tmp_path / ".netrc", text + "default login anonymous password three\n")
    for environ in ({"NETRC": path}, {"HOME": str(tmp_path)}):
        assert find_credentials("other", environ) == Credentials(user="bob", secret=Secret("two"))
        assert find_credentials("third", environ) is None


def test_the_file_comes_before_the_environment_and_that_before_netrc(tmp_path: Path) -> None:
    environ = {"NETRC": private(tmp_path / "n", "machine pacs login c password three")}
    assert find_credentials("pacs", environ) == Credentials(user="c", secret=Secret("three"))
    environ |= {"DICOMTX_USER": "b", "DICOMTX_PASSWORD": "two"}
    assert find_credentials("pacs", environ) == Credentials(user="b", secret=Secret("two"))
    named = private(tmp_path / "auth", "a:one")
    assert find_credentials("pacs", environ, named) == Credentials(user="a", secret=Secret("one"))


def test_without_any_of_them_there_are_none(tmp_path: Path) -> None:
    assert find_credentials("pacs", {"HOME": str(tmp_path)}) is None
    assert find_credentials("pacs", {}) is None


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_file_that_others_can_read_is_refused(mode: int, tmp_path: Path) -> None:
    path = Path(private(tmp_path / "auth", "ann:word"))
    path.chmod(mode)
    with pytest.raises(SettingsError, match=r"other users can read it\. Try: chmod 600"):
        find_credentials("pacs", {}, str(path))
    path.write_text("machine pacs login ann password word")
    with pytest.raises(SettingsError, match="other users can read it"):
        find_credentials("pacs", {"NETRC": str(path)})


@pytest.mark.parametrize(
    "text", ["", ":word", "ann:", "two words", "ann:a\nb", "to\x07ken", "ann:\x1b[0m", "tøken"]
)
def test_what_is_not_credentials_is_an_error_that_does_not_show_it(
    text: str, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError) as caught:
        find_credentials("pacs", {}, private(tmp_path / "auth", text))
    assert "auth: " in str(caught.value)
    assert len(text) < 2 or text not in str(caught.value)


@pytest.mark.parametrize(
    "environ",
    [
        {"DICOMTX_USER": "ann"},
        {"DICOMTX_PASSWORD": "word"},
        {"DICOMTX_USER": "a:b", "DICOMTX_PASSWORD": "word"},
        {"DICOMTX_USER": "ann", "DICOMTX_PASSWORD": "word", "DICOMTX_TOKEN": "abc"},
        {"DICOMTX_TOKEN": "a b"},
        {"DICOMTX_TOKEN": "a\nX-Other: b"},
        {"NETRC": "/does/not/exist"},
    ],
)
def test_half_an_environment_is_an_error(environ: dict[str, str]) -> None:
    with pytest.raises(SettingsError):
        find_credentials("pacs", environ)


def test_an_invalid_netrc_file_does_not_show_its_words(tmp_path: Path) -> None:
    path = private(tmp_path / "n", "machine pacs login ann password one\nswordfish two\n")
    with pytest.raises(SettingsError, match="line 2 is not valid") as caught:
        find_credentials("pacs", {"NETRC": path})
    assert caught.value.__cause__ is None
    assert "swordfish" not in str(caught.value)


def test_a_secret_is_not_printed_and_not_pickled() -> None:
    found = Credentials(user="ann", secret=Secret("swordfish"))
    assert repr(found) == "Credentials(secret=Secret(***), user='ann')"
    assert "swordfish" not in f"{found} {found!r} {found.secret} {vars(found)}"
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(found)


def test_what_a_server_repeats_of_the_secret_is_hidden() -> None:
    found = Credentials(user="ann", secret=Secret("swordfish"))
    encoded = found.authorization()
    assert found.hidden_in(f"bad: {encoded} (swordfish)") == "bad: Basic *** (***)"
