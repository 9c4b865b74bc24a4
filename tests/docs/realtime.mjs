// The stock realtime-js with the example supabase.py. usage: node realtime.mjs PORT
import { createRequire } from "node:module";

const require = createRequire(new URL("../../client_js/package.json", import.meta.url));
const { RealtimeClient } = require("@supabase/realtime-js");
const port = process.argv[2];

const client = new RealtimeClient(`ws://localhost:${port}/realtime/v1`, {
  transport: require("ws"),
  params: { apikey: "public" },
});
const status = (channel) => new Promise((resolve) => channel.subscribe(resolve));

const news = client.channel("news");
const heard = new Promise((resolve) =>
  news.on("broadcast", { event: "announcement" }, ({ payload }) => resolve(payload)),
);
const subscribed = await status(news);
const foreign = await status(client.channel("user-ann", { config: { private: true } }));
await fetch(`http://localhost:${port}/announce/news`, {
  method: "POST",
  body: JSON.stringify({ tea: "ready" }),
});
process.stdout.write(JSON.stringify({ subscribed, heard: await heard, foreign }));
process.exit(0);
