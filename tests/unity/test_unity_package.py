"""The Unity package as files: what Unity's package manager needs, checked without it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from build import EDITOR, PACKAGE, ROOT, SAMPLES, SNIPPETS, Built, snippets
from metas import guid_of, visible, wanted

from npc_bridge import __version__

FROM_UNITY = {"Unity.TextMeshPro", "UnityEngine.UI"}
"""Assemblies of Unity's own packages; asmdefs that refer to them have a constraint that is only met when they are there."""
ASMDEFS: dict[str, dict[str, Any]] = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in PACKAGE.rglob("*.asmdef")}
MANIFEST: dict[str, Any] = json.loads((PACKAGE / "package.json").read_text(encoding="utf-8"))


def test_every_path_has_its_meta_and_no_meta_is_an_orphan() -> None:
    """When this fails, run ``python tests/unity/metas.py``."""
    assert {path: path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.meta")} == wanted()


def test_every_guid_is_there_once() -> None:
    guids = [guid_of(path) for path in visible()]
    assert len(guids) > 60
    assert len(set(guids)) == len(guids)


def test_the_manifest_says_what_unity_needs() -> None:
    assert re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+){2}", MANIFEST["name"])
    assert MANIFEST["unity"] == "2022.3"
    assert {"displayName", "description", "license", "samples"} <= MANIFEST.keys()
    assert all(name.startswith("com.unity.modules.") for name in MANIFEST["dependencies"])


def test_the_versions_agree() -> None:
    changelog = re.search(r"^## \[([\d.]+)\]", (PACKAGE / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    session = (PACKAGE / "Runtime/Core/BridgeSession.cs").read_text(encoding="utf-8")
    client = re.search(r'Client = "npc-bridge-unity ([\d.]+)"', session)
    assert changelog is not None
    assert client is not None
    assert (changelog[1], client[1], MANIFEST["version"]) == (__version__, __version__, __version__)


def test_every_sample_is_where_the_manifest_says() -> None:
    listed = {sample["path"] for sample in MANIFEST["samples"]}
    assert listed == {f"Samples~/{path.name}" for path in (PACKAGE / "Samples~").iterdir()}
    assert all((PACKAGE / path / "README.md").is_file() for path in listed)


def test_the_license_is_the_projects() -> None:
    assert (PACKAGE / "LICENSE.md").read_text(encoding="utf-8") == (ROOT / "LICENSE").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ASMDEFS)
def test_an_assembly_definition_is_sound(name: str) -> None:
    asmdef = ASMDEFS[name]
    assert asmdef["name"] == name
    assert set(asmdef["references"]) <= ASMDEFS.keys() | FROM_UNITY
    assert bool(set(asmdef["references"]) & FROM_UNITY) == any(define in asmdef["defineConstraints"] for define in optional(asmdef))


def optional(asmdef: dict[str, Any]) -> set[str]:
    return {each["define"] for each in asmdef["versionDefines"]}


def test_the_core_knows_no_engine() -> None:
    assert ASMDEFS["NpcBridge.Core"]["noEngineReferences"] is True
    assert ASMDEFS["NpcBridge.Core"]["references"] == []
    for path in (PACKAGE / "Runtime/Core").rglob("*.cs"):
        assert "UnityEngine" not in path.read_text(encoding="utf-8"), path.name


def test_the_tests_are_compiled_for_tests_only() -> None:
    tests = ASMDEFS["NpcBridge.Core.Tests"]
    assert tests["defineConstraints"] == ["UNITY_INCLUDE_TESTS"]
    assert tests["overrideReferences"] is True
    assert tests["precompiledReferences"] == ["nunit.framework.dll"]
    assert tests["includePlatforms"] == ASMDEFS["NpcBridge.Editor"]["includePlatforms"] == ["Editor"]


def test_what_is_visible_to_tests_is_named_rightly() -> None:
    names = {"NpcBridge.Layer.Tests", *ASMDEFS}
    for path in PACKAGE.rglob("AssemblyInfo.cs"):
        assert set(re.findall(r'InternalsVisibleTo\("(.+?)"\)', path.read_text(encoding="utf-8"))) <= names


def test_links_in_its_pages_lead_somewhere() -> None:
    for page in PACKAGE.rglob("*.md"):
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), f"{page.relative_to(PACKAGE)}: {link}"


def test_menus_and_components_that_the_pages_name_are_there() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.cs"))
    paths = re.findall(r'(?:MenuItem|AddComponentMenu|SettingsProvider)\("([^"]+)"|menuName = "([^"]+)"', code)
    known = {part.removeprefix("Project/").replace("/", " > ") for pair in paths for part in pair if part}
    text = (PACKAGE / "Documentation~/index.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\*((?:NPC Bridge|Window|Tools)(?: > [^*]+)?)\*", text))
    assert named
    assert named <= known | {f"Window > {name}" for name in known}


@pytest.mark.timeout(600)
def test_the_editor_part_compiles_without_a_warning(built: Built) -> None:
    built.check(EDITOR.name)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("job", SAMPLES, ids=lambda job: job.name)
def test_a_sample_compiles_without_a_warning(job: Any, built: Built) -> None:
    built.check(job.name)


@pytest.mark.timeout(600)
def test_the_code_in_the_pages_compiles_without_a_warning(built: Built) -> None:
    assert len(snippets()) >= 4
    built.check(SNIPPETS)


def test_the_guide_of_the_repository_names_the_package() -> None:
    guide = Path(ROOT / "docs/unity.md").read_text(encoding="utf-8")
    assert "?path=/unity_package" in guide
    assert MANIFEST["unity"] in guide
