"""Print the lowest version of each dependency that pyproject.toml allows, as constraints for pip."""

import re
import tomllib
from pathlib import Path

PYPROJECT = Path(__file__).parent.parent / "pyproject.toml"
LOWEST = re.compile(r"([\w-]+)>=([\w.]+)")


def lowest() -> list[str]:
    """Return one constraint for each dependency of the package and of its extras, test tools apart."""
    project = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    needed = [
        *project["dependencies"],
        *(line for name in extras if name != "dev" for line in extras[name]),
    ]
    return ["==".join(found.groups()) for line in needed if (found := LOWEST.match(line))]


if __name__ == "__main__":
    print("\n".join(lowest()))
