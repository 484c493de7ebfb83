"""Runs a module of ours as a process that ends with the one that started it, from its first moment on.

`python -m warriorcoder.pipelines.endpoints.child PARENT MODULE ARGUMENTS…`; `processes.child_command`
writes that line. What the module imports may take seconds, in which its parent may be killed.
"""

import runpy
import sys

from warriorcoder.pipelines.endpoints.processes import die_with_parent


def main() -> None:
    parent, module = int(sys.argv[1]), sys.argv[2]
    die_with_parent(parent)
    del sys.argv[:2]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
