"""What all tests share."""

import os

from hypothesis import settings

# no deadline: nothing in a test depends on how fast the machine is; in CI the same examples every time
settings.register_profile("twin", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("twin")
