"""What pyproject.toml cannot say: directories beside the packages that are installed as parts of them.

alembic/ cannot be a package (it would shadow the library of that name), and templates are easier found at the top.
`storage.migrations` and `fedi.paths` look for them in both places.
"""

from pathlib import Path

from setuptools import find_packages, setup

PARTS = {
    "storage._alembic": "alembic",
    "fedi._templates": "templates",
    "fedi._locales": "locales",
}
present = {package: directory for package, directory in PARTS.items() if Path(directory).is_dir()}

setup(
    packages=find_packages(include=["fedi*", "federation*", "storage*"]) + list(present),
    package_dir=present,
    package_data={package: ["*", "**/*"] for package in present} | {"fedi": ["static/**/*"]},
)
