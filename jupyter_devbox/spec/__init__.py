"""The frozen values that stages exchange. Pure: no I/O, no clock, no environment."""
