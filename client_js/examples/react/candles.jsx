import { useEffect, useRef } from "react";
import { createChart } from "tickfire/chart";
import { barOf, MarketFeed } from "tickfire/feed";

/** A chart of one symbol, live from a tickfire server. */
export function Candles({ url, symbol, interval, theme }) {
  const place = useRef(null);
  const chart = useRef(null);

  useEffect(() => {
    const shown = createChart(place.current, { symbol, interval });
    chart.current = shown;
    const feed = new MarketFeed({ url });
    feed.candles(symbol, interval, {
      onHistory: ({ candles }) => shown.setBars(candles.map(barOf)),
      onCandle: (candle) => shown.appendBars([candle]),
    });
    feed.connect();
    return () => {
      feed.close();
      shown.destroy();
    };
  }, [url, symbol, interval]);

  useEffect(() => {
    chart.current?.setTheme(theme);
  });

  return <div ref={place} className="candles" />;
}
