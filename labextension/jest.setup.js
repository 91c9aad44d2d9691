// What Lab's packages expect of a browser, and neither jsdom nor node has.
globalThis.IS_REACT_ACT_ENVIRONMENT = true;
globalThis.requestIdleCallback ??= callback =>
  setTimeout(() => callback({ didTimeout: false, timeRemaining: () => 50 }), 0);
globalThis.cancelIdleCallback ??= clearTimeout;
globalThis.DragEvent ??= class extends MouseEvent {};
class Observer {
  observe() {}
  unobserve() {}
  disconnect() {}
  takeRecords() {
    return [];
  }
}
globalThis.IntersectionObserver ??= Observer;
globalThis.ResizeObserver ??= Observer;
globalThis.matchMedia ??= media => ({
  media,
  matches: false,
  addEventListener() {},
  removeEventListener() {},
  addListener() {},
  removeListener() {}
});
navigator.clipboard ??= { writeText: async () => {}, readText: async () => '' };
