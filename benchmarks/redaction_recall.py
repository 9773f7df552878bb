"""Plant made-up secrets of every kind in every sort of file, redact, and write what was missed.

``python benchmarks/redaction_recall.py [--clean NAME=FOLDER ...] [--write]`` prints the table that stands in
``benchmarks/results/redaction.md``. Secrets are drawn from a seeded generator and put together from parts,
so nothing that looks valid is ever committed; ``tests/test_redaction.py`` draws from the same generator.
"""

from __future__ import annotations

import argparse
import base64
import json
import random
import string
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from proofolio.evidence.redaction import redact

SEED = 20_260_117
ROUNDS = 20
RESULTS = Path(__file__).parent / "results" / "redaction.md"

ALNUM = string.ascii_letters + string.digits
LOWER = string.ascii_lowercase + string.digits
UPPER = string.ascii_uppercase + string.digits
HEX = "0123456789abcdef"
WEB = ALNUM + "-_"
B64 = ALNUM + "+/"


def draw(rng: random.Random, length: int, alphabet: str = ALNUM) -> str:
    """``length`` characters of ``alphabet``, at least one of them a letter and one a digit."""
    while True:
        text = "".join(rng.choices(alphabet, k=length))
        if any(c.isdigit() for c in text) and any(c.isalpha() for c in text) and text[-1] not in "-_":
            return text


