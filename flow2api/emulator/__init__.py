"""The Flow service, emulated on loopback with faults on demand: for the demo and for the tests.

`core.Emulator` holds all state and answers requests; `app` and `fast` are two servers in front of it; `control` lets another
process look at it and change it. It is written from the description of the wire alone and shares no code with the client of the
real service, so that the two cannot agree on a mistake.
"""
