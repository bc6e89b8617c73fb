"""Starting: one command that serves, watches what it started, and ends it.

Promises: one data folder has one server; a part that dies comes back; no part outlives the command by
more than a second, however that ended. Refuses: a folder or a port that somebody else holds, and says
who. `treadle.launch.serve` imports nothing slow, so that the parts are on their way at once.
"""
