"""Every kernel inside Pyodide, in Chromium: the bits of native."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route

from tests.support.browser.python_panel import Served
from tests.support.kernels.vectors import FEW, vectors

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]

LOAD = """async () => {
  const pointer = await (await fetch("pyodide/current.json")).json();
  const folder = new URL(`pyodide/${pointer.folder}/`, location.href).href;
  const { loadPyodide } = await import(`${folder}pyodide.mjs`);
  globalThis.python = await loadPyodide({ indexURL: folder });
  await python.loadPackage("tickfire-browser");
  for (const name of ["vectors.json", "blob"]) {
    const data = await (await fetch(name)).arrayBuffer();
    python.FS.writeFile(`/tmp/${name}`, new Uint8Array(data));
  }
  return python.version;
}"""

RUN = """
import json
from array import array
import tickfire_browser
from tickfire_browser.engines import Wasm, engine

machine = engine()
assert isinstance(machine, Wasm)
words = array("q", open("/tmp/blob", "rb").read())
floats = array("d", words.tobytes())


def bits(values):
    '''The words, every NaN the same.'''
    found = array("d", values.tobytes())
    return [w if x == x else "nan" for x, w in zip(found, array("q", values.tobytes()))]


def check(vector):
    name = vector["kernel"]
    parameters = getattr(tickfire_browser, name).parameters
    given, expected = [], []
    for (_, role), (kind, value, *rest) in zip(parameters, vector["arguments"], strict=True):
        if kind == "array":
            length, after = rest
            code = "q" if role.startswith("long") else "d"
            given.append(array(code, words[value : value + length].tobytes()))
            expected.append((code, given[-1], words[after : after + length]))
        else:
            given.append(floats[value] if kind == "float" else int(value))
    result = machine.run(name, [role for _, role in parameters], given)
    assert result == vector["result"], name
    for code, array_, after in expected:
        if code == "q":
            assert array_ == after, name
        else:
            assert bits(array_) == bits(after), name
    return sum(len(each) for _, each, _ in expected)


made = json.load(open("/tmp/vectors.json"))
f"{len(made)} {sum(map(check, made))}"
"""


def test_every_kernel_gives_the_bits_of_native_in_pyodide(
    browser: Browser, serving: Served
) -> None:
    made, blob = vectors(FEW)
    context = browser.new_context()
    page = context.new_page()
    answers: dict[str, str | bytes] = {"vectors.json": json.dumps(made), "blob": blob}

    def answer(route: Route) -> None:
        route.fulfill(body=answers[Path(route.request.url).name])

    context.route("**/vectors.json", answer)
    context.route("**/blob", answer)
    page.goto(serving.url)
    page.evaluate(LOAD)
    counts = page.evaluate("code => python.runPython(code)", RUN).split()
    context.close()
    assert int(counts[0]) == len(made)
    assert int(counts[1]) > 100_000
