import { barOf } from "../feed/bar-of";
import type { CandlesSubscription } from "../feed/candles";
import type { MarketFeed } from "../feed/feed";
import type { HeldCandles } from "../indicators/kernel-indicators";
import { CandleStore } from "../store/candle-store";
import { OlderCandles } from "./older-candles";
import type { References } from "./references";
import { HISTORY_LIMIT, type PageSession } from "./session";

/** The parts of the page that know or get the same candles. */
export interface PeerParts {
  readonly feed: MarketFeed;
  readonly session: Pick<PageSession, "symbol" | "interval" | "store">;
  readonly references: Pick<References, "take">;
}

interface Peer {
  symbol: string;
  store: CandleStore;
  subscription: CandlesSubscription;
  older: OlderCandles;
  users: number;
}

/** The candles of other symbols than the one shown, live while anything is drawn from them. */
export class PeerCandles {
  private readonly peers = new Map<string, Peer>();

  /** `onRefused` is called once for a symbol that the server does not give. */
  constructor(
    private readonly parts: PeerParts,
    private readonly onRefused: (symbol: string, reason: string) => void,
  ) {}

  /** Hold the candles of a symbol; they come into the store later, and are left with the last hold. */
  hold(symbol: string, interval: string): HeldCandles {
    const { session } = this.parts;
    // Before anything is shown, it is not known which topics the page itself will join.
    if (session.symbol === null) return { store: new CandleStore() };
    if (symbol === session.symbol && interval === session.interval) {
      return { store: session.store ?? new CandleStore() };
    }
    const key = keyOf(symbol, interval);
    const peer = this.peers.get(key) ?? this.join(key, symbol, interval);
    peer.users++;
    return { store: peer.store, release: () => this.release(key, peer) };
  }

  /** Tell whether the candles of a symbol are joined here. */
  has(symbol: string, interval: string): boolean {
    return this.peers.has(keyOf(symbol, interval));
  }

  /** Leave the topics of a symbol, which the page is about to join itself: a socket joins each once. */
  leave(symbol: string): void {
    for (const [key, peer] of this.peers) {
      if (peer.symbol !== symbol) continue;
      peer.subscription.leave();
      this.peers.delete(key);
    }
  }

  /** The chart shows these times, in ms: load older candles as it nears the first of a symbol. */
  near({ from, to }: { from: number; to: number }): void {
    for (const { store, older } of this.peers.values()) {
      const left = store.lowerBound(from);
      older.near(left, store.lowerBound(to) - left);
    }
  }

  private join(key: string, symbol: string, interval: string): Peer {
    const { feed, references } = this.parts;
    const store = new CandleStore();
    let isTold = false;
    const subscription = feed.candles(symbol, interval, {
      limit: HISTORY_LIMIT,
      onHistory: ({ candles, more }) => {
        store.reset(candles.map(barOf));
        older.restart(more);
        references.take(symbol, interval, candles);
      },
      onCandle: (candle) => store.apply(candle),
      onRefused: (reason) => {
        if (!isTold) this.onRefused(symbol, reason);
        isTold = true;
      },
    });
    const older = new OlderCandles(store, subscription, () => {});
    const peer = { symbol, store, subscription, older, users: 0 };
    this.peers.set(key, peer);
    return peer;
  }

  private release(key: string, peer: Peer): void {
    peer.users--;
    if (peer.users > 0 || this.peers.get(key) !== peer) return;
    peer.subscription.leave();
    this.peers.delete(key);
  }
}

function keyOf(symbol: string, interval: string): string {
  return JSON.stringify([symbol, interval]);
}
