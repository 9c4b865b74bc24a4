// Start the distribution in a folder, import what every worker needs, write its memory:
// node snapshot.mjs FOLDER WHEEL OUT
// Only memory is kept, no file: a worker unpacks the wheel again, at the same place. What lies
// outside of memory (kernels.wasm, objects of JavaScript) must not be in use yet.
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [folder, wheel, out] = process.argv.slice(2);

const IMPORT = `
import email, importlib.metadata, tarfile  # what loadPackage imports
import sysconfig, zipfile
zipfile.ZipFile("/tmp/wheel.zip").extractall(sysconfig.get_path("purelib"))
import tickfire_browser.session
`;

try {
  const { loadPyodide } = await import(pathToFileURL(`${folder}/pyodide.mjs`).href);
  const pyodide = await loadPyodide({ indexURL: folder, _makeSnapshot: true });
  pyodide.FS.writeFile("/tmp/wheel.zip", readFileSync(`${folder}/${wheel}`));
  pyodide.runPython(IMPORT);
  writeFileSync(out, pyodide.makeMemorySnapshot());
} catch (error) {
  // The stack of an error in there quotes a line of a megabyte.
  console.error(String(error).trim().split("\n").at(-1).slice(0, 300));
  process.exitCode = 1;
}
