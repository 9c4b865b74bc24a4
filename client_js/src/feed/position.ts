const BASE = 36;
/** Hexadecimal digits of the feed's number, with which an epoch begins. */
const FEED_DIGITS = 2;

/** The part of an id for one feed. */
export interface FeedPositions {
  /** Epoch, hexadecimal. */
  epoch: string;
  /** In base 36, one for each shard of the topic. */
  positions: string[];
}

/** The parts of an id, one for each feed that its topic reads. */
export function partsOf(id: string): FeedPositions[] {
  return id.split("_").map((part) => {
    const [epoch = "", positions = ""] = part.split("-");
    return { epoch, positions: positions.split(".") };
  });
}

/** Return the id with these parts. */
export function idOf(parts: FeedPositions[]): string {
  return parts.map(({ epoch, positions }) => `${epoch}-${positions.join(".")}`).join("_");
}

/** Tell whether two parts are of the same feed, in whatever epochs. */
export function isSameFeed(one: FeedPositions, other: FeedPositions): boolean {
  return feedOf(one.epoch) === feedOf(other.epoch);
}

/** The number of the feed of an epoch. */
export function feedOf(epoch: string): number {
  return Number.parseInt(epoch.slice(0, FEED_DIGITS), 16);
}

/**
 * Tell whether the id `one` stands for a later position than `other`, of the same topic or of one
 * that draws on the same shards; an id of another epoch counts as later.
 */
export function isAfter(one: string, other: string): boolean {
  const others = partsOf(other);
  return partsOf(one).some(({ epoch, positions }) => {
    const known = others.find((part) => part.epoch === epoch);
    return (
      known === undefined ||
      positions.some((position, shard) => number(position) > number(known.positions[shard] ?? "0"))
    );
  });
}

/** Tell whether two ids are positions of one market: a market made anew has another epoch. */
export function isSameEpoch(one: string, other: string): boolean {
  const others = partsOf(other);
  return partsOf(one).some(({ epoch }) => others.some((part) => part.epoch === epoch));
}

function number(position: string): number {
  return Number.parseInt(position, BASE);
}
