"""`SettingsFile`: the TOML file with settings, parsed."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tickfire.base.errors import UsageError

PATH_VARIABLE: Final = "TICKFIRE_CONFIG"
DEFAULT_PATH: Final = Path("tickfire.toml")


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """The settings file, or none.

    Attributes
    ----------
    path : Path or None
        None if there is no file.
    common : Mapping
        Values by key, above all sections.
    sections : Mapping
        Values by section and key.
    """

    path: Path | None = None
    common: Mapping[str, Any] = field(default_factory=dict)
    sections: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> SettingsFile:
        """Read a file.

        Raises
        ------
        UsageError
            It cannot be read, or is not TOML.
        """
        try:
            content = tomllib.loads(path.read_text("utf8"))
        except OSError as error:
            why = error.strerror
            raise UsageError(f"the settings file {path} cannot be read: {why}.") from None
        except UnicodeDecodeError:
            raise UsageError(f"the settings file {path} is not text in UTF-8.") from None
        except tomllib.TOMLDecodeError as error:
            raise UsageError(f"the settings file {path} is not valid TOML: {error}.") from None
        tables = {key: value for key, value in content.items() if isinstance(value, dict)}
        common = {key: value for key, value in content.items() if key not in tables}
        return cls(path, common, tables)

    def of_section(self, section: str) -> dict[str, tuple[str, Any]]:
        """Return the values that hold in a section, by key, with the section that sets each."""
        own = self.sections.get(section, {})
        shared = {key: ("", value) for key, value in self.common.items()}
        return shared | {key: (section, value) for key, value in own.items()}

    def resolved(self, path: str) -> str:
        """Return a path of the file, which is relative to the file's folder."""
        folder = Path() if self.path is None else self.path.parent
        return str(folder / Path(path).expanduser())

    def sets(self, section: str, *keys: str) -> bool:
        """Return whether the section sets one of the keys to something."""
        return any(self.sections.get(section, {}).get(key) for key in keys)


def find(given: str | None, environ: Mapping[str, str]) -> SettingsFile:
    """Read the settings file: the given one, that of the environment, or ``tickfire.toml`` here.

    Parameters
    ----------
    given : str or None
        Path from the command line; an empty one for no file.
    environ : Mapping

    Raises
    ------
    UsageError
        It cannot be read, or is not TOML.
    """
    named = environ.get(PATH_VARIABLE) if given is None else given
    if named is None:
        named = str(DEFAULT_PATH) if DEFAULT_PATH.is_file() else ""
    return SettingsFile.read(Path(named).absolute()) if named else SettingsFile()
