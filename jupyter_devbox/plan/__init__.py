"""Facts → decisions with reasons. Pure: arguments in, value out.

Its modules are imported one by one: `status` needs a few of them, and has no time for the others.
"""
