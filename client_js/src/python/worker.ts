import type { PyodideAPI } from "pyodide";
import { brief, load } from "./distribution";
import { Dump } from "./fatal";
import type {
  BarsMessage,
  Catalogue,
  FromWorker,
  Outcome,
  Request,
  Start,
  ToWorker,
} from "./messages";
import { Output } from "./output";

/** Types the worker's global scope: this project compiles with the page's types. */
interface Scope {
  postMessage(message: FromWorker, transfer?: Transferable[]): void;
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
}

/** A Python dictionary that converts to an object. */
interface Result<T> {
  toJs(options: object): T;
  destroy(): void;
}

/** `tickfire_browser.session.Session` */
interface Session {
  set_bars(symbol: string, interval: string, ...columns: (BigInt64Array | Float64Array)[]): void;
  catalogue(): Result<Catalogue>;
  check(source: string): Result<Outcome>;
  define(source: string): Result<Outcome>;
  compute(): Result<Outcome>;
  push(line: string): Result<Outcome>;
  clear(): void;
}

const MAKE_SESSION = `
import tickfire_browser, tickfire_browser.session, tickfire_browser.stack
tickfire_browser.stack.limit_stack()
tickfire_browser.session.Session(vars(tickfire_browser))
`;

const PYTHON_VERSION = `import sys; sys.version.partition(" ")[0]`;

const scope = globalThis as unknown as Scope;
const dump = new Dump();
const output = new Output((text, isError) => scope.postMessage({ kind: "output", text, isError }));
let session: Session | null = null;

scope.onmessage = ({ data }) => {
  if (data.kind === "start") void start(data);
  else answer(data.id, data);
};

async function start({ base, interrupt }: Start): Promise<void> {
  const began = performance.now();
  try {
    const { pyodide, fromSnapshot } = await load(base, (stage, loaded, total) =>
      scope.postMessage({ kind: "progress", stage, loaded, total }),
    );
    session = prepare(pyodide, interrupt);
    const version = pyodide.runPython(PYTHON_VERSION);
    const ms = performance.now() - began;
    const catalogue = plain(session.catalogue());
    scope.postMessage({ kind: "ready", version: String(version), fromSnapshot, ms, catalogue });
  } catch (error) {
    scope.postMessage({ kind: "failed", reason: brief(error) });
  }
}

function prepare(pyodide: PyodideAPI, interrupt: SharedArrayBuffer | null): Session {
  pyodide.setStdout({ batched: (line: string) => output.write(line, false) });
  pyodide.setStderr({ batched: (line: string) => dump.take(line) || output.write(line, true) });
  pyodide.setStdin({ error: true });
  const made = pyodide.runPython(MAKE_SESSION) as Session;
  if (interrupt !== null) pyodide.setInterruptBuffer(new Uint8Array(interrupt));
  return made;
}

function answer(id: number, request: Request): void {
  output.begin(request.kind === "compute");
  let outcome: Outcome;
  try {
    outcome = run(request);
  } catch (error) {
    outcome = broken(error);
  }
  output.flush();
  const transfer = Object.values(outcome.series ?? {}).map(({ buffer }) => buffer as ArrayBuffer);
  scope.postMessage({ kind: "outcome", id, outcome }, transfer);
}

/** An exception that the session lets through has interrupted it between two lines or ended Python. */
function broken(error: unknown): Outcome {
  const message = brief(error);
  if (!message.includes("KeyboardInterrupt"))
    return { error: dump.fault(error), ended: true, ms: 0 };
  const fault = { type: "Stopped", message, line: null, span: null, trace: [], interrupted: true };
  return { error: fault, ms: 0 };
}

function run(request: Request): Outcome {
  if (session === null) throw new Error("Python has not started");
  if (request.kind === "clear") {
    session.clear();
    return { ms: 0 };
  }
  if (request.kind === "check") return plain(session.check(request.source));
  take(session, request.bars);
  switch (request.kind) {
    case "define":
      return plain(session.define(request.source));
    case "compute":
      return plain(session.compute());
    case "push":
      return plain(session.push(request.line));
  }
}

function take(session: Session, { symbol, interval, columns }: BarsMessage): void {
  const [time, ...rest] = columns;
  const values = rest.map((column) => new Float64Array(column));
  session.set_bars(symbol, interval, new BigInt64Array(time), ...values);
}

function plain<T>(result: Result<T>): T {
  const outcome = result.toJs({ dict_converter: Object.fromEntries });
  result.destroy();
  return outcome;
}
