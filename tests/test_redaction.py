"""Secrets leave, everything else stays: by kind, by form of file, and as properties of any text."""

from __future__ import annotations

import importlib.util
import sys
from itertools import groupby
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import proofolio.evidence.redaction as redaction
from proofolio.core.errors import UnreadableFileError
from proofolio.evidence.redaction import Redaction, mask_private, redact
from proofolio.evidence.secret_values import load_pack

ROOT = Path(__file__).parent.parent


def _generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "redaction_recall", ROOT / "benchmarks" / "redaction_recall.py"
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


planted = _generator()
PLANTED = sorted(planted.plant(seed=7), key=lambda file: file.kind)
BY_KIND = {kind: list(group) for kind, group in groupby(PLANTED, key=lambda file: file.kind)}


def test_there_are_at_least_thirty_kinds() -> None:
    assert len(BY_KIND) >= 30


@pytest.mark.parametrize("kind", BY_KIND)
def test_a_planted_secret_goes_and_its_neighbours_stay(kind: str) -> None:
    for file in BY_KIND[kind]:
        result = redact(file.text, file.path)
        assert not [part for part in file.hidden if part in result.text], file.context
        assert not [part for part in file.hidden if part in repr(result.found)], file.context
        assert not [line for line in file.kept if line not in result.text], file.context
        assert result.text.count("\n") == file.text.count("\n"), file.context
        assert result.found, file.context


# Forms in which people really write a password down; "hunter22" has to go from each.
FORMS = [
    ("app.py", 'PASSWORD = "hunter22"'),
    ("app.py", 'connect(host="db", user="app", password="hunter22")'),
    ("app.py", 'os.environ["DB_PASSWORD"] = "hunter22"'),
    ("app.py", 'os.getenv("DB_PASSWORD", "hunter22")'),
    ("app.py", 'password: str = "hunter22"'),
    ("app.py", 'auth=("bob", "hunter22")'),
    ("app.py", 'requests.get(url, auth=HTTPBasicAuth("bob", "hunter22"))'),
    ("app.py", 'reader.option("password", "hunter22")'),
    ("app.ts", 'const password: string = "hunter22";'),
    ("app.js", 'const secret = process.env.DB_PASSWORD || "hunter22"'),
    ("app.go", 'const dbPassword string = "hunter22"'),
    ("app.go", 'password := "hunter22"'),
    ("App.java", 'source.setPassword("hunter22");'),
    ("wp-config.php", "define('DB_PASSWORD', 'hunter22');"),
    ("app.php", "'password' => 'hunter22',"),
    ("App.cs", 'var c = "Server=.;User Id=sa;Password=hunter22;";'),
    ("compose.yml", "      - POSTGRES_PASSWORD=hunter22"),
    ("compose.yml", "    url: ${DATABASE_URL:-postgres://app:hunter22@db/app}"),
    ("deploy.yaml", "        - name: DB_PASSWORD\n          value: hunter22"),
    ("task.json", '{"name": "DB_PASSWORD", "value": "hunter22"}'),
    ("values.yaml", "redis: {host: a, password: hunter22}"),
    ("application.yml", "    password: hunter22 # development"),
    ("profiles.yml", "      password: \"{{ env_var('DBT_PASSWORD', 'hunter22') }}\""),
    ("main.tf", 'variable "db_password" {\n  type    = string\n  default = "hunter22"\n}'),
    ("prod.tfvars", 'db_password = "hunter22"'),
    ("Dockerfile", "ENV DB_PASSWORD hunter22"),
    ("Dockerfile", "ENV DB_PASSWORD=hunter22 PORT=80"),
    ("run.sh", "PGPASSWORD=hunter22 psql -h db"),
    ("run.sh", "mysql -u root -phunter22 shop"),
    ("run.sh", "curl -u admin:hunter22 https://example.org"),
    ("run.sh", "tool --password hunter22 --user bob"),
    ("schema.sql", "CREATE USER app WITH PASSWORD 'hunter22';"),
    ("schema.sql", "CREATE USER 'a'@'%' IDENTIFIED BY 'hunter22';"),
    (".netrc", "machine example.org\n  login bob\n  password hunter22"),
    (".pgpass", "db:5432:shop:app:hunter22"),
    (".htpasswd", "bob:hunter22"),
    ("web.xml", "<password>hunter22</password>"),
    ("web.config", '<add key="DbPassword" value="hunter22" />'),
    ("app.properties", "spring.datasource.password=hunter22"),
    ("db.ini", "[db]\npassword = hunter22 ; comment"),
    ("hosts.ini", "web ansible_host=10.0.0.1 ansible_ssh_pass=hunter22"),
    ("README.md", "Log in with password: hunter22"),
    ("README.md", "The password is `hunter22`."),
    ("README.md", "| password | hunter22 |"),
    ("run.ipynb", "{'user': 'a', 'password': 'hunter22'}"),
    ("run.ipynb", "password: hunter22"),
    ("secret.yaml", "kind: Secret\nstringData:\n  any.conf: |\n    first\n    x hunter22 y\n"),
]


