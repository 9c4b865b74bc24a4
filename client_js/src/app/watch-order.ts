import { changeOf, type SymbolState } from "./symbols";

/** The columns of the watch list that it can be sorted by. */
export const COLUMNS = { symbol: "Symbol", last: "Last", change: "Chg", volume: "Vol" } as const;

export type Column = keyof typeof COLUMNS;

export interface Order {
  by: Column;
  descending: boolean;
}

export const FIRST_ORDER: Order = { by: "symbol", descending: false };

/** The order after a click on a column's head: names go up first, figures down. */
export function nextOrder(order: Order, by: Column): Order {
  if (order.by === by) return { by, descending: !order.descending };
  return { by, descending: by !== "symbol" };
}

/** Compare two symbols; those without the figure come last in either direction. */
export function compare(a: SymbolState, b: SymbolState, { by, descending }: Order): number {
  const names = byText(a.name, b.name) || a.symbol.length - b.symbol.length;
  if (by === "symbol") return descending ? -names : names;
  const [x, y] = [figure(a, by), figure(b, by)];
  if (x === null || y === null) return x === y ? names : x === null ? 1 : -1;
  return (descending ? y - x : x - y) || names;
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function figure(state: SymbolState, by: Exclude<Column, "symbol">): number | null {
  if (by === "change") return changeOf(state);
  if (by === "volume") return state.volume;
  return state.last === null ? null : Number(state.last);
}

/** The text form, for settings: "change down". */
export function writeOrder({ by, descending }: Order): string {
  return `${by} ${descending ? "down" : "up"}`;
}

export function readOrder(text: string | null): Order {
  const [by = "", way] = (text ?? "").split(" ");
  if (!Object.hasOwn(COLUMNS, by)) return FIRST_ORDER;
  return { by: by as Column, descending: way === "down" };
}
