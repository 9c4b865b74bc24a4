import { createChart } from "tickfire/chart";
import { Draft, faultText, PythonEditor, pythonIndicator } from "tickfire/python";

const MINUTE_MS = 60_000;
const CODE = `from tickfire_browser import ema


def indicator(bars):
    return {"fast": ema(bars.close, 9), "slow": ema(bars.close, 26)}
`;

const chart = createChart(document.querySelector("#chart"), { symbol: "SINE", tickSize: 0.01 });
chart.setBars(
  Array.from({ length: 300 }, (_, i) => {
    const [open, close] = [i - 1, i].map((at) => 100 + 5 * Math.sin(at / 9));
    const time = i * MINUTE_MS;
    return { time, open, high: Math.max(open, close) + 1, low: Math.min(open, close) - 1, close };
  }),
);

const python = pythonIndicator(chart, { distribution: "/pyodide/" });
const editor = new PythonEditor({
  onChange: (text) => draft.change(text),
  onRun: () => run(editor.text),
});
const draft = new Draft({
  check: (text) => python.check(text),
  // The line being typed may be unfinished: its error is shown after a pause.
  show: (fault, paused) => (paused || fault?.line !== editor.line) && show(fault),
  run,
});

async function run(text) {
  draft.cancel();
  const { error = null } = await python.run(text);
  // The user may have typed on in the meantime.
  if (text === editor.text) show(error);
}

function show(fault) {
  const text = fault === null ? "" : faultText(fault);
  editor.mark(fault, text);
  document.querySelector("#fault").textContent = text;
}

python.on("ready", ({ catalogue }) => editor.offer(catalogue));
python.on("failure", (reason) => {
  document.querySelector("#fault").textContent = reason;
});
document.querySelector("#editor").append(editor.element);
editor.text = CODE;
run(CODE);
