const BASE = 36;

/**
 * Tell whether the id `one` stands for a later position than `other`, of the same topic or of one
 * that draws on the same shards; an id of another epoch counts as later.
 */
export function isAfter(one: string, other: string): boolean {
  const [epoch, positions] = split(one);
  const [otherEpoch, others] = split(other);
  if (epoch !== otherEpoch) return true;
  return positions.some((position, shard) => position > (others[shard] ?? 0));
}

/** Tell whether two ids are positions of one market: a market made anew has another epoch. */
export function isSameEpoch(one: string, other: string): boolean {
  return split(one)[0] === split(other)[0];
}

function split(id: string): [epoch: string, positions: number[]] {
  const [epoch = "", positions = ""] = id.split("-");
  return [epoch, positions.split(".").map((text) => Number.parseInt(text, BASE))];
}
