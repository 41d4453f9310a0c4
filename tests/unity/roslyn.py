"""Compiles C# with the real Roslyn at C# 9. A program of its own, because a process that has loaded .NET cannot let go of it:

    python roslyn.py TOOLS < jobs.json > results.json

A job is ``{"name", "sources", "references", "out", "defines", "kind", "docs"}``; a result ``{"name", "problems", "types"}``, where
``types`` are those outside of itself that the assembly refers to, each as ``assembly!namespace.name``, a nested one as
``assembly!namespace.outer/inner``. Jobs are done in order, so that a later one may refer to the output of an earlier one. Warnings are
problems. A last result, named ``netstandard``, lists the types of .NET Standard 2.1 as ``namespace.name``.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from dotnet import ENVIRONMENT, Tools

LOAD_ASSEMBLY_AND_GET_FUNCTION_POINTER = 5


class Parameters(ctypes.Structure):
    """``hostfxr_initialize_parameters``"""

    _fields_ = (("size", ctypes.c_size_t), ("host_path", ctypes.c_char_p), ("dotnet_root", ctypes.c_char_p))


def start_dotnet(tools: Tools) -> None:
    """Load the runtime into this process; afterwards ``import clr`` and .NET namespaces work."""
    os.environ.update(ENVIRONMENT)
    hostfxr = ctypes.CDLL(str(next(tools.root.glob("host/fxr/*/libhostfxr.so"))))
    parameters = Parameters(ctypes.sizeof(Parameters), None, str(tools.root).encode())
    context, delegate, function = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_void_p()
    config = tools.home / "site/dnv/net/runtime/runtimeconfig.json"
    check(hostfxr.hostfxr_initialize_for_runtime_config(str(config).encode(), ctypes.byref(parameters), ctypes.byref(context)))
    check(hostfxr.hostfxr_get_runtime_delegate(context, LOAD_ASSEMBLY_AND_GET_FUNCTION_POINTER, ctypes.byref(delegate)))
    assert delegate.value is not None
    text, pointer = ctypes.c_char_p, ctypes.c_void_p
    load = ctypes.CFUNCTYPE(ctypes.c_int, text, text, text, text, pointer, pointer)(delegate.value)
    library = str(tools.bridge_to_python).encode()
    check(load(library, b"Python.Runtime.Loader, Python.Runtime", b"Initialize", None, None, ctypes.addressof(function)))
    assert function.value is not None
    check(ctypes.CFUNCTYPE(ctypes.c_int, text, ctypes.c_int)(function.value)(b"", 0))
    sys.path.insert(0, str(tools.home / "site"))


def check(code: int) -> None:
    if code:
        raise RuntimeError(f"the .NET runtime did not start: {code & 0xFFFFFFFF:#x}")


def compile_all(tools: Tools, jobs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Do every job; see the module."""
    start_dotnet(tools)
    import clr  # type: ignore[import-not-found]

    for name in ("Microsoft.CodeAnalysis", "Microsoft.CodeAnalysis.CSharp"):
        clr.AddReference(str(tools.roslyn / f"{name}.dll"))
    for name in ("System.Runtime", "System.Collections", "System.Collections.Immutable", "System.Reflection.Metadata"):
        clr.AddReference(name)
    results = [compile_one(job) for job in jobs]
    return [*results, {"name": "netstandard", "problems": [], "types": exported(str(tools.framework / "netstandard.dll"))}]


