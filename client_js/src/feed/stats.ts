import type { Imbalance, Statistic, StatsReply, TradingStatus } from "./payloads";
import type { Socket } from "./phoenix";
import { TopicSubscription } from "./subscription";

export interface StatsHandlers {
  /** The present statistics by name, at first and after each change. */
  onStats?: (stats: Readonly<Record<string, Statistic>>) => void;
  /** The present trading status, at first and after each change. */
  onTradingStatus?: (status: TradingStatus) => void;
  /** The state of the auction, at first and after each change. */
  onImbalance?: (imbalance: Imbalance) => void;
  onRefused?: (reason: string) => void;
}

/** Subscribe to `stats:<SYMBOL>`, and keep its statistics by name. */
export function subscribeStats(
  socket: Socket,
  symbol: string,
  handlers: StatsHandlers,
): TopicSubscription<StatsReply> {
  let stats: Record<string, Statistic> = {};
  const { onRefused } = handlers;
  return new TopicSubscription<StatsReply>(socket, `stats:${symbol}`, {
    onJoin: (reply) => {
      stats = reply.stats;
      handlers.onStats?.(stats);
      if (reply.status) handlers.onTradingStatus?.(reply.status);
      if (reply.imbalance) handlers.onImbalance?.(reply.imbalance);
    },
    ...(onRefused && { onRefused }),
    events: {
      stat: (stat: Statistic) => {
        const { [stat.name]: _, ...others } = stats;
        stats = stat.deleted ? others : { ...others, [stat.name]: stat };
        handlers.onStats?.(stats);
      },
      status: (status: TradingStatus) => handlers.onTradingStatus?.(status),
      imbalance: (imbalance: Imbalance) => handlers.onImbalance?.(imbalance),
    },
  });
}
