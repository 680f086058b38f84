"""Values and laws: the standard library only, no clock, no I/O, no environment."""
