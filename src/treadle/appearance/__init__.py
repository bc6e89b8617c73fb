"""What this installation calls itself and looks like: name, logo, accent colours, usual language.

What an administrator sets on the page counts; each thing that they leave out is as the settings of the
server say, and as Treadle's own look without those. Colours that text cannot be read in are refused, and a
drawing is rebuilt from what is known to be harmless in it.
"""

from treadle.appearance.colours import Shades, shades_of
from treadle.appearance.logos import Logo, type_of_logo
from treadle.appearance.looks import (
    LANGUAGES,
    Look,
    read_logo,
    read_logo_bytes,
    read_look,
    set_logo,
    set_look,
    settings_look,
)

__all__ = [
    "LANGUAGES",
    "Logo",
    "Look",
    "Shades",
    "read_logo",
    "read_logo_bytes",
    "read_look",
    "set_logo",
    "set_look",
    "settings_look",
    "shades_of",
    "type_of_logo",
]