@pytest.mark.parametrize(("path", "text"), FORMS)
def test_a_password_goes_from_every_form(path: str, text: str) -> None:
    result = redact(text, path)
    assert "hunter22" not in result.text
    assert "[redacted: " in result.text


KEPT = [
    ("app.py", 'password = "changeme"'),
    (".env", "TOKEN=your-token-here"),
    ("app.py", 'token = "<token>"'),
    (".env", "API_TOKEN=${VAR}"),
    (".env", "SECRET_KEY="),
    ("app.py", 'api_key = os.environ["API_KEY"]'),
    ("play.yml", "password: {{ secret }}"),
    ("app.py", "SECRET_KEY = settings.SECRET_KEY"),
    ("app.py", "def login(password: str) -> None:"),
    ("app.py", "login(user=user, password=password)"),
    ("app.py", "token = create_token()"),
    ("app.py", '{"token": response_token_2}'),
    ("app.py", "ACCESS_TOKEN_EXPIRE_MINUTES = 30"),
    ("app.py", "generate(max_tokens=512)"),
    ("app.py", 'TOKEN_TYPE = "bearer"'),
    ("app.py", 'tokenizer.pad_token = "<|endoftext|>"'),
    ("app.py", 'assert body["token_type"] == "bearer"'),
    ("app.py", "password = Column(String(128), nullable=False)"),
    ("app.py", 'ID = "123e4567-e89b-12d3-a456-426614174000"'),
    (
        "app.py",
        'if pem.startswith("-----BEGIN PRIVATE KEY-----"):\n    pass\nend = "-----END PRIVATE KEY-----"',
    ),
    ("app.py", 'AWS = "AKIA' + 'IOSFODNN7EXAMPLE"'),
    ("app.go", 'if token == "" {'),
    ("app.ts", "interface Login { password?: string; token: string }"),
    ("de.json", '{"password": "Passwort"}'),
    ("en.json", '{"password": "Enter your password"}'),
    ("form.html", '<input type="password" name="password" placeholder="Password" id="password">'),
    ("main.tf", "password = random_password.db.result"),
    ("run.sh", "TOKEN=$(vault read -field=token x)"),
    ("run.sh", "export PASSWORD=$1"),
    ("ci.yml", "token: ${{ secrets.GITHUB_TOKEN }}"),
    ("ci.yml", "uses: actions/checkout@8e5e7e5ab8b370d6c329ec480221332ada57f0ab"),
    ("deploy.yaml", "secretKeyRef:\n  name: db\n  key: password"),
    ("deploy.yaml", "secretName: my-tls-secret"),
    ("compose.yml", "POSTGRES_PASSWORD_FILE: /run/secrets/db_password"),
    (
        "vault.yml",
        "password: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6231336539666234306139346433616338376437363",
    ),
    ("sops.yaml", "kind: Secret\ndata:\n  password: ENC[AES256_GCM,data:p673w==,iv:YY=,aad:UQ=,tag:A=]"),
    ("sops.yaml", "password: ENC[AES256_GCM,data:p673w==,iv:YY=,aad:UQ=,tag:A=]"),
    ("package-lock.json", '"integrity": "sha512-' + "yAnz5TFlXXJte14tji3zlMNq" * 3 + '=="'),
    ("poetry.lock", 'hash = "sha256:' + "0a1b2c3d4e5f6071" * 4 + '"'),
    ("notes.txt", "commit 93144b288eb1fdccbe46d6fc0f241a51766ecd3d"),
    ("schema.sql", "token VARCHAR(64) NOT NULL"),
    ("chart/secret.yaml", "kind: Secret\ndata:\n  tls.crt: |\n{{ .Values.crt | indent 4 }}\n"),
    ("chart/end.yaml", "kind: Secret\nstringData:\n  config: >-"),
    ("README.md", "The token expires after a day; keep the password secret: it must not be shared."),
    ("README.md", "Never commit a password: use a vault instead."),
    ("id.pub", "ssh-rsa " + "AAAAB3NzaC1yc2EAAAADAQABAAABgQC7vbqajDw4o6gJy8Ut" + " bob@host"),
    ("plot.ipynb", '"image/png": "iVBORw0KGgo' + "Aa1Bb2Cc3Dd4Ee5Ff6Gg7" * 600 + '"'),
]


