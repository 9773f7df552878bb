"""Between a draft and an answer: each citation re-read, each number and name looked up in it."""
