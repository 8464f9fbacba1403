"""The control types of S2 (EN 50491-12-2) as state machines, without a wire.

Here powers are positive while the device consumes, as S2 counts; the handle of the device converts.
"""
