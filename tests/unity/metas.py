"""Writes the ``.meta`` files that Unity wants beside every file and folder of a package. ``python tests/unity/metas.py``

Unity ignores what has none inside a package. Each guid is made from the path, so that it is the same for everyone and never changes.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

PACKAGE = Path(__file__).parent.parent.parent / "unity_package"
ENDING = "  externalObjects: {}\n  userData: \n  assetBundleName: \n  assetBundleVariant: \n"
SCRIPT = (
    "MonoImporter:\n  externalObjects: {}\n  serializedVersion: 2\n  defaultReferences: []\n  executionOrder: 0\n  icon: {instanceID: 0}\n"
    "  userData: \n  assetBundleName: \n  assetBundleVariant: \n"
)
IMPORTERS = {".cs": SCRIPT, ".asmdef": f"AssemblyDefinitionImporter:\n{ENDING}", ".md": f"TextScriptImporter:\n{ENDING}"}


def visible(package: Path = PACKAGE) -> list[Path]:
    """What Unity sees of the package: not what is hidden, and nothing in folders that end with a tilde."""
    found = []
    for path in sorted(package.rglob("*")):
        parts = path.relative_to(package).parts
        if path.suffix != ".meta" and not any(part.startswith(".") or part.endswith("~") for part in parts):
            found.append(path)
    return found


def guid_of(path: Path, package: Path = PACKAGE) -> str:
    """The guid of a file or folder."""
    return hashlib.md5(f"com.npcbridge.unity/{path.relative_to(package).as_posix()}".encode(), usedforsecurity=False).hexdigest()


def meta_of(path: Path, package: Path = PACKAGE) -> str:
    """What the ``.meta`` beside this path says."""
    head = f"fileFormatVersion: 2\nguid: {guid_of(path, package)}\n"
    if path.is_dir():
        return f"{head}folderAsset: yes\nDefaultImporter:\n{ENDING}"
    if path.name == "package.json":
        return f"{head}PackageManifestImporter:\n{ENDING}"
    return head + IMPORTERS.get(path.suffix, f"DefaultImporter:\n{ENDING}")


def wanted(package: Path = PACKAGE) -> dict[Path, str]:
    """Every ``.meta`` there has to be, and what it says."""
    return {path.with_name(f"{path.name}.meta"): meta_of(path, package) for path in visible(package)}


def main() -> None:
    metas = wanted()
    for old in PACKAGE.rglob("*.meta"):
        if old not in metas:
            old.unlink()
    for path, content in metas.items():
        path.write_text(content, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