def compile_one(job: dict[str, Any]) -> dict[str, Any]:
    from Microsoft.CodeAnalysis import (  # type: ignore[import-not-found]
        DocumentationMode,
        MetadataReference,
        OptimizationLevel,
        OutputKind,
        SyntaxTree,
    )
    from Microsoft.CodeAnalysis.CSharp import (  # type: ignore[import-not-found]
        CSharpCompilation,
        CSharpCompilationOptions,
        CSharpParseOptions,
        CSharpSyntaxTree,
        LanguageVersion,
    )
    from System.Collections.Generic import List  # type: ignore[import-not-found]
    from System.IO import File  # type: ignore[import-not-found]
    from System.Text import Encoding  # type: ignore[import-not-found]

    defines = List[str]()
    for define in job.get("defines", []):
        defines.Add(define)
    mode = DocumentationMode.Diagnose if job.get("docs", True) else DocumentationMode.Parse
    parse = CSharpParseOptions(LanguageVersion.CSharp9).WithPreprocessorSymbols(defines).WithDocumentationMode(mode)
    trees, references = List[SyntaxTree](), List[MetadataReference]()
    for path in job["sources"]:
        trees.Add(CSharpSyntaxTree.ParseText(File.ReadAllText(path), parse, path, Encoding.UTF8))
    for path in job["references"]:
        references.Add(MetadataReference.CreateFromFile(path))
    kind = OutputKind.ConsoleApplication if job.get("kind") == "program" else OutputKind.DynamicallyLinkedLibrary
    options = CSharpCompilationOptions(kind).WithOptimizationLevel(OptimizationLevel.Release).WithWarningLevel(4)
    made = CSharpCompilation.Create(Path(job["out"]).stem, trees, references, options)
    stream = File.Create(job["out"])
    try:
        result = made.Emit(stream)
    finally:
        stream.Dispose()
    problems = [str(each) for each in result.Diagnostics if str(each.Severity) in ("Warning", "Error")]
    return {"name": job["name"], "problems": problems, "types": referred(job["out"]) if result.Success else []}


def referred(path: str) -> list[str]:
    """The types of other assemblies that this one refers to."""
    from System.IO import File
    from System.Reflection.Metadata import PEReaderExtensions  # type: ignore[import-not-found]
    from System.Reflection.PortableExecutable import PEReader  # type: ignore[import-not-found]

    reader = PEReader(File.OpenRead(path))
    try:
        metadata = PEReaderExtensions.GetMetadataReader(reader)
        return sorted({name_of(metadata, metadata.GetTypeReference(handle)) for handle in metadata.TypeReferences})
    finally:
        reader.Dispose()


def name_of(metadata: Any, each: Any) -> str:
    """``assembly!namespace.name``, and ``assembly!namespace.outer/inner`` for a nested type."""
    from System.Reflection.Metadata import AssemblyReferenceHandle, HandleKind, TypeReferenceHandle

    name, scope = metadata.GetString(each.Name), each.ResolutionScope
    if scope.Kind == HandleKind.TypeReference:
        return f"{name_of(metadata, metadata.GetTypeReference(TypeReferenceHandle.op_Explicit(scope)))}/{name}"
    assembly = metadata.GetAssemblyReference(AssemblyReferenceHandle.op_Explicit(scope))
    return f"{metadata.GetString(assembly.Name)}!{metadata.GetString(each.Namespace)}.{name}"


def exported(path: str) -> list[str]:
    """The types that an assembly passes on to others, as ``namespace.name``; of nested ones the outer type only."""
    from System.IO import File
    from System.Reflection.Metadata import HandleKind, PEReaderExtensions
    from System.Reflection.PortableExecutable import PEReader

    reader = PEReader(File.OpenRead(path))
    try:
        metadata = PEReaderExtensions.GetMetadataReader(reader)
        types = [metadata.GetExportedType(handle) for handle in metadata.ExportedTypes]
        outer = [each for each in types if each.Implementation.Kind == HandleKind.AssemblyReference]
        return sorted(f"{metadata.GetString(each.Namespace)}.{metadata.GetString(each.Name)}" for each in outer)
    finally:
        reader.Dispose()


def main() -> None:
    tools = Tools(Path(sys.argv[1]))
    jobs = json.load(sys.stdin)
    results = compile_all(tools, jobs)
    json.dump(results, sys.stdout)
    sys.stdout.flush()
    # The runtime's own end waits for threads that nobody needs any more.
    os._exit(0)


if __name__ == "__main__":
    main()
