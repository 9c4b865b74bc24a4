/** Arrays of an npz file (a zip of npy files), as numpy writes it; numbers only. */

export type NpyArray = Uint8Array | Int8Array | Int16Array | Float64Array | BigInt64Array;

export interface Npy {
  readonly shape: readonly number[];
  readonly data: NpyArray;
}

export class NpzError extends Error {
  override name = "NpzError";
}

const END = 0x06054b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
const STORED = 0;
const DEFLATED = 8;
const END_BYTES = 22;
const CENTRAL_BYTES = 46;
const LOCAL_BYTES = 30;

const TYPES = {
  "|u1": Uint8Array,
  "|i1": Int8Array,
  "<i2": Int16Array,
  "<f8": Float64Array,
  "<i8": BigInt64Array,
} as const;

/** Read all arrays, by name. */
export async function readNpz(bytes: Uint8Array<ArrayBuffer>): Promise<Map<string, Npy>> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const arrays = new Map<string, Npy>();
  try {
    for (const entry of directory(view, bytes)) {
      if (!entry.name.endsWith(".npy")) continue;
      arrays.set(entry.name.slice(0, -4), readNpy(await member(view, bytes, entry)));
    }
  } catch (error) {
    if (error instanceof NpzError) throw error;
    throw new NpzError(`not an npz: ${String(error)}`);
  }
  return arrays;
}

interface Entry {
  name: string;
  method: number;
  packed: number;
  size: number;
  offset: number;
}

function directory(view: DataView, bytes: Uint8Array): Entry[] {
  let end = view.byteLength - END_BYTES;
  while (end >= 0 && view.getUint32(end, true) !== END) end--;
  if (end < 0) throw new NpzError("not an npz: it has no directory");
  const count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  const entries: Entry[] = [];
  for (let i = 0; i < count; i++) {
    if (view.getUint32(at, true) !== CENTRAL) throw new NpzError("not an npz: a bad directory");
    const length = view.getUint16(at + 28, true);
    const name = new TextDecoder().decode(
      bytes.subarray(at + CENTRAL_BYTES, at + CENTRAL_BYTES + length),
    );
    entries.push({
      name,
      method: view.getUint16(at + 10, true),
      packed: view.getUint32(at + 20, true),
      size: view.getUint32(at + 24, true),
      offset: view.getUint32(at + 42, true),
    });
    at += CENTRAL_BYTES + length + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return entries;
}

async function member(
  view: DataView,
  bytes: Uint8Array<ArrayBuffer>,
  entry: Entry,
): Promise<Uint8Array> {
  if (view.getUint32(entry.offset, true) !== LOCAL)
    throw new NpzError(`${entry.name} is not there`);
  const names = view.getUint16(entry.offset + 26, true) + view.getUint16(entry.offset + 28, true);
  const start = entry.offset + LOCAL_BYTES + names;
  const packed = bytes.subarray(start, start + entry.packed);
  let data: Uint8Array = packed;
  if (entry.method === DEFLATED) data = await inflate(packed);
  else if (entry.method !== STORED) throw new NpzError(`${entry.name} is packed in another way`);
  if (data.length !== entry.size) throw new NpzError(`${entry.name} is not whole`);
  return data;
}

async function inflate(packed: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function readNpy(file: Uint8Array): Npy {
  const magic = String.fromCharCode(...file.subarray(1, 6));
  if (file[0] !== 0x93 || magic !== "NUMPY") throw new NpzError("a member is no npy");
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const long = view.getUint8(6) > 1;
  const length = long ? view.getUint32(8, true) : view.getUint16(8, true);
  const start = (long ? 12 : 10) + length;
  const header = new TextDecoder().decode(file.subarray(long ? 12 : 10, start));
  const type = /'descr': '([^']+)'/.exec(header)?.[1] ?? "";
  const shape = /'shape': \(([^)]*)\)/.exec(header)?.[1];
  if (!(type in TYPES) || shape === undefined || !header.includes("'fortran_order': False")) {
    throw new NpzError(`an array of ${type} cannot be read`);
  }
  const sizes = shape
    .split(",")
    .map((part) => part.trim())
    .filter(Boolean)
    .map(Number);
  // Copied, so that it is aligned.
  const own = file.slice(start).buffer as ArrayBuffer;
  return { shape: sizes, data: new TYPES[type as keyof typeof TYPES](own) };
}
