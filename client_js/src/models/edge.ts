/** Scores headlines that came without a sentiment, using the artifact shipped with the page. */
import manifestUrl from "../../../models/tickfire/models/artifacts/sentiment.json?url";
import npzUrl from "../../../models/tickfire/models/artifacts/sentiment.npz?url";
import type { HeadlineSentiment } from "../feed/payloads";
import { type Score, SentimentModel } from "./sentiment";

const MODEL = "sentiment/1";

export class Edge {
  private model: Promise<SentimentModel | null> | null = null;

  /**
   * Return the sentiment of a text, or null if the artifact cannot be loaded. It is fetched once.
   */
  async score(text: string): Promise<HeadlineSentiment | null> {
    this.model ??= SentimentModel.fetch(manifestUrl, npzUrl).catch((error: unknown) => {
      console.warn("headlines are not scored in this browser:", error);
      return null;
    });
    const model = await this.model;
    return model === null ? null : asSentiment(model.score(text));
  }
}

/** Convert a score to the form that the server sends. */
export function asSentiment({ label, probabilities, abstained, words }: Score): HeadlineSentiment {
  const [bearish, neutral, bullish] = probabilities;
  return {
    label,
    score: bullish - bearish,
    probabilities: { bearish, neutral, bullish },
    abstained,
    words,
    model: MODEL,
  };
}
