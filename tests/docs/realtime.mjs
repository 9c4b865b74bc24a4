// The stock realtime-js with the example supabase.py. usage: node realtime.mjs PORT
import { createHmac } from "node:crypto";
import { createRequire } from "node:module";

const require = createRequire(new URL("../../client_js/package.json", import.meta.url));
const { RealtimeClient } = require("@supabase/realtime-js");
const port = process.argv[2];

function token(user) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const text = `${part({ alg: "HS256" })}.${part({ sub: user, exp: Date.now() / 1000 + 60 })}`;
  const secret = "only for development: 32 bytes or more";
  return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
}

const client = new RealtimeClient(`ws://localhost:${port}/realtime/v1`, {
  transport: require("ws"),
  params: { apikey: "public" },
  timeout: 50_000,
});
const status = (channel) => new Promise((resolve) => channel.subscribe(resolve));

const news = client.channel("news");
const heard = new Promise((resolve) =>
  news.on("broadcast", { event: "announcement" }, ({ payload }) => resolve(payload)),
);
const subscribed = await status(news);
const config = { private: true };
const anonymous = await status(client.channel("user-eve", { config }));
await client.setAuth(token("bob"));
const foreign = await status(client.channel("user-ann", { config }));
const own = await status(client.channel("user-bob", { config }));
await fetch(`http://localhost:${port}/announce/news`, {
  method: "POST",
  body: JSON.stringify({ tea: "ready" }),
});
process.stdout.write(JSON.stringify({ subscribed, heard: await heard, anonymous, foreign, own }));
process.exit(0);
