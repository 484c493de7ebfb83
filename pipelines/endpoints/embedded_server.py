"""The process of a local model server: llama.cpp's OpenAI-compatible server on a loopback port.

Run as a child (`child.py`) with its settings as JSON. It prints its address on one line and serves until
it is ended, or until its parent ends.
"""

import json
import signal
import sys

SERVED_MODEL = "local"


def main() -> None:
    settings = json.loads(sys.argv[1])
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = settings["path"]
    params.model_alias = {SERVED_MODEL}
    params.hostnames = ["127.0.0.1"]
    params.port = settings["port"]
    params.n_parallel = settings["slots"]
    params.n_ctx = settings["context"] * settings["slots"]
    params.cpuparams.n_threads = settings["threads"]
    params.cpuparams_batch.n_threads = settings["threads"]
    # The sampling is what the request says and nothing else: llama.cpp would add top_k 40 and min_p 0.05.
    params.sampling.top_k = 0
    params.sampling.min_p = 0.0
    params.ui = False
    server = xllamacpp.Server(params)
    print(json.dumps({"listening": server.listening_address}), flush=True)
    signal.sigwait({signal.SIGTERM, signal.SIGINT})


if __name__ == "__main__":
    main()
