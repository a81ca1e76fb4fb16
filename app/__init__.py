"""NetworkLab: live experiments with hundreds of people, and proof that nothing was lost."""

import sys

__version__ = "0.1.0"

if sys.platform == "win32":
    print(
        "NetworkLab runs on Linux and macOS, and on Windows within WSL: `wsl --install` in PowerShell, then install"
        " NetworkLab in the terminal of the Linux that this brings.",
        file=sys.stderr,
    )
    sys.exit(2)
