/** All of tickfire for JavaScript. An application that needs a part imports that part's entry. */
export * from "./entries/chart";
export * from "./entries/compute";
export * from "./entries/feed";
export * from "./entries/models";
export * from "./entries/store";
