/** Something added to a chart. */
export interface Added {
  remove(): void;
}
