/**
 * Sentiment in the browser: scores headlines with the server's artifact, to the same bits.
 *
 * This holds, as `tickfire.models.sentiment.model` explains, because sums of integers are exact and
 * the few floating-point operations that follow are the same, in the same order.
 */
import { exp } from "./exp";
import { LEXICON_FEATURES, lexiconCounts } from "./lexicon";
import { type Npy, readNpz } from "./npz";
import { isLetter, shape, tokens } from "./text";

export const LABELS = ["bearish", "neutral", "bullish"] as const;
export type Label = (typeof LABELS)[number];

export interface Score {
  label: Label;
  /** Probabilities of bearish, neutral and bullish. */
  probabilities: [number, number, number];
  /** The model is not sure enough. */
  abstained: boolean;
  /** The words that contributed most to the label, heaviest first, with their weights (logits). */
  words: [word: string, weight: number][];
}

export class ArtifactError extends Error {
  override name = "ArtifactError";
}

const KIND = "sentiment";
const VERSION = 1;
const MAX_WORDS = 3;
const LEAST_WEIGHT = 0.05;
const CACHED_WORDS = 16_384;

/** The weighted sum of each class, and the sum of squares. */
type Sums = [number, number, number, number];

/** The JSON beside the npz, as far as it is read here. */
interface Manifest {
  kind: string;
  version: number;
  npz_sha256: string;
  options: { threshold: number; lexicon: Record<string, number> };
  golden: { input: string; output: [number, number, number] }[];
}

export class SentimentModel {
  readonly threshold: number;
  private readonly words: Block;
  private readonly chars: Block;
  private readonly lexicon: ReadonlyMap<string, number>;
  private readonly lexiconWeights: ArrayLike<number>;
  private readonly scales: ArrayLike<number>;
  private readonly bias: ArrayLike<number>;
  private readonly pieces = new Map<string, Sums>();

  private constructor(manifest: Manifest, arrays: ReadonlyMap<string, Npy>) {
    this.words = new Block(arrays, "word");
    this.chars = new Block(arrays, "char");
    this.lexiconWeights = numbers(arrays, "lexicon_weights", LEXICON_FEATURES * 3);
    this.scales = numbers(arrays, "scales", 3);
    this.bias = numbers(arrays, "bias", 3);
    this.threshold = manifest.options.threshold;
    this.lexicon = new Map(Object.entries(manifest.options.lexicon));
  }

  /** Read an artifact; throws if it is incomplete or its golden vectors are not reproduced. */
  static async read(manifestText: string, npz: Uint8Array<ArrayBuffer>): Promise<SentimentModel> {
    const manifest = JSON.parse(manifestText) as Manifest;
    if (manifest.kind !== KIND || manifest.version !== VERSION) {
      throw new ArtifactError(`it is a ${manifest.kind} of version ${manifest.version}`);
    }
    // Digests need a secure context; the golden vectors are checked everywhere.
    if (globalThis.crypto?.subtle && (await sha256(npz)) !== manifest.npz_sha256) {
      throw new ArtifactError("the npz is not the file that its manifest names");
    }
    const model = new SentimentModel(manifest, await readNpz(npz));
    for (const { input, output } of manifest.golden) {
      const found = model.score(input).probabilities;
      if (found.some((probability, at) => probability !== output[at])) {
        throw new ArtifactError(`of "${input}" it makes ${found.join(", ")}`);
      }
    }
    return model;
  }

  /** Fetch and read an artifact. */
  static async fetch(manifestUrl: string, npzUrl: string): Promise<SentimentModel> {
    const [manifest, npz] = await Promise.all([fetch(manifestUrl), fetch(npzUrl)]);
    if (!manifest.ok || !npz.ok) throw new ArtifactError("the artifact is not served");
    return SentimentModel.read(await manifest.text(), new Uint8Array(await npz.arrayBuffer()));
  }

  score(text: string): Score {
    const read = tokens(text);
    const words = this.wordHits(read);
    const wordSums = this.words.sums(words.map(([place]) => place));
    const chars = read.map((token) => this.piecesOf(token));
    const charSums = total(chars);
    const { counts, owners } = lexiconCounts(read, this.lexicon);
    const byWord = wordSums[3] === 0 ? 0 : this.scales[0] / Math.sqrt(wordSums[3]);
    const byChar = charSums[3] === 0 ? 0 : this.scales[1] / Math.sqrt(charSums[3]);
    const byLexicon = this.scales[2];
    const logits = LABELS.map((_, c) => {
      const lexicon = counts.reduce((sum, n, f) => sum + n * this.lexiconWeights[3 * f + c], 0);
      return this.bias[c] + byWord * wordSums[c] + byChar * charSums[c] + byLexicon * lexicon;
    });
    const probabilities = softmax(logits);
    let best = 0;
    for (const c of [1, 2]) if (probabilities[c] > probabilities[best]) best = c;
    const ofWords = this.byWord(read.length, words, best);
    const ofLexicon = this.byLexicon(read.length, owners, best);
    const weights = read.map((_, at) => {
      const ofChars = 2 * gain(chars[at], best);
      return (byWord * ofWords[at] + byChar * ofChars + byLexicon * ofLexicon[at]) / 6;
    });
    return {
      label: LABELS[best],
      probabilities,
      abstained: probabilities[best] < this.threshold,
      words: heaviest(read, weights),
    };
  }

