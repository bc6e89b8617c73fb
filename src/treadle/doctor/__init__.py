"""What is wrong with an installation, what shows it, and what to change, word for word.

Promises: a look changes nothing that stays, ends by itself, and tells no secret; what a proxy, a disk or a
backend says is data. The way from outside is judged by what the client sent beside what arrived
(`treadle.doctor.way`), the machine and its parts by trying them (`machine`, `installed`).

What a command asks a remote server with imports little of this room: `checks`, `fixes`, `way`, `trying`.
"""

from __future__ import annotations

from treadle.doctor.checks import Check, Fix, faults_of

__all__ = ["Check", "Fix", "faults_of"]
