// Names the files that the package's declarations import: under "nodenext" and "node16" an import
// within a package needs its extension, which the sources leave to the bundler.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const IMPORT = /((?:from|import)\s*\(?\s*")(\.{1,2}\/[^"]+)(")/g;

for (const file of declarations("dist/types")) {
  const text = readFileSync(file, "utf8");
  const finished = text.replace(IMPORT, (_, before, path, after) => {
    if (!existsSync(join(dirname(file), `${path}.d.ts`))) throw new Error(`${file}: no ${path}`);
    return `${before}${path}.js${after}`;
  });
  if (finished !== text) writeFileSync(file, finished);
}

function declarations(folder) {
  const names = readdirSync(folder, { recursive: true });
  return names.filter((name) => name.endsWith(".d.ts")).map((name) => join(folder, name));
}
