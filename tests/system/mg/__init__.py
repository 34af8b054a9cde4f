"""What the system tests, the demo and the benchmark are made of.

Every part runs in a folder of its own on loopback ports of its own, and is
gone when its place is closed: no process, no mount and no file is left.
"""