  /** The indices of the known n-grams, each with its first and last token. */
  private wordHits(read: readonly string[]): [place: number, first: number, last: number][] {
    const shapes = read.map(shape);
    const hits: [number, number, number][] = [];
    const look = (gram: string, first: number, last: number) => {
      const place = this.words.places.get(gram);
      if (place !== undefined) hits.push([place, first, last]);
    };
    shapes.forEach((word, at) => {
      look(word, at, at);
      if (at > 0) look(`${shapes[at - 1]} ${word}`, at - 1, at);
      if (at > 1) look(`${shapes[at - 2]} * ${word}`, at - 2, at);
    });
    return hits;
  }

  private piecesOf(token: string): Sums {
    if (!isLetter(token[0])) return [0, 0, 0, 0];
    let found = this.pieces.get(token);
    if (found === undefined) {
      if (this.pieces.size >= CACHED_WORDS) this.pieces.clear();
      found = this.chars.sums(this.chars.placesIn(token));
      this.pieces.set(token, found);
    }
    return found;
  }

  private byWord(size: number, hits: [number, number, number][], best: number): number[] {
    const sums = new Array<number>(size).fill(0);
    for (const [place, first, last] of hits) {
      const gained = gain(this.words.sums([place]), best);
      sums[first] += gained;
      sums[last] += gained;
    }
    return sums;
  }

  private byLexicon(size: number, owners: [number, number][], best: number): number[] {
    const sums = new Array<number>(size).fill(0);
    for (const [feature, at] of owners) {
      const [a, b, c] = [0, 1, 2].map((k) => this.lexiconWeights[3 * feature + k]);
      sums[at] += 2 * gain([a, b, c, 0], best);
    }
    return sums;
  }
}

/** N-grams with their indices, idf and weights. */
class Block {
  readonly places = new Map<string, number>();
  private readonly idf: ArrayLike<number>;
  private readonly weights: ArrayLike<number>;

  constructor(arrays: ReadonlyMap<string, Npy>, name: string) {
    const text = arrays.get(`${name}_text`)?.data;
    if (!(text instanceof Uint8Array)) throw new ArtifactError(`there are no ${name} n-grams`);
    const grams = text.length === 0 ? [] : new TextDecoder().decode(text).split("\n");
    grams.forEach((gram, place) => {
      this.places.set(gram, place);
    });
    this.idf = numbers(arrays, `${name}_idf`, grams.length);
    this.weights = numbers(arrays, `${name}_weights`, grams.length * 3);
  }

  /** The known pieces of a word, 3 to 5 characters long. */
  placesIn(word: string): number[] {
    const padded = ` ${word} `;
    const found: number[] = [];
    for (const length of [3, 4, 5]) {
      for (let at = 0; at + length <= padded.length; at++) {
        const place = this.places.get(padded.slice(at, at + length));
        if (place !== undefined) found.push(place);
      }
    }
    return found;
  }

  sums(places: readonly number[]): Sums {
    const sums: Sums = [0, 0, 0, 0];
    for (const place of places) {
      const u = this.idf[place];
      for (let c = 0; c < 3; c++) sums[c] += u * this.weights[3 * place + c];
      sums[3] += u * u;
    }
    return sums;
  }
}

/** Three times the excess of a class over the mean of all classes. */
function gain(sums: Sums, best: number): number {
  return 3 * sums[best] - sums[0] - sums[1] - sums[2];
}

function total(all: readonly Sums[]): Sums {
  const sums: Sums = [0, 0, 0, 0];
  for (const one of all) for (let c = 0; c < 4; c++) sums[c] += one[c];
  return sums;
}

function softmax(logits: readonly number[]): [number, number, number] {
  const highest = Math.max(...logits);
  const [a, b, c] = logits.map((logit) => exp(logit - highest));
  const sum = a + b + c;
  return [a / sum, b / sum, c / sum];
}

function heaviest(read: readonly string[], weights: readonly number[]): [string, number][] {
  const found = new Map<string, number>();
  const order = read.map((_, at) => at).sort((one, other) => weights[other] - weights[one]);
  for (const at of order) {
    if (weights[at] < LEAST_WEIGHT || found.size === MAX_WORDS) break;
    if (!found.has(read[at])) found.set(read[at], weights[at]);
  }
  return [...found];
}

function numbers(arrays: ReadonlyMap<string, Npy>, name: string, size: number): ArrayLike<number> {
  const data = arrays.get(name)?.data;
  if (data === undefined || data instanceof BigInt64Array || data.length !== size) {
    throw new ArtifactError(`${name} is not ${size} numbers`);
  }
  return data;
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
