"""Technologies are found in questions by any of their names, and English words are left alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofolio.evidence.mentions import mentioned_in

QUESTIONS = [
    ("Why did you pick Kafka over RabbitMQ?", ["kafka", "rabbitmq"]),
    ("Do you use sklearn's or scikit-learn's SVM?", ["scikit-learn", "scikit-learn", "svm"]),
    ("What about k8s' autoscaling on EKS?", ["kubernetes", "eks"]),
    ("Did you put Postgres15 behind pgbouncer?", ["postgresql", "pgbouncer"]),
    ("Why .NET and C#, not C++ or node.js?", ["dotnet", "csharp", "cpp", "nodejs"]),
    ("Spring Boot, Spring Security or nodejs?", ["spring-boot", "spring-security", "nodejs"]),
    ("Is this on GitHub or GitHub Actions?", ["github", "github-actions"]),
    ("How are your Dockerfiles laid out?", ["docker"]),
    ("Why Go and not Rust?", ["go-lang", "rust"]),
    ("Did you use go for this?", ["go-lang"]),
    ("pandas or spark?", ["pandas", "spark"]),
    ("Python, R and SQL: which one?", ["python", "r-lang", "sql"]),
    ("How do your React hooks work?", ["react"]),
    ("How many react components re-render?", ["react"]),
    ("Is Snowflake worth it?", ["snowflake"]),
    ("Did you try Vault for the secrets?", ["vault"]),
]
NOT_NAMED = [
    "How would you go about it, and where does the data go?",
    "How would you react to an outage?",
    "Express your thoughts and make it quick.",
    "Is the null hypothesis rejected?",
    "Your R-squared was 0.8, why?",
    "Do the marts follow a snowflake schema?",
    "How do you handle requests from users?",
    "Where do guard rails help?",
    "What sparks joy in this helm of yours?",
    "See https://github.com/redis/kafka for more?",
    "What do you excel at, and what do you segment?",
]


@pytest.mark.parametrize(("question", "expected"), QUESTIONS)
def test_technologies_are_found_in_a_question(question: str, expected: list[str]) -> None:
    found = mentioned_in(question)
    assert [m.technology.id for m in found] == expected
    assert all(question[m.start : m.end] == m.text for m in found)


@pytest.mark.parametrize("question", NOT_NAMED)
def test_english_words_are_no_technologies(question: str) -> None:
    assert mentioned_in(question) == []


@given(
    st.text(max_size=200)
    | st.lists(
        st.sampled_from(["Go", "go", "R", " ", "kafka", "or", "Node.js", ".", "C++", "#", "\n"]), max_size=30
    ).map("".join)
)
def test_a_mention_is_the_text_at_its_place(text: str) -> None:
    found = mentioned_in(text)
    assert all(text[m.start : m.end] == m.text for m in found)
    assert [m.start for m in found] == sorted(m.start for m in found)
