"""The C# core on Mono: the same sources against its 4.8 API, and every test of the core in its runtime."""

from __future__ import annotations

import pytest
from build import CORE, CORE_TESTS, PACKAGE, REAL_BRIDGE, RUNNER, Built, Report, build, methods_of, run_tests
from dotnet import Tools, ToolsMissing, must_be_had
from mono import Mono, mono

pytestmark = pytest.mark.timeout(600)  # the first run fetches Mono

METHODS = methods_of(PACKAGE / "Tests/Core")


@pytest.fixture(scope="module")
def runtime() -> Mono:
    try:
        return mono()
    except ToolsMissing as missing:
        if must_be_had():
            pytest.fail(f"no Mono here: {missing}")
        pytest.skip(f"no Mono here: {missing}")


@pytest.fixture(scope="module")
def built_for_mono(csharp: Tools, runtime: Mono, tmp_path_factory: pytest.TempPathFactory) -> Built:
    return build(csharp, tmp_path_factory.mktemp("mono"), (CORE, RUNNER, CORE_TESTS), runtime.references)


@pytest.fixture(scope="module")
def report(built_for_mono: Built, runtime: Mono) -> Report:
    built_for_mono.check(CORE_TESTS.name)
    return run_tests(built_for_mono, CORE_TESTS.name, runtime.command, **REAL_BRIDGE, **runtime.environment)


def test_the_core_compiles_against_the_mono_api(built_for_mono: Built) -> None:
    built_for_mono.check(CORE.name)


@pytest.mark.parametrize("method", METHODS)
def test_nunit_on_mono(method: str, report: Report) -> None:
    report.check(method)
