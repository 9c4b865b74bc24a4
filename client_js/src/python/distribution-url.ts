const HINT = 'the address of the folder pyodide/ that "make wasm" builds';

/** The address of a distribution, with a slash at its end; throws TypeError if it is none. */
export function distributionUrl(given: unknown, page = document.baseURI): URL {
  if (!(given instanceof URL) && (typeof given !== "string" || given === "")) {
    throw new TypeError(`distribution must be ${HINT}, not ${JSON.stringify(given)}`);
  }
  if (!URL.canParse(given, page)) {
    throw new TypeError(`distribution must be ${HINT}; "${given}" is no address`);
  }
  const url = new URL(given, page);
  if (!url.pathname.endsWith("/")) url.pathname += "/";
  return url;
}
