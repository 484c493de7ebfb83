"""Finds the packages: pyproject.toml maps folders to packages, and only here can the mapped folders be searched."""

import tomllib
from pathlib import Path

from setuptools import find_packages, setup

with Path(__file__).with_name("pyproject.toml").open("rb") as file:
    folders = tomllib.load(file)["tool"]["setuptools"]["package-dir"]

setup(
    packages=[*folders, *(f"{package}.{sub}" for package, folder in folders.items() for sub in find_packages(folder))]
)
