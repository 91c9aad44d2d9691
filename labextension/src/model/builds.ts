import { Poll } from '@lumino/polling';
import { ISignal, Signal } from '@lumino/signaling';

import type { IBuild, IBuildEvent, IProblem } from '../api/answers';
import { Api, problemOf } from '../api/requests';
import { BuildLog } from './log';

/** How often a running build is asked for, in case its last event was lost; milliseconds. */
const INTERVAL = 5000;

/** Lines that are fetched of a log that was already long when it was opened. */
const TAIL = 2000;

/**
 * All builds that the server knows, newest first.
 *
 * Events only say that something happened; REST is the truth. An event may come twice, late, or
 * never (the event bus replays nothing and does not say when it was gone), so: what is not newer
 * than what is known is ignored, everything newer leads to one request at a time, and a poll asks
 * for running builds while the page is visible.
 */
export class Builds {
  constructor(private readonly _api: Api) {
    this._poll = new Poll({
      auto: false,
      name: 'jupyter-devbox:builds',
      factory: () => this._askForRunning(),
      frequency: { interval: INTERVAL, backoff: true, max: 6 * INTERVAL },
      standby: 'when-hidden'
    });
    document.addEventListener('visibilitychange', this._onVisible);
  }

  /** Emitted when any build changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Emitted once for each build that was seen running here and has ended. */
  get ended(): ISignal<this, IBuild> {
    return this._ended;
  }

  /** All builds, newest first. */
  get all(): readonly IBuild[] {
    return [...this._builds.values()].sort((a, b) => b.started.localeCompare(a.started));
  }

  /** Why the last request had no answer; null where it had one. */
  get problem(): IProblem | null {
    return this._problem;
  }

  get(id: string | null | undefined): IBuild | undefined {
    return id ? this._builds.get(id) : undefined;
  }

  /** Return the newest build of a project. */
  of(root: string): IBuild | undefined {
    return this.all.find(build => build.project.root === root);
  }

  /** Return a build's log; only the end of one that is long already, unless all is asked for. */
  log(id: string, whole = false): BuildLog {
    const logs = whole ? this._whole : this._tails;
    let log = logs.get(id);
    if (!log) {
      const lines = this._builds.get(id)?.lines ?? 0;
      log = new BuildLog(whole ? 0 : Math.max(0, lines - TAIL));
      logs.set(id, log);
    }
    return log;
  }

  /** Fetch a log's lines as they come, until the returned function is called. */
  watch(id: string, whole = false): () => void {
    const log = this.log(id, whole);
    log.watchers += 1;
    void this.refresh(id);
    return () => {
      log.watchers -= 1;
    };
  }

  /** Return the whole log as text, whatever of it is shown. */
  async text(id: string): Promise<string> {
    const lines: string[] = [];
    for (let more = true; more;) {
      const { log } = await this._api.buildLog(id, lines.length);
      lines.push(...log.lines);
      more = log.more && log.lines.length > 0;
    }
    return lines.join('\n');
  }

  /** Read the list from the server. */
  async load(): Promise<void> {
    let builds: IBuild[];
    try {
      builds = await this._api.builds();
      this._problem = null;
    } catch (error) {
      this._problem = problemOf(error);
      this._changed.emit();
      return;
    }
    const known = new Set(builds.map(build => build.id));
    for (const id of [...this._builds.keys()].filter(id => !known.has(id))) {
      this._builds.delete(id);
      this._tails.delete(id);
      this._whole.delete(id);
    }
    builds.forEach(build => this._store(build));
    this._tell();
  }

  /** Take in a build that a request answered with. */
  add(build: IBuild): void {
    this._store(build);
    this._tell();
  }

  /** Take in an event of the bus. */
  apply(event: IBuildEvent): void {
    const have = this._builds.get(event.build);
    if (have && (event.seq <= have.seq || have.state !== 'running')) {
      return;
    }
    this._wanted.set(event.build, Math.max(event.seq, this._wanted.get(event.build) ?? 0));
    if (!have) {
      void this.refresh(event.build);
      return;
    }
    const moved =
      event.state !== have.state ||
      event.seq > have.seq + 1 ||
      event.phase !== current(have)?.phase;
    const { seq, step, fraction, lines } = event;
    // The state is not taken from here: what ended has a result or a problem, and REST has those.
    this._builds.set(have.id, { ...have, seq, step, fraction, lines });
    if (moved || this._watched(have.id)) {
      void this.refresh(have.id);
    }
    this._tell();
  }

