"""The embedded model, as a process of its own, so that a crash of native code costs a turn and not the bridge.

Started by ``embedded.py``. Standard input: one line of JSON with the options, then nothing; its end, which also comes when the
parent dies, ends this process. Standard output: lines of JSON, ``{"state": "loading" | "ready" | "failed", …}``. The rest goes to
standard error.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from typing import Any


def main() -> None:
    # Native code may print to descriptor 1: keep it for our lines, and send everything else to standard error.
    out = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole terminal, but when to end is the parent's decision
    options = json.loads(sys.stdin.buffer.readline() or b"{}")
    threading.Thread(target=_end_with_parent, daemon=True).start()
    began = time.perf_counter()
    _tell(out, state="loading", pid=os.getpid())
    try:
        server = start(options)
    except Exception as problem:  # whatever native code raises, the parent has to know
        _tell(out, state="failed", problem=f"{type(problem).__name__}: {problem}")
        os._exit(1)
    _tell(out, state="ready", base_url=f"{server.listening_address}/v1", load_s=round(time.perf_counter() - began, 3))
    threading.Event().wait()


def start(options: dict[str, Any]) -> Any:
    """Return a running server; it lives as long as the object."""
    import xllamacpp  # type: ignore[import-untyped]

    params = xllamacpp.CommonParams()
    params.model.path = options["model_file"]
    params.model_alias = {"embedded"}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [options["api_key"]]
    params.cors_origins = "http://127.0.0.1"  # a web page must not reach the model
    params.ui = False
    params.verbosity = 1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = options["threads"]
    params.cpuparams.poll = 0  # the game needs the processor more than the last millisecond is worth
    params.n_parallel = options["slots"]
    params.n_ctx = options["context_tokens"] * options["slots"]
    params.kv_unified = False
    params.cache_ram_mib = 256
    params.fit_params = False
    params.n_gpu_layers = 0
    if template := options.get("chat_template"):
        params.chat_template = template
    return xllamacpp.Server(params)


def _end_with_parent() -> None:
    while sys.stdin.buffer.read(4096):
        pass
    os._exit(0)


def _tell(out: Any, **line: Any) -> None:
    print(json.dumps(line), file=out, flush=True)


if __name__ == "__main__":
    main()
