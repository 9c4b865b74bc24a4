// Watches the compute worker of a page from outside: keeps the bars that the page sent and the
// results that the worker gave for them, copied at the moment they came.
(() => {
  const Native = globalThis.Worker;
  const desk = { shared: null, history: null, bars: null, names: {}, sets: {}, answered: null };
  globalThis.desk = desk;

  function ask(request) {
    if (request.type === "start") desk.shared = request.shared;
    if (request.type === "open") Object.assign(desk, { history: request.history, bars: null, names: {}, sets: {} });
    if (request.type === "add") desk.names[request.indicator] = request.resolved;
    if (request.type === "remove") delete desk.names[request.indicator];
    if (request.type === "bars") {
      const merged = {};
      for (const [name, column] of Object.entries(request.bars)) {
        merged[name] = [...(desk.bars?.[name] ?? []).slice(0, request.from), ...column];
      }
      desk.bars = merged;
    }
  }

  function take(report) {
    if (report.type !== "results" || report.history !== desk.history) return;
    for (const { set, from, count, at, shared } of report.changes) {
      if (shared !== null) desk.sets[set] = { buffers: shared };
      const kept = (desk.sets[set] ??= { columns: [] });
      if (kept.buffers) {
        kept.columns = kept.buffers.map((buffer) => [...new Float64Array(buffer, 0, count)]);
        continue;
      }
      const rows = count - from;
      const width = set === desk.history ? 6 : Math.max(kept.columns.length, widthOf(report, at, rows, set));
      kept.columns = Array.from({ length: width }, (_, k) => [
        ...(kept.columns[k] ?? []).slice(0, from),
        ...report.data.subarray(at + k * rows, at + (k + 1) * rows),
      ]);
    }
    const results = {};
    for (const [set, resolved] of Object.entries(desk.names)) {
      if (desk.sets[set]) results[set] = { ...resolved, columns: desk.sets[set].columns };
    }
    desk.answered = { bars: desk.bars, results };
  }

  /** Columns of a set: its rows reach to where the next one's begin. */
  function widthOf({ changes, data }, at, rows, set) {
    const index = changes.findIndex((change) => change.set === set);
    const end = changes[index + 1]?.at ?? data.length;
    return rows === 0 ? 0 : (end - at) / rows;
  }

  globalThis.Worker = class extends Native {
    constructor(...given) {
      super(...given);
      this.addEventListener("message", ({ data }) => take(data));
    }
    postMessage(message, transfer) {
      ask(message);
      super.postMessage(message, transfer);
    }
  };
})();
