// Prints trades: node examples/watch.mjs ws://127.0.0.1:4000/socket [symbol...]
import { MarketFeed } from "tickfire";
import { WebSocket } from "ws";

const [url = "ws://127.0.0.1:4000/socket", ...symbols] = process.argv.slice(2);
const feed = new MarketFeed({ url, transport: WebSocket });

feed.onStatus(({ state }) => console.error(state));
feed.realtime({
  ...(symbols.length > 0 && { symbols }),
  onTick: ({ symbol, price, volume, timestamp }) =>
    process.stdout.write(`${new Date(timestamp).toISOString()} ${symbol} ${volume} @ ${price}\n`),
  onRecovery: (recovery) => console.error(recovery),
  onGap: ({ from, to }) => console.error(`lost: ${from} to ${to}`),
});
feed.connect();
