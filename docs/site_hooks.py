"""Pages of the site that have their source elsewhere, and links that lead out of it."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import Final

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT: Final = Path(__file__).parent.parent
ELSEWHERE: Final = {"index.md": "README.md", "changelog.md": "CHANGELOG.md"}
"""Pages made of files outside the folder of the docs."""

_LINK = re.compile(r"(?<!!)\[(?P<text>[^]]+)\]\((?P<target>[^):#]+)(?P<anchor>#[^)]*)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that have their source elsewhere."""
    for page, source in ELSEWHERE.items():
        text = (ROOT / source).read_text()
        files.append(File.generated(config, page, content=text.replace("](docs/", "](")))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Replace links to files that the site does not have by their text.

    Raises
    ------
    PluginError
        If such a file does not exist.
    """
    folder = PurePosixPath(page.file.src_uri).parent
    pages = {source: name for name, source in ELSEWHERE.items()}

    def replaced(found: re.Match[str]) -> str:
        target = found["target"]
        if page.file.src_uri in ELSEWHERE:
            outside = files.get_file_from_path(target) is None
            path = ROOT / target
        else:
            path = (ROOT / "docs" / folder / target).resolve()
            outside = not path.is_relative_to(ROOT / "docs")
        if not outside:
            return found[0]
        if not path.exists():
            raise PluginError(f"{page.file.src_uri} links to {target}, which does not exist")
        name = path.relative_to(ROOT).as_posix()
        if name in pages:
            up = "../" * len(folder.parts)
            return f"[{found['text']}]({up}{pages[name]})"
        return found["text"]

    return _LINK.sub(replaced, markdown)
