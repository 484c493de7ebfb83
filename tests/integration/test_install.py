"""The package as users get it: wheel, editable, and straight from a git checkout, without a network."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path

import pytest

import warriorcoder

pytestmark = pytest.mark.install

ROOT = Path(__file__).resolve().parent.parent.parent
with (ROOT / "pyproject.toml").open("rb") as _file:
    FOLDERS: dict[str, str] = tomllib.load(_file)["tool"]["setuptools"]["package-dir"]

SHOW = """
import importlib, json, pkgutil, sys, warriorcoder
from importlib.resources import files
found = {}
for package in json.loads(sys.argv[1]):
    root = files(package)
    counted = [path for path in root.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    found[package] = [str(root), len(counted)]
print(json.dumps({"version": warriorcoder.__version__, "found": found}))
"""


def run(*command: str | Path, cwd: Path) -> str:
    """A command's output. It sees no index, and none of the packages that the tests' own environment is told of."""
    settings = {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    settings |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | settings
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def source_files() -> list[str]:
    """Every file of the repository as it lies here: tracked, or new and not ignored."""
    listed = run("git", "ls-files", "--cached", "--others", "--exclude-standard", cwd=ROOT).splitlines()
    return sorted({name for name in listed if (ROOT / name).is_file()})


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A git repository with the files as they are now, at a path with a space in it."""
    copy = tmp_path_factory.mktemp("source") / "warrior coder"
    for name in source_files():
        target = copy / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target)
    run("git", "init", "--quiet", cwd=copy)
    run("git", "add", "--all", cwd=copy)
    author = ("-c", "user.name=test", "-c", "user.email=test@localhost")
    run("git", *author, "commit", "--quiet", "--message", "The files as they are", cwd=copy)
    return copy


class Environment:
    """A new virtual environment that sees the dependencies of this one, but not its warriorcoder."""

    def __init__(self, folder: Path) -> None:
        run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder.parent)
        self.folder = folder
        self.python = folder / "bin" / "python"
        self.packages = Path(sysconfig.get_path("purelib", "venv", {"base": str(folder)}))
        # A folder named in a .pth file has its own .pth files left unread: that of an editable warriorcoder too.
        (self.packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")

    def install(self, *what: str | Path) -> None:
        run(self.python, "-m", "pip", "install", "--no-deps", "--no-build-isolation", *what, cwd=self.folder)

    def added(self) -> set[str]:
        """What lies in site-packages, metadata left out."""
        names = {path.name for path in self.packages.iterdir()} - {"dependencies.pth"}
        return {name for name in names if not name.endswith(".dist-info")}


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    return Environment(tmp_path / "venv")


def packaged(folders: dict[str, str]) -> dict[str, str]:
    """Where each file of the package lies in a wheel: its path there, and here."""
    return {
        f"{package.replace('.', '/')}/{name.removeprefix(folder + '/')}": name
        for name in source_files()
        for package, folder in folders.items()
        if name.startswith(f"{folder}/")
    }


def check_it_works(environment: Environment, within: Path) -> None:
    """Every room is imported from below `within` with all its files, and the command starts."""
    shown = json.loads(run(environment.python, "-c", SHOW, json.dumps(list(FOLDERS)), cwd=environment.folder))
    expected = packaged(FOLDERS)
    for package, folder in FOLDERS.items():
        place, count = shown["found"][package]
        assert Path(place).is_relative_to(within), f"{package} is imported from {place}"
        below = f"{package.replace('.', '/')}/"
        # The wheel puts the rooms into the package's own folder, an editable install leaves them where they are.
        nested = package == "warriorcoder" and within == environment.packages
        own = [
            path
            for path, name in expected.items()
            if path.startswith(below) and (nested or name.startswith(f"{folder}/"))
        ]
        assert count == len(own), f"{package} has {count} files, the repository has {len(own)}"
    assert "Usage: warrior" in run(environment.folder / "bin" / "warrior", "--help", cwd=environment.folder)


def wheel_of(source: Path, folder: Path) -> Path:
    run(sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-w", folder, source, cwd=folder)
    (wheel,) = folder.glob("warriorcoder-*.whl")
    return wheel


def test_the_wheel_holds_every_file_of_the_package_and_nothing_else(checkout: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel_of(checkout, tmp_path)) as wheel:
        files = {name for name in wheel.namelist() if not name.partition("/")[0].endswith(".dist-info")}
        assert files == set(packaged(FOLDERS))
        metadata = next(name for name in wheel.namelist() if name.endswith("/METADATA"))
        text = wheel.read(metadata).decode()
    assert "License-Expression: Apache-2.0" in text
    assert "Requires-Python: >=3.11" in text
    assert f"Version: {warriorcoder.__version__}" in text.splitlines()


def test_a_source_distribution_builds_the_same_wheel(checkout: Path, tmp_path: Path) -> None:
    run(sys.executable, "-m", "build", "--sdist", "--no-isolation", "--outdir", tmp_path, checkout, cwd=tmp_path)
    (archive,) = tmp_path.glob("warriorcoder-*.tar.gz")
    with zipfile.ZipFile(wheel_of(archive, tmp_path)) as wheel:
        files = {name for name in wheel.namelist() if not name.partition("/")[0].endswith(".dist-info")}
    assert files == set(packaged(FOLDERS))


def test_a_wheel_installs(checkout: Path, tmp_path: Path, environment: Environment) -> None:
    environment.install(wheel_of(checkout, tmp_path))
    assert environment.added() == {"warriorcoder"}
    check_it_works(environment, environment.packages)


def test_a_git_checkout_installs(checkout: Path, environment: Environment) -> None:
    environment.install(f"git+{checkout.as_uri()}")
    assert environment.added() == {"warriorcoder"}
    check_it_works(environment, environment.packages)


def test_an_editable_install_follows_the_files(checkout: Path, environment: Environment) -> None:
    environment.install("--editable", checkout)
    assert {name for name in environment.added() if not name.startswith(("__editable__", "__pycache__"))} == set()
    check_it_works(environment, checkout)
    new = checkout / "pipelines" / "later" / "__init__.py"
    new.parent.mkdir()
    new.write_text("FOUND = True\n", encoding="utf-8")
    try:
        code = "from warriorcoder.pipelines.later import FOUND; print(FOUND)"
        assert run(environment.python, "-c", code, cwd=environment.folder).strip() == "True"
    finally:
        shutil.rmtree(new.parent)
