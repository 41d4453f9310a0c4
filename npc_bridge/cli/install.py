"""``npc-bridge install``: the engine addon into a game's project, and newer ones over older ones.

What was installed is remembered beside the addon with a hash for each file, so that a file which the user changed is told apart from
one that is only old. Nothing is changed when anything is in the way.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path, PurePosixPath

import click

from npc_bridge import __version__

UNITY_PACKAGE = "com.npcbridge.unity"
MANIFEST = ".installed.json"
"""In the addon's folder; engines skip files whose names begin with a dot."""
ENGINE_MADE = (".import", ".uid")
"""Written anew by the engine whenever it likes: never a change of the user's."""


@click.group(short_help="Put the addon into a game's project.")
def install() -> None:
    """Put the addon for an engine into a game's project, or bring it up to date."""


@install.command(short_help="Into a Godot project.")
@click.argument("project", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Overwrite files of the addon that you have changed.")
def godot(project: Path, force: bool) -> None:
    """Copy the addon into the Godot project in the folder PROJECT.

    An older copy is brought up to date. Files of the addon that you have changed are left alone, and nothing else is done, unless --force
    is given. Afterwards enable the plugin: Project > Project Settings > Plugins.
    """
    if not (project / "project.godot").is_file():
        raise click.ClickException(f"there is no project.godot in {project}; give the folder of your Godot project")
    if copy(godot_addon(), project / "addons" / "npc_bridge", force=force):
        click.echo("Now enable it in Godot: Project > Project Settings > Plugins > NPC Bridge.")


@install.command(short_help="Into a Unity project.")
@click.argument("project", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Overwrite files of the package that you have changed.")
def unity(project: Path, force: bool) -> None:
    """Embed the package into the Unity project in the folder PROJECT, below Packages.

    An older copy is brought up to date. Files of the package that you have changed are left alone, and nothing else is done, unless
    --force is given. Unity finds the package by itself.
    """
    if not (project / "Packages" / "manifest.json").is_file():
        raise click.ClickException(f"there is no Packages/manifest.json in {project}; give the folder of your Unity project")
    if copy(unity_package(), project / "Packages" / UNITY_PACKAGE, force=force):
        click.echo("Unity imports it when its window comes to the front. Begin with: Window > Package Manager > NPC Bridge > Samples.")


def copy(source: Path, target: Path, *, force: bool) -> bool:
    """Bring ``target`` up to date with ``source``; whether it is new there. Raises ``ClickException`` when a user has changed it."""
    plan = compare(read_tree(source), target)
    if plan.changed_by_user and not force:
        names = "\n".join(f"  {target / name}" for name in plan.changed_by_user)
        raise click.ClickException(f"you have changed these files of the addon:\n{names}\nnothing was done; --force overwrites them")
    write(plan, source, target)
    replaced = len(plan.old) + len(plan.changed_by_user)
    counts = f"{len(plan.new)} new, {replaced} replaced, {len(plan.gone)} removed, {len(plan.same)} as they were"
    click.echo(f"NPC Bridge {__version__} is in {target} ({counts}).")
    for name in plan.left_behind:
        click.echo(f"  {target / name} is no longer part of the addon, but you have changed it, so it was left")
    return not plan.old and not plan.same


@dataclass(frozen=True)
class Plan:
    """What installing means for each file, by its path inside the addon."""

    new: tuple[str, ...]
    same: tuple[str, ...]
    old: tuple[str, ...]
    """Came with an earlier version and was not touched since."""
    changed_by_user: tuple[str, ...]
    gone: tuple[str, ...]
    """Came with an earlier version, is not part of this one, and was not touched since."""
    left_behind: tuple[str, ...]
    """The same, but the user changed it."""


def compare(wanted: Mapping[str, str], target: Path) -> Plan:
    """Compare the files that should be there, with their hashes, to those that are."""
    installed = read_manifest(target)
    present = read_tree(target) if target.is_dir() else {}

    def is_untouched(name: str) -> bool:
        return name.endswith(ENGINE_MADE) or present[name] == installed.get(name)

    differing = [name for name in wanted if name in present and present[name] != wanted[name]]
    dropped = [name for name in installed if name in present and name not in wanted]
    return Plan(
        new=tuple(name for name in wanted if name not in present),
        same=tuple(name for name in wanted if present.get(name) == wanted[name]),
        old=tuple(name for name in differing if is_untouched(name)),
        changed_by_user=tuple(name for name in differing if not is_untouched(name)),
        gone=tuple(name for name in dropped if is_untouched(name)),
        left_behind=tuple(name for name in dropped if not is_untouched(name)),
    )


def write(plan: Plan, source: Path, target: Path) -> None:
    """Carry a plan out, and remember what was installed."""
    for name in plan.new + plan.old + plan.changed_by_user:
        path = target / PurePosixPath(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((source / PurePosixPath(name)).read_bytes())
    for name in plan.gone:
        (target / PurePosixPath(name)).unlink()
    manifest = {"version": __version__, "files": read_tree(source)}
    (target / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


def read_manifest(target: Path) -> dict[str, str]:
    """The hashes of what was installed; none if nothing was, or if the list is not readable."""
    try:
        manifest = json.loads((target / MANIFEST).read_text(encoding="utf-8"))
        return {str(name): str(digest) for name, digest in manifest["files"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def read_tree(folder: Path) -> dict[str, str]:
    """The hash of every file below a folder, by its path with forward slashes, in order."""
    return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in sorted(_walk(folder))}


def _walk(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in folder.rglob("*"):
        if path.is_file() and path.name != MANIFEST:
            yield path.relative_to(folder).as_posix(), path


def godot_addon() -> Path:
    """Where the Godot addon is: inside the installed package, or in a checkout beside it."""
    return _carried("godot", PurePosixPath("godot_addon/addons/npc_bridge"), "plugin.cfg")


def unity_package() -> Path:
    """Where the Unity package is."""
    return _carried("unity", PurePosixPath("unity_package"), "package.json")


def _carried(engine: str, in_checkout: PurePosixPath, landmark: str) -> Path:
    package = Path(str(files("npc_bridge")))
    for place in (package / "addons" / engine, package.parent / in_checkout):
        if (place / landmark).is_file():
            return place
    raise click.ClickException(f"this installation of npc-bridge came without what it needs for {engine}; install it again with pip")
