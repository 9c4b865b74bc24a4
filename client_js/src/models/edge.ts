/** Scores headlines that came without a sentiment, from the artifact that the page brings along. */
import manifestUrl from "../../../models/tickfire/models/artifacts/sentiment.json?url";
import npzUrl from "../../../models/tickfire/models/artifacts/sentiment.npz?url";
import type { HeadlineSentiment } from "../feed/payloads";
import { type Score, SentimentModel } from "./sentiment";

const MODEL = "sentiment/1";

export class Edge {
  private model: Promise<SentimentModel | null> | null = null;

  /** The sentiment of a text; null where the artifact cannot be had. It is fetched once. */
  async score(text: string): Promise<HeadlineSentiment | null> {
    this.model ??= SentimentModel.fetch(manifestUrl, npzUrl).catch((error: unknown) => {
      console.warn("headlines are not scored in this browser:", error);
      return null;
    });
    const model = await this.model;
    return model === null ? null : asSentiment(model.score(text));
  }
}

/** A score in the form in which the server sends it. */
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
