"""What came of scenarios: a table for people, and JUnit's XML for machines."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from npc_bridge.scenarios.stage import Outcome

_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")


def is_passed(outcomes: Sequence[Outcome]) -> bool:
    """Whether so many seeds of one scenario passed as have to. With a tape that does not fit, none has."""
    if any(each.is_stale for each in outcomes):
        return False
    share = sum(each.is_passed for each in outcomes) / len(outcomes)
    return share >= min(each.at_least for each in outcomes)


def by_scenario(outcomes: Sequence[Outcome]) -> list[list[Outcome]]:
    """The outcomes of each scenario, in their order."""
    return [list(group) for _, group in groupby(outcomes, key=lambda each: (each.file, each.scenario))]


def write_junit(path: Path, outcomes: Sequence[Outcome]) -> None:
    """Write a report that build servers read: one suite for each file, one case for each scenario and seed.

    A seed that failed where enough others passed is a case that was skipped, with its reason.
    """
    root = ET.Element("testsuites", name="npc-bridge test")
    for file, of_file in groupby(outcomes, key=lambda each: each.file):
        _add_suite(root, file, list(of_file))
    ET.indent(root)
    path.write_bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))


def _add_suite(root: ET.Element, file: str, outcomes: Sequence[Outcome]) -> None:
    suite = ET.SubElement(root, "testsuite", name=file, tests=str(len(outcomes)), time=f"{sum(each.took_s for each in outcomes):.3f}")
    failures = skipped = 0
    for group in by_scenario(outcomes):
        is_enough = is_passed(group)
        for each in group:
            name = f"{each.scenario} [seed {each.seed}]"
            case = ET.SubElement(suite, "testcase", classname=file, name=name, time=f"{each.took_s:.3f}")
            if each.is_passed:
                continue
            failures, skipped = failures + (not is_enough), skipped + is_enough
            told = ET.SubElement(case, "skipped" if is_enough else "failure", message=_printable(each.wrong[0]))
            told.text = _printable("\n".join([*each.wrong, "", *each.said]))
    suite.set("failures", str(failures))
    suite.set("skipped", str(skipped))


def _printable(text: str) -> str:
    """XML 1.0 knows no control characters."""
    return _UNPRINTABLE.sub("?", text)
