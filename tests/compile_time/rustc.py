#!/usr/bin/env python3
"""Stands for rustc (RUSTC_WRAPPER): writes the CPU seconds that it took to compile the crate $MEASURED to $CPU_FILE."""

import os
import resource
import subprocess
import sys

arguments = sys.argv[1:]
# Cargo hands its jobserver down as open files.
code = subprocess.call(arguments, close_fds=False)
measured = os.environ.get("MEASURED")
if measured and f"--crate-name {measured} " in " ".join(arguments):
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    with open(os.environ["CPU_FILE"], "w") as file:
        file.write(f"{used.ru_utime + used.ru_stime:.3f}\n")
sys.exit(code)
