/** The models that run in browsers and in Node. */
export { LABELS, type Label, type Score, SentimentModel } from "../models/sentiment";
