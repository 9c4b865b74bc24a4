// Size of a chart's code in an application: `npm run size`, after `npm run build:package`.
//
// The chart and the store are bundled and minified as an application's build does it, style sheet
// and shader included; what is loaded on demand is listed after it.
import { gzipSync } from "node:zlib";
import { build } from "vite";

const BUDGET_BYTES = 22 * 1024;
const ENTRY = "virtual:application";
const SOURCE = `
export { createChart } from "./dist/chart.js";
export { CandleStore } from "./dist/store.js";
`;

const application = {
  name: "application",
  resolveId: (id, importer) =>
    id === ENTRY ? ENTRY : importer === ENTRY ? `${process.cwd()}/${id}` : null,
  load: (id) => (id === ENTRY ? SOURCE : null),
};

const { output } = await build({
  configFile: false,
  logLevel: "error",
  plugins: [application],
  build: {
    write: false,
    target: "es2022",
    // Without the helper that Vite adds to pages for what is loaded on demand.
    ssr: true,
    minify: true,
    rolldownOptions: { input: ENTRY, preserveEntrySignatures: "strict" },
  },
});
const chunks = new Map(output.map((chunk) => [chunk.fileName, chunk]));

/** A chunk and all that it imports at once. */
function closure(name, found = new Set()) {
  if (found.has(name) || !chunks.has(name)) return found;
  found.add(name);
  for (const each of chunks.get(name).imports) closure(each, found);
  return found;
}

function gzipped(names) {
  return gzipSync([...names].map((name) => chunks.get(name).code).join("\n"), { level: 9 }).length;
}

const entry = output.find(({ isEntry }) => isEntry);
const atOnce = closure(entry.fileName);
const total = gzipped(atOnce);
const say = (name, bytes) => process.stdout.write(`${name.padEnd(24)} ${bytes} bytes\n`);
say("chart and store", total);
for (const { fileName, name } of output) {
  if (!atOnce.has(fileName)) say(`  on demand: ${name}`, gzipped([fileName]));
}
if (total > BUDGET_BYTES) {
  process.stderr.write(
    `The chart and the store are beyond their budget of ${BUDGET_BYTES} bytes.\n`,
  );
  process.exitCode = 1;
}