  /** Ask for one build and the lines that its logs lack; one request at a time for each build. */
  refresh(id: string): Promise<void> {
    const busy = this._busy.get(id);
    if (busy) {
      this._again.add(id);
      return busy;
    }
    const asking = this._ask(id).finally(() => this._busy.delete(id));
    this._busy.set(id, asking);
    return asking;
  }

  private async _ask(id: string): Promise<void> {
    try {
      do {
        this._again.delete(id);
        this._wanted.delete(id); // an answer from now on knows of every event so far
        await this._fetch(id);
      } while (!document.hidden && (this._again.has(id) || this._behind(id)));
      this._problem = null;
    } catch (error) {
      // The poll asks again; what was on the screen stays there until then.
      this._problem = problemOf(error);
      this._changed.emit();
    }
  }

  async cancel(id: string): Promise<void> {
    this.add(await this._api.cancel(id));
  }

  dispose(): void {
    document.removeEventListener('visibilitychange', this._onVisible);
    this._poll.dispose();
    Signal.clearData(this);
  }

  private async _fetch(id: string): Promise<void> {
    const logs = this._logs(id).filter(log => log.watchers > 0);
    const since = logs.length ? Math.min(...logs.map(log => log.next)) : this._end(id);
    const { log: page, ...build } = await this._api.buildLog(id, since);
    logs.forEach(log => log.append(page.since, page.lines));
    this._store(build);
    if (page.more && logs.length) {
      this._again.add(id);
    }
    this._tell();
  }

  /** Return whether an event told of something newer while the last answer was on its way. */
  private _behind(id: string): boolean {
    const build = this._builds.get(id);
    return !!build && build.seq < (this._wanted.get(id) ?? 0);
  }

  private _end(id: string): number {
    return this._builds.get(id)?.lines ?? 0;
  }

  private _logs(id: string): BuildLog[] {
    return [this._tails.get(id), this._whole.get(id)].filter((log): log is BuildLog => !!log);
  }

  private _watched(id: string): boolean {
    return !document.hidden && this._logs(id).some(log => log.watchers > 0);
  }

  private _store(build: IBuild): void {
    const before = this._builds.get(build.id);
    this._builds.set(build.id, build);
    if (before?.state === 'running' && build.state !== 'running') {
      this._ended.emit(build);
    }
  }

  private _tell(): void {
    const running = this._running().length > 0;
    if (running && !this._polling) {
      void this._poll.start();
    } else if (!running && this._polling) {
      void this._poll.stop();
    }
    this._polling = running;
    this._changed.emit();
  }

  private _running(): IBuild[] {
    return [...this._builds.values()].filter(build => build.state === 'running');
  }

  private async _askForRunning(): Promise<void> {
    await Promise.all(this._running().map(build => this.refresh(build.id)));
  }

  private _onVisible = (): void => {
    if (!document.hidden) {
      void this._askForRunning();
    }
  };

  private readonly _poll: Poll;
  private _polling = false;
  private _problem: IProblem | null = null;
  private readonly _builds = new Map<string, IBuild>();
  private readonly _tails = new Map<string, BuildLog>();
  private readonly _whole = new Map<string, BuildLog>();
  private readonly _wanted = new Map<string, number>();
  private readonly _busy = new Map<string, Promise<void>>();
  private readonly _again = new Set<string>();
  private readonly _changed = new Signal<this, void>(this);
  private readonly _ended = new Signal<this, IBuild>(this);
}

/** Return the phase at hand: the one that runs or failed, of several the last. */
export function current(build: IBuild): IBuild['phases'][number] | undefined {
  const begun = build.phases.filter(phase => phase.status !== 'waiting');
  const open = begun.filter(phase => phase.status !== 'done');
  return open[open.length - 1] ?? begun[begun.length - 1];
}
