"""The engine-free core in C#: it compiles without a warning at C# 9, and each of its NUnit tests is a test here."""

from __future__ import annotations

import pytest
from build import CORE_TESTS, PACKAGE, REAL_BRIDGE, Built, Report, methods_of, run_tests

pytestmark = pytest.mark.timeout(600)  # the first run fetches the compiler

EMBEDDED = {f"System.Runtime.CompilerServices.Nullable{kind}Attribute" for kind in ("", "Context")}
"""The compiler brings its own of these where the framework has none."""
METHODS = methods_of(PACKAGE / "Tests/Core")


@pytest.fixture(scope="module")
def report(built: Built) -> Report:
    built.check(CORE_TESTS.name)
    return run_tests(built, CORE_TESTS.name, **REAL_BRIDGE)


def test_the_core_compiles_without_a_warning(built: Built) -> None:
    built.check("NpcBridge.Core")


@pytest.mark.parametrize("assembly", ["NpcBridge.Core", "NpcBridge.Unity", "NpcBridge.TextMeshPro", "NpcBridge.UGUI", "NpcBridge.Editor"])
def test_it_refers_to_types_of_net_standard_only(assembly: str, built: Built) -> None:
    """Unity compiles against .NET Standard 2.1, and the tests here against .NET 8, which has more."""
    standard = set(built.results["netstandard"]["types"])
    named = [name.split("!", 1) for name in built.results[assembly]["types"]]
    used = {name.split("/")[0] for library, name in named if not library.startswith(("NpcBridge.", "UnityStubs"))}
    assert used
    assert used - standard - EMBEDDED == set()


@pytest.mark.parametrize("method", METHODS)
def test_nunit(method: str, report: Report) -> None:
    report.check(method)


def test_every_test_that_ran_is_a_test_here(report: Report) -> None:
    assert report.is_complete, report.said
    assert (sorted(report.by_method), report.suites) == (sorted(METHODS), [])