def password(rng: random.Random) -> str:
    """What people type: words, digits and, half of the time, a symbol that needs no escaping."""
    syllables = ["".join(rng.choices("bcdfgklmnprstvz", k=1)) + rng.choice("aeiou") for _ in range(4)]
    tail = draw(rng, 4, LOWER) + rng.choice(["", "!", "%", "+", "_"])
    return "".join(syllables).capitalize() + tail


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of secret: the setting that usually holds it, how to make it, whether it is known by itself.

    ``make`` returns the value that is written down and the parts of it that must not survive.
    ``distinct`` kinds are also planted under a name that says nothing.
    """

    name: str
    setting: str
    make: Callable[[random.Random], tuple[str, tuple[str, ...]]]
    distinct: bool = True


def whole(make: Callable[[random.Random], str]) -> Callable[[random.Random], tuple[str, tuple[str, ...]]]:
    """A maker whose entire value is the secret."""

    def made(rng: random.Random) -> tuple[str, tuple[str, ...]]:
        value = make(rng)
        return value, (value,)

    return made


def inside(
    template: str, make: Callable[[random.Random], str]
) -> Callable[[random.Random], tuple[str, tuple[str, ...]]]:
    """A maker that puts the secret into ``template`` at ``@@``; only the secret has to go."""

    def made(rng: random.Random) -> tuple[str, tuple[str, ...]]:
        secret = make(rng)
        return template.replace("@@", secret), (secret,)

    return made


def pem(label: str, lines: int = 12) -> Callable[[random.Random], tuple[str, tuple[str, ...]]]:
    """An armoured private key with ``lines`` lines of made-up material."""

    def made(rng: random.Random) -> tuple[str, tuple[str, ...]]:
        body = [draw(rng, 64, B64) for _ in range(lines)] + [draw(rng, 30, B64) + "=="]
        dashes = "-" * 5
        return "\n".join([f"{dashes}BEGIN {label}{dashes}", *body, f"{dashes}END {label}{dashes}"]), tuple(
            body
        )

    return made


def uuid(rng: random.Random) -> str:
    return "-".join(draw(rng, n, HEX) for n in (8, 4, 4, 4, 12))


def jwt(rng: random.Random) -> str:
    def part(data: dict[str, str | int]) -> str:
        return base64.urlsafe_b64encode(json.dumps(data).encode()).decode().rstrip("=")

    claims: dict[str, str | int] = {"sub": draw(rng, 10), "iat": rng.randrange(10**9, 2 * 10**9)}
    return ".".join([part({"alg": "HS256", "typ": "JWT"}), part(claims), draw(rng, 43, WEB)])


def docker_auth(rng: random.Random) -> str:
    return base64.b64encode(f"builder:{password(rng)}".encode()).decode()


KINDS: tuple[Kind, ...] = (
    Kind("aws access key id", "AWS_ACCESS_KEY_ID", whole(lambda r: "AK" + "IA" + draw(r, 16, string.ascii_uppercase + "234567"))),
    Kind("aws secret access key", "AWS_SECRET_ACCESS_KEY", whole(lambda r: draw(r, 40, B64)), False),
    Kind("aws session token", "AWS_SESSION_TOKEN", whole(lambda r: "IQoJb3JpZ2lu" + draw(r, 260, B64) + "=="), False),
    Kind("gcp api key", "MAPS_KEY", whole(lambda r: "AI" + "za" + draw(r, 35, WEB))),
    Kind("gcp oauth client secret", "CLIENT_SECRET", whole(lambda r: "GOC" + "SPX-" + draw(r, 28, WEB))),
    Kind("gcp service account key", "private_key", pem("PRIVATE KEY")),
    Kind("azure storage key", "AZURE_STORAGE_CONNECTION_STRING", inside("DefaultEndpointsProtocol=https;AccountName=lake;AccountKey=@@;EndpointSuffix=core.windows.net", lambda r: draw(r, 86, B64) + "==")),
    Kind("azure sas token", "SAS_URL", inside("https://lake.blob.core.windows.net/raw?sv=2022-11-02&ss=b&srt=sco&sp=rl&se=2025-01-01T00:00:00Z&sig=@@", lambda r: draw(r, 42, ALNUM) + "o%3D")),
    Kind("azure client secret", "AZURE_CLIENT_SECRET", whole(lambda r: draw(r, 3) + "8Q~" + draw(r, 34, ALNUM + "_"))),
    Kind("github personal token", "GH_TOKEN", whole(lambda r: "gh" + "p_" + draw(r, 36))),
    Kind("github oauth token", "GH_TOKEN", whole(lambda r: "gh" + "o_" + draw(r, 36))),
    Kind("github server token", "GH_TOKEN", whole(lambda r: "gh" + "s_" + draw(r, 36))),
    Kind("github fine-grained token", "GH_TOKEN", whole(lambda r: "github" + "_pat_" + draw(r, 22) + "_" + draw(r, 59))),
    Kind("gitlab token", "GITLAB_TOKEN", whole(lambda r: "gl" + "pat-" + draw(r, 20, WEB))),
    Kind("slack token", "SLACK_TOKEN", whole(lambda r: "xo" + "xb-" + draw(r, 12, "123456789a")[:12] .replace("a", "7") + "-" + "".join(r.choices(string.digits, k=13)) + "-" + draw(r, 24))),
    Kind("slack webhook", "ALERT_URL", inside("https://hooks.slack" + ".com/services/@@", lambda r: f"T{draw(r, 8, UPPER)}/B{draw(r, 10, UPPER)}/{draw(r, 24)}")),
    Kind("stripe key", "STRIPE_KEY", whole(lambda r: "sk_" + "live_" + draw(r, 24))),
    Kind("twilio auth token", "TWILIO_AUTH_TOKEN", whole(lambda r: draw(r, 32, HEX)), False),
    Kind("sendgrid key", "SENDGRID_KEY", whole(lambda r: "S" + "G." + draw(r, 22, WEB) + "." + draw(r, 43, WEB))),
    Kind("mailgun key", "MAILGUN_API_KEY", whole(lambda r: "key" + "-" + draw(r, 32, HEX)), False),
    Kind("npm token", "NPM_TOKEN", whole(lambda r: "np" + "m_" + draw(r, 36))),
    Kind("npmrc auth", "//registry.npmjs.org/:_authToken", whole(lambda r: uuid(r)), False),
    Kind("pypi token", "TWINE_PASSWORD", whole(lambda r: "py" + "pi-AgEIcHlwaS5vcmc" + draw(r, 90, WEB))),
    Kind("docker hub token", "DOCKER_TOKEN", whole(lambda r: "dckr" + "_pat_" + draw(r, 27, WEB))),
    Kind("docker registry auth", "auth", whole(docker_auth), False),
    Kind("heroku key", "HEROKU_API_KEY", whole(uuid), False),
    Kind("digitalocean token", "DO_TOKEN", whole(lambda r: "dop" + "_v1_" + draw(r, 64, HEX))),
    Kind("databricks token", "DATABRICKS_TOKEN", whole(lambda r: "da" + "pi" + draw(r, 32, HEX))),
    Kind("snowflake password", "SNOWFLAKE_PASSWORD", whole(password), False),
    Kind("openai key", "OPENAI_KEY", whole(lambda r: "sk-" + "proj-" + draw(r, 74, WEB) + "T3Blbk" + "FJ" + draw(r, 74, WEB))),
    Kind("openai legacy key", "OPENAI_KEY", whole(lambda r: "sk" + "-" + draw(r, 20) + "T3Blbk" + "FJ" + draw(r, 20))),
    Kind("anthropic key", "ANTHROPIC_KEY", whole(lambda r: "sk-" + "ant-api03-" + draw(r, 93, WEB) + "AA")),
    Kind("hugging face token", "HF_TOKEN", whole(lambda r: "h" + "f_" + draw(r, 34))),
    Kind("telegram bot token", "BOT_TOKEN", whole(lambda r: str(r.randrange(10**8, 10**10)) + ":AA" + draw(r, 33, WEB))),
    Kind("discord bot token", "DISCORD_TOKEN", whole(lambda r: base64.b64encode(str(r.randrange(10**17, 10**18)).encode()).decode().rstrip("=") + "." + draw(r, 6, WEB) + "." + draw(r, 38, WEB))),
    Kind("discord webhook", "HOOK", inside("https://discord.com/api" + "/webhooks/1098765432109876543/@@", lambda r: draw(r, 68, WEB))),
    Kind("jwt", "ID_TOKEN", whole(jwt)),
    Kind("rsa private key", "SSH_KEY", pem("RSA PRIVATE KEY")),
    Kind("ec private key", "SIGNING_PEM", pem("EC PRIVATE KEY", 3)),
    Kind("openssh private key", "DEPLOY_KEY", pem("OPENSSH PRIVATE KEY")),
    Kind("encrypted private key", "TLS_KEY", pem("ENCRYPTED PRIVATE KEY")),
    Kind("pgp private key", "GPG", pem("PGP PRIVATE KEY BLOCK")),
    Kind("age secret key", "AGE_IDENTITY", whole(lambda r: "AGE-SECRET" + "-KEY-1" + draw(r, 58, "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"))),
    Kind("basic auth in a url", "MIRROR", inside("https://builder:@@@mirror.example.org/simple", password)),
    Kind("postgres url", "DATABASE_URL", inside("postgresql+psycopg2://app:@@@db.internal:5432/shop", password)),
    Kind("mysql url", "DATABASE_URL", inside("mysql://app:@@@10.0.0.4/shop", password)),
    Kind("mongodb url", "MONGO_URI", inside("mongodb+srv://app:@@@cluster0.ab1cd.mongodb.net/shop", password)),
    Kind("redis url", "REDIS_URL", inside("redis://:@@@cache.internal:6379/0", password)),
    Kind("amqp url", "BROKER", inside("amqp://worker:@@@mq.internal:5672//", password)),
    Kind("sqlserver string", "WAREHOUSE", inside("Server=tcp:db.internal,1433;Database=dw;User ID=etl;Password=@@;Encrypt=true", password)),
    Kind("jdbc url", "JDBC_URL", inside("jdbc:postgresql://db.internal/shop?user=app&password=@@&ssl=true", password)),
    Kind("libpq string", "DSN", inside("host=db.internal dbname=shop user=app password=@@ sslmode=require", password)),
    Kind("password", "db_password", whole(password), False),
    Kind("generic secret", "session_secret", whole(lambda r: draw(r, 32)), False),
    Kind("generic token", "deploy_token", whole(lambda r: draw(r, 28, WEB)), False),
    Kind("generic api key", "WEATHER_API_KEY", whole(lambda r: draw(r, 32, HEX)), False),
    Kind("django secret key", "SECRET_KEY", whole(lambda r: "django-insecure-" + draw(r, 50, LOWER + "!@%^&*(-_=+)")), False),
    Kind("fernet key", "FERNET_KEY", whole(lambda r: draw(r, 42, WEB) + "8="), False),
    Kind("bearer header", "Authorization", inside("Bearer @@", lambda r: draw(r, 40)), False),
    Kind("basic header", "Authorization", inside("Basic @@", docker_auth), False),
    Kind("bcrypt hash", "admin_hash", whole(lambda r: "$2" + "y$10$" + draw(r, 53, ALNUM + "./"))),
    Kind("htpasswd apr1 hash", "htpasswd", inside("admin:@@", lambda r: "$ap" + "r1$" + draw(r, 8) + "$" + draw(r, 22, ALNUM + "./"))),
    Kind("sha512 crypt hash", "shadow", whole(lambda r: "$" + "6$" + draw(r, 12) + "$" + draw(r, 86, ALNUM + "./"))),
    Kind("shopify token", "SHOP", whole(lambda r: "shp" + "at_" + draw(r, 32, HEX))),
    Kind("vault token", "VAULT", whole(lambda r: "hv" + "s." + draw(r, 92, WEB))),
    Kind("grafana token", "GRAFANA", whole(lambda r: "gl" + "sa_" + draw(r, 32) + "_" + draw(r, 8, HEX))),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Planted:
    """A file with one secret in it: ``hidden`` must be gone after redaction, ``kept`` lines must stay."""

    kind: str
    context: str
    path: str
    text: str
    hidden: tuple[str, ...]
    kept: tuple[str, ...]


def _python(name: str, value: str) -> str:
    if not name.isidentifier():
        return f'settings = {{"{name}": "{value}"}}'
    return f'{name} = """{value}"""' if "\n" in value else f'{name} = "{value}"'


def _yaml(name: str, value: str) -> str:
    if "\n" in value:
        return f"{name}: |\n" + "\n".join("  " + line for line in value.split("\n"))
    return f"{name}: {value}" if value[0].isalnum() and ": " not in value else f"{name}: '{value}'"


def _env(name: str, value: str) -> str:
    return f'{name}="{value}"' if "\n" in value else f"{name}={value}"


def _terraform(name: str, value: str) -> str:
    name = name.lower() if name.isidentifier() else f'"{name}"'
    return f"{name} = <<EOT\n{value}\nEOT" if "\n" in value else f'{name} = "{value}"'


def _shell(name: str, value: str) -> str:
    if not name.isidentifier():
        return f"echo '{name}={value}' >> ~/.npmrc"
    return f"export {name}='{value}'"


def _markdown(name: str, value: str) -> str:
    return f"Set it before the first run:\n\n```sh\nexport {name}='{value}'\n```\n\nThen start the service."


def _json(name: str, value: str) -> str:
    return f"  {json.dumps(name)}: {json.dumps(value)},"


def _output(name: str, value: str) -> str:
    return repr({"region": "eu-west-1", name: value}) if "\n" not in value else value


def _notebook(name: str, value: str) -> str:
    source = [line + "\n" for line in _python(name, value).split("\n")]
    return json.dumps({"cells": [{"cell_type": "code", "outputs": [], "source": source}]}, indent=1)


def _patch(name: str, value: str) -> str:
    return "\n".join("+" + line for line in _env(name, value).split("\n"))


@dataclass(frozen=True, slots=True)
class Context:
    """A sort of file: its path, how a setting is written in it, innocent lines before and after."""

    name: str
    path: str
    write: Callable[[str, str], str]
    before: str = ""
    after: str = ""


CONTEXTS: tuple[Context, ...] = (
    Context("Python", "app/settings.py", _python, "import os\nTOKEN_TYPE = 'bearer'", "MAX_TOKENS = 512"),
    Context("notebook source", "explore.ipynb", _python, "import pandas as pd", "df = pd.read_csv(path)"),
    Context("notebook output", "explore.ipynb", _output, "config", "Epoch 1/5 loss 0.312"),
    Context("notebook JSON", "raw.ipynb.json", _notebook),
    Context("YAML", "deploy/values.yaml", _yaml, "replicas: 2", "image: redis:7.2"),
    Context(".env", ".env", _env, "PORT=8080", "DEBUG=false"),
    Context("JSON", "config.json", _json, "{", '  "port": 8080\n}'),
    Context("Markdown", "README.md", _markdown, "# Setup", "The token expires after a day."),
    Context("Terraform", "main.tf", _terraform, 'region = "eu-west-1"', "tags = { team = var.team }"),
    Context("shell", "run.sh", _shell, "set -euo pipefail", 'docker run -e "TOKEN=$TOKEN" app'),
    Context("git patch", "history.patch", _patch, "@@ -1,2 +1,3 @@\n PORT=8080", " DEBUG=false"),
)


def plant(seed: int, rounds: int = 1) -> Iterator[Planted]:
    """Every kind in every context, ``rounds`` times; distinctive kinds also under a name that says nothing."""
    rng = random.Random(seed)
    for _ in range(rounds):
        for kind in KINDS:
            names = (kind.setting, "value") if kind.distinct else (kind.setting,)
            for context in CONTEXTS:
                for name in names:
                    value, hidden = kind.make(rng)
                    parts = [context.before, context.write(name, value), context.after]
                    text = "\n".join(part for part in parts if part) + "\n"
                    kept = tuple(f"{context.before}\n{context.after}".split("\n"))
                    yield Planted(kind.name, context.name, context.path, text, hidden, kept)


def recall(rounds: int) -> tuple[dict[tuple[str, str], list[bool]], int]:
    """Whether each planted secret is gone, by kind and context; and how many files lost an innocent line."""
    found: dict[tuple[str, str], list[bool]] = defaultdict(list)
    harmed = 0
    for file in plant(SEED, rounds):
        redacted = redact(file.text, file.path).text
        found[file.kind, file.context].append(not any(part in redacted for part in file.hidden))
        harmed += any(line not in redacted for line in file.kept)
    return found, harmed


SKIPPED = {".git", "node_modules", "__pycache__"}


@dataclass(frozen=True, slots=True)
class Clean:
    """What redaction did to a folder that holds no secret: files, lines, findings by kind, seconds."""

    name: str
    files: int
    lines: int
    megabytes: float
    seconds: float
    kinds: tuple[tuple[str, int], ...]


def false_positives(name: str, folder: Path) -> Clean:
    """Redact every text file under ``folder``; the time leaves out reading."""
    files = [p for p in sorted(folder.rglob("*")) if p.is_file() and not SKIPPED & set(p.parts)]
    texts: list[tuple[str, str]] = []
    for file in files:
        try:
            texts.append((str(file.relative_to(folder)), file.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue  # a binary file
    kinds: dict[str, int] = defaultdict(int)
    redact("warm = up", "up.py")
    start = time.perf_counter()
    for path, text in texts:
        for redaction in redact(text, path).found:
            kinds[redaction.kind] += 1
    seconds = time.perf_counter() - start
    lines = sum(text.count("\n") + 1 for _, text in texts)
    ranked = tuple(sorted(kinds.items(), key=lambda item: -item[1]))
    return Clean(name, len(texts), lines, sum(len(t) for _, t in texts) / 1e6, seconds, ranked)


def report(rounds: int, clean: list[Clean]) -> str:
    """The tables of the result page, as Markdown."""
    found, harmed = recall(rounds)
    every = [hit for hits in found.values() for hit in hits]
    contexts = [c.name for c in CONTEXTS]
    lines = [
        "# Redaction: recall and false positives",
        "",
        f"Made by `python benchmarks/redaction_recall.py --write` (seed {SEED}, {rounds} rounds). "
        f"{len(KINDS)} kinds in {len(CONTEXTS)} sorts of file, {len(every):,} planted secrets: "
        f"**{sum(every) / len(every):.2%}** gone; files in which an innocent line was changed: {harmed}.",
        "The generator and the rules have one author, so this measures coverage, not the unknown: "
        "a secret in a form that nobody here thought of is not in the table.",
        "",
        "| kind | " + " | ".join(contexts) + " |",
        "|---|" + "---|" * len(contexts),
    ]
    for kind in KINDS:
        shares = (found[kind.name, context] for context in contexts)
        lines.append(f"| {kind.name} | " + " | ".join(f"{sum(s) / len(s):.0%}" for s in shares) + " |")
    if clean:
        lines += [
            "",
            "## On code that holds no secret",
            "",
            "Every finding is counted, also those that a reader would call right "
            "(an example password in a URL, a demonstration key in a docstring).",
            "",
            "| what | files | lines | MB | seconds | findings | per 1,000 lines | kinds |",
            "|---|---|---|---|---|---|---|---|",
        ]
    for c in clean:
        total = sum(n for _, n in c.kinds)
        kinds = ", ".join(f"{kind} {n}" for kind, n in c.kinds[:6])
        lines.append(
            f"| {c.name} | {c.files:,} | {c.lines:,} | {c.megabytes:.1f} | {c.seconds:.2f} | {total} "
            f"| {1000 * total / max(c.lines, 1):.3f} | {kinds} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Print the report; with ``--write``, keep it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--clean", action="append", default=[], metavar="NAME=FOLDER")
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    pairs = [item.partition("=")[::2] for item in given.clean]
    text = report(given.rounds, [false_positives(name, Path(folder)) for name, folder in pairs])
    print(text)
    if given.write:
        RESULTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
