import type {
  IAsk,
  IBoxes,
  IBuild,
  IImages,
  IKernelSpec,
  ILimited,
  ILogPage,
  INotebookFacts,
  IPackage,
  IPlan,
  IPorts,
  ISharing,
  ITrust
} from '../src/api/answers';
import { Api, RequestError } from '../src/api/requests';
import asks from './answers/asks.json';
import boxes from './answers/boxes.json';
import cancelled from './answers/build-cancelled.json';
import done from './answers/build-done.json';
import failed from './answers/build-failed.json';
import interrupted from './answers/build-interrupted.json';
import running from './answers/build-running.json';
import written from './answers/build-written.json';
import images from './answers/images.json';
import kernels from './answers/kernels.json';
import log from './answers/log.json';
import notebook from './answers/notebook.json';
import known from './answers/package.json';
import plan from './answers/plan.json';
import ports from './answers/ports.json';
import share from './answers/share.json';
import states from './answers/states.json';
import trust from './answers/trust.json';

type Json = { [key: string]: unknown };

interface IGiven {
  notebook: Json;
  builds?: string[];
  asks?: boolean;
}

const BUILDS = {
  'build-cancelled': cancelled,
  'build-done': done,
  'build-failed': failed,
  'build-interrupted': interrupted,
  'build-running': running,
  'build-written': written
} as unknown as { [name: string]: IBuild };

export const STATES = states as unknown as { [name: string]: IGiven };
export const LOG = log as ILogPage;

/** Return a build of the answers, changed by what a test needs. */
export function aBuild(name: string, changes: Partial<IBuild> = {}): IBuild {
  return { ...BUILDS[`build-${name}`], ...changes };
}

/** Return a plan of the answers, changed by what a test needs. */
export function aPlan(changes: Partial<IPlan> = {}): IPlan {
  return { ...(plan as unknown as IPlan), ...changes };
}

/** Return the facts of a state. */
export function facts(state: string): INotebookFacts {
  return patched(notebook as Json, STATES[state].notebook) as unknown as INotebookFacts;
}

/**
 * The server's answers without a server: those of `answers/`, of one state, each to be changed.
 *
 * It is what a browser test routes the page's requests to; here the requests end in `Api`.
 */
export class AnswersApi extends Api {
  constructor(state = 'fresh') {
    super({ baseUrl: 'http://localhost/' } as never);
    this.facts = facts(state);
    this.all = (STATES[state].builds ?? []).map(name => BUILDS[name]);
    this.asked = STATES[state].asks ? (asks.asks as IAsk[]) : [];
  }

  facts: INotebookFacts;
  all: IBuild[];
  asked: IAsk[];
  planned = aPlan();
  limited: ILimited = {
    name: 'digits-1a2b-cpu',
    files: ['.devcontainer/devcontainer.json'],
    limits: { memory: '8g', cpus: null, shm_size: null, pids: null, gpus: null },
    warnings: []
  };
  lines: string[] = LOG.lines;
  /** Requests, in order: their names and what was sent. */
  readonly sent: [string, ...unknown[]][] = [];
  /** What the next request of a name is answered with instead: an error. */
  readonly errors = new Map<string, RequestError>();

  override about = () => this._answer({ version: '0', api: 1 }, 'about');
  override notebook = (...sent: unknown[]) => this._answer(this.facts, 'notebook', ...sent);
  override plan = (...sent: unknown[]) => this._answer(this.planned, 'plan', ...sent);
  override package = (name: string) =>
    this._answer({ ...(known as IPackage), name, known: name !== 'nosuch' }, 'package', name);
  override build = (...sent: unknown[]) => this._answer(aBuild('running'), 'build', ...sent);
  override builds = () => this._answer(this.all, 'builds');
  override buildLog = (id: string, since: number) =>
    this._answer(
      {
        ...(this.all.find(build => build.id === id) ?? aBuild('running')),
        log: {
          since,
          next: Math.min(since + 2000, this.lines.length),
          lines: this.lines.slice(since, since + 2000),
          more: since + 2000 < this.lines.length
        }
      },
      'buildLog',
      id,
      since
    );
  override cancel = (id: string) => this._answer(aBuild('cancelled'), 'cancel', id);
  override kernels = () => this._answer(kernels.kernels as IKernelSpec[], 'kernels');
  override limit = (...sent: unknown[]) => this._answer(this.limited, 'limit', ...sent);
  override boxes = () => this._answer(boxes as unknown as IBoxes, 'boxes');
  override stop = (box: string) => this._answer(undefined, 'stop', box);
  override ports = () => this._answer(ports as IPorts, 'ports');
  override tensorboard = (path: string) => this._answer(undefined, 'tensorboard', path);
  override images = () => this._answer(images as unknown as IImages, 'images');
  override share = (path: string) => this._answer(share as ISharing, 'share', path);
  override trust = (path: string) => this._answer(trust as ITrust, 'trust', path);
  override approve = (...sent: unknown[]) =>
    this._answer({ ...(trust as ITrust), approved: true }, 'approve', ...sent);
  override asks = () => this._answer(this.asked, 'asks');
  override answer = (...sent: unknown[]) =>
    this._answer({ state: 'accepted', build: null }, 'answer', ...sent);

  private async _answer<T>(value: T, name: string, ...sent: unknown[]): Promise<T> {
    this.sent.push([name, ...sent]);
    const error = this.errors.get(name);
    if (error) {
      this.errors.delete(name);
      throw error;
    }
    return value;
  }
}

/** Return an error of the server's. */
export function refusal(status: number, code: string, message = code): RequestError {
  return new RequestError(status, { code, message, hint: '' });
}

/** Return a value with another laid over it, as RFC 7396 has it. */
function patched(value: Json, patch: Json): Json {
  const result = { ...value };
  for (const [key, change] of Object.entries(patch)) {
    const before = result[key];
    result[key] = isObject(before) && isObject(change) ? patched(before, change) : change;
  }
  return result;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
