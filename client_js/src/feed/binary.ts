import { BINARY_HEADER, BINARY_HEADER_2, TICK } from "../schema";
import type { Side } from "./payloads";
import { feedOf } from "./position";

/** Decimals of a price on the wire: PRICE_SCALE is 1e9. */
const PRICE_DECIMALS = 9;
const NS_PER_MS = 1_000_000n;
/** The price of what has none. */
const UNDEF_PRICE = 2n ** 63n - 1n;
/** Bytes of the headers, by version. */
const HEADER_BYTES = new Map<number, number>([
  [1, BINARY_HEADER.byteLength],
  [2, BINARY_HEADER_2.byteLength],
]);

/** One packed record. */
export interface PackedTick {
  /** TICK_TRADE, TICK_BID, TICK_ASK or TICK_CLEAR */
  kind: number;
  feed: number;
  instrumentId: number;
  /** Exact decimal string without trailing zeros; null of a clear, and of a side of which nothing is left. */
  price: string | null;
  size: number;
  side: Side;
  sequence: number;
  /** ns since the Unix epoch */
  tsEvent: bigint;
  /** ms since the Unix epoch */
  timestamp: number;
}

export interface PackedTicks {
  /** Epoch, hexadecimal. */
  epoch: string;
  /** The feed of the positions. */
  feed: number;
  /** The shard of the positions. */
  shard: number;
  /** Positions that the payload covers, first to last; those without a tick were filtered out. */
  first: bigint;
  last: bigint;
  ticks: PackedTick[];
}

/** Decode the payload of a binary `ticks` event, of either version; throws RangeError if it is malformed. */
export function decodeTicks(payload: ArrayBuffer): PackedTicks {
  const view = new DataView(payload);
  const version = view.getUint8(BINARY_HEADER.version);
  const header = HEADER_BYTES.get(version);
  if (header === undefined) throw new RangeError(`ticks of unknown version ${version}`);
  const count = view.getUint32(BINARY_HEADER.count, true);
  const wanted = header + count * TICK.byteLength;
  if (payload.byteLength !== wanted) {
    throw new RangeError(`${count} ticks take ${wanted} bytes, not ${payload.byteLength}`);
  }
  const ticks = Array.from({ length: count }, (_, index) =>
    decodeTick(view, header + index * TICK.byteLength),
  );
  const key = new Uint8Array(payload, BINARY_HEADER.epoch, 8);
  const epoch = Array.from(key, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const first = view.getBigUint64(BINARY_HEADER.position, true);
  const span = view.getUint16(BINARY_HEADER.span, true);
  return {
    feed: version === 1 ? feedOf(epoch) : view.getUint8(BINARY_HEADER_2.feed),
    shard: view.getUint8(BINARY_HEADER.shard),
    first,
    last: first + BigInt(span) - 1n,
    epoch,
    ticks,
  };
}

function decodeTick(view: DataView, at: number): PackedTick {
  const tsEvent = view.getBigInt64(at + TICK.tsEvent, true);
  const price = view.getBigInt64(at + TICK.price, true);
  return {
    kind: view.getUint8(at + TICK.kind),
    feed: view.getUint8(at + TICK.feed),
    instrumentId: view.getUint32(at + TICK.instrumentId, true),
    price: price === UNDEF_PRICE ? null : priceText(price),
    size: view.getUint32(at + TICK.size, true),
    side: String.fromCharCode(view.getUint8(at + TICK.side)) as Side,
    sequence: view.getUint32(at + TICK.sequence, true),
    tsEvent,
    timestamp: Number(tsEvent / NS_PER_MS),
  };
}

/** A price in 1e-9 as an exact decimal string without trailing zeros. */
export function priceText(price: bigint): string {
  const sign = price < 0n ? "-" : "";
  const digits = String(price < 0n ? -price : price).padStart(PRICE_DECIMALS + 1, "0");
  const fraction = digits.slice(-PRICE_DECIMALS).replace(/0+$/, "");
  return `${sign}${digits.slice(0, -PRICE_DECIMALS)}${fraction === "" ? "" : `.${fraction}`}`;
}
