"""The Unity layer: it compiles against stubs of the engine, and its components talk with a real bridge in a stub's frames.

The stubs have Unity's names and signatures, written down by hand: this shows that the components do what they say, and not that Unity
agrees.
"""

from __future__ import annotations

import pytest
from build import HERE, LAYER_TESTS, REAL_BRIDGE, Built, Report, methods_of, run_tests

pytestmark = pytest.mark.timeout(600)  # the first run fetches the compiler

METHODS = methods_of(HERE / "layer")


@pytest.fixture(scope="module")
def report(built: Built) -> Report:
    built.check(LAYER_TESTS.name)
    return run_tests(built, LAYER_TESTS.name, **REAL_BRIDGE)


@pytest.mark.parametrize("assembly", ["NpcBridge.Unity", "NpcBridge.TextMeshPro", "NpcBridge.UGUI"])
def test_it_compiles_without_a_warning(assembly: str, built: Built) -> None:
    built.check(assembly)


@pytest.mark.parametrize("method", METHODS)
def test_nunit(method: str, report: Report) -> None:
    report.check(method)


def test_every_test_that_ran_is_a_test_here(report: Report) -> None:
    assert report.is_complete, report.said
    assert (sorted(report.by_method), report.suites) == (sorted(METHODS), [])