@pytest.mark.parametrize(("path", "text"), KEPT)
def test_what_is_no_secret_stays(path: str, text: str) -> None:
    assert redact(text, path).text == text


def test_the_packs_own_counter_examples_stay() -> None:
    examples = [line for pattern in load_pack().patterns for line in pattern.keeps]
    assert len(examples) > 15
    assert [line for line in examples if redact(line, "notes.md").text != line] == []


def test_a_finding_names_its_kind_and_line() -> None:
    token = "gh" + "p_" + "a1B2c3D4e5" * 4
    result = redact(f"# one\n\nx = '{token[:40]}'\npassword = 'hunter22'\n", "app.py")
    assert result.found == (Redaction(result.found[0].kind, 3), Redaction("password", 4))
    assert result.found[0].kind.startswith("github")
    assert result.text.splitlines()[3] == "password = '[redacted: password]'"


def test_each_line_of_a_private_key_is_replaced_and_nothing_after_it() -> None:
    key = next(f for f in BY_KIND["rsa private key"] if f.context == "YAML")
    lines = redact(key.text, key.path).text.splitlines()
    assert lines.count("  [redacted: private key]") == len(key.hidden) + 2
    assert lines[-1] == "image: redis:7.2"


def test_a_private_key_that_was_cut_off_goes_too() -> None:
    key = next(f for f in BY_KIND["openssh private key"] if f.context == "YAML")
    cut = "\n".join(key.text.splitlines()[:7]) + "\n\nThe rest of the page.\n"
    text = redact(cut, "notes.md").text
    assert not any(part in text for part in key.hidden)
    assert text.endswith("\n\nThe rest of the page.\n")


def test_a_token_at_the_end_of_a_line_longer_than_any_window() -> None:
    token = "gl" + "pat-" + "a1B2c3D4e5" * 2
    text = "word " * 3000 + token + " word" * 3000
    assert token not in redact(text, "bundle.js").text


def test_an_error_tells_the_path_and_nothing_of_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(text: str, limits: object) -> None:
        raise redaction.redact_secret.SecretScanError(text)

    monkeypatch.setattr(redaction.redact_secret, "scan", fail)
    with pytest.raises(UnreadableFileError) as caught:
        redact("value = 'a1B2c3D4e5a1B2c3D4e5a1'", "app/settings.py")
    assert "app/settings.py" in str(caught.value)
    assert "a1B2c3D4e5" not in str(caught.value)
    assert caught.value.__suppress_context__


PIECES = st.sampled_from(
    ["\n", "\r\n", "\u2028", " ", '"', "'", "=", ": ", "{", "}", "[redacted: password]", "password", "token", "://a:",
     "@b", "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----", "kind: Secret\ndata:\n  a: b", "\\n", "İ", "\ud800",
     *(part for file in PLANTED[::25] for part in (*file.hidden, file.text))]
)  # fmt: skip
TEXTS = st.lists(st.one_of(PIECES, st.text(max_size=8)), max_size=12).map("".join)
PATHS = st.sampled_from(
    ["a.py", "a.yaml", ".env", "README.md", "a.ipynb", "a.json", ".netrc", "history.patch"]
)


@given(TEXTS, PATHS)
def test_lines_are_kept_and_a_second_time_changes_nothing(text: str, path: str) -> None:
    once = redact(text, path)
    assert once.text.count("\n") == text.count("\n")
    assert len(once.text.splitlines()) == len(text.splitlines())
    assert all(1 <= r.line <= text.count("\n") + 1 for r in once.found)
    twice = redact(once.text, path)
    assert twice.text == once.text
    assert twice.found == ()
    assert bool(once.found) == (once.text != text)


PRIVATE = yaml.safe_load((ROOT / "src/proofolio/packs/secrets.yaml").read_text(encoding="utf-8"))["private"]


@pytest.mark.parametrize("entry", PRIVATE, ids=lambda entry: entry["kind"])
def test_private_details_are_masked_and_lookalikes_stay(entry: dict[str, list[str]]) -> None:
    assert [line for line in entry["masks"] if f"[redacted: {entry['kind']}]" not in mask_private(line)] == []
    assert [line for line in entry["keeps"] if mask_private(line) != line] == []


@given(TEXTS)
def test_masking_keeps_lines_and_is_idempotent(text: str) -> None:
    once = mask_private(text)
    assert once.count("\n") == text.count("\n")
    assert mask_private(once) == once


def test_a_bare_value_goes_to_its_very_end() -> None:
    token = "a1B2c3D4e5" * 97
    assert (
        redact(f"SESSION_TOKEN={token}\nPORT=80\n", ".env").text
        == "SESSION_TOKEN=[redacted: secret]\nPORT=80\n"
    )
