const { TestEnvironment } = require('jest-environment-jsdom');

/** jsdom, with what it lacks and node has. */
class Environment extends TestEnvironment {
  async setup() {
    await super.setup();
    const { fetch, Headers, Request, Response, TextDecoder, TextEncoder } = globalThis;
    Object.assign(this.global, { fetch, Headers, Request, Response, TextDecoder, TextEncoder });
  }
}

module.exports = Environment;
