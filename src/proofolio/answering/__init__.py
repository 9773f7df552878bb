"""From a question to a draft: plan, candidates, frames, premises, composer."""
