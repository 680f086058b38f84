"""The sandbox by the judgement of X's own SDK, and of a consumer that shares no code with it."""
