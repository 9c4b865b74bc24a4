import type { Candle, CandlesPage, CandlesReply } from "./payloads";
import type { Socket } from "./phoenix";
import { TopicSubscription } from "./subscription";

export interface CandlesHandlers {
  limit?: number;
  /** The history: at each join, and whenever the feed has gone back in time. */
  onHistory: (reply: CandlesReply) => void;
  onCandle?: (candle: Candle) => void;
  onRefused?: (reason: string) => void;
  onLost?: () => void;
}

/** `candles:<SYMBOL>:<interval>`: the newest candles, each change, and older ones on request. */
export class CandlesSubscription extends TopicSubscription<CandlesReply> {
  private latest: CandlesReply | null = null;
  /** The number of histories so far: each replaces the candles before it. */
  private histories = 0;

  constructor(
    socket: Socket,
    symbol: string,
    interval: string,
    private readonly handlers: CandlesHandlers,
  ) {
    const { limit, onRefused, onLost } = handlers;
    super(socket, `candles:${symbol}:${interval}`, {
      params: () => (limit === undefined ? {} : { limit }),
      onJoin: (reply) => this.take(reply),
      ...(onRefused && { onRefused }),
      ...(onLost && { onLost }),
      events: {
        candle: (candle: Candle) => handlers.onCandle?.(candle),
        reset: (reset: Pick<CandlesReply, "candles" | "more" | "id">) => {
          if (this.latest !== null) this.take({ ...this.latest, ...reset });
        },
      },
    });
  }

  /**
   * Fetch the newest candles that start before `time`, in ms, oldest first. A page may be shorter
   * than `limit` although there is `more`; the next call takes its `oldest`.
   *
   * Rejects if the server refuses or does not answer, if the connection is lost, and if the history
   * was replaced meanwhile.
   */
  async before(time: number, limit?: number): Promise<CandlesPage> {
    // A call that waits for the join is about the history that the join will bring.
    const histories = this.histories + (this.joined ? 0 : 1);
    const payload = { before: time, ...(limit === undefined ? {} : { limit }) };
    const page = await this.push<CandlesPage>("history", payload);
    if (histories !== this.histories) throw new Error("history: the candles were replaced");
    return page;
  }

  private take(reply: CandlesReply): void {
    this.latest = reply;
    this.histories++;
    this.handlers.onHistory(reply);
  }
}
