import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import type {
  IAsk,
  IBoxes,
  IBuild,
  IEdits,
  IImages,
  IKernelSpec,
  ILimited,
  ILimits,
  ILogPage,
  INotebookFacts,
  IPackage,
  IPlan,
  IPorts,
  IProblem,
  IPruned,
  ISharing,
  ITrust
} from './answers';

/** An answer that was an error: the server's own sentence and hint. */
export class RequestError extends Error {
  constructor(
    readonly status: number,
    readonly problem: IProblem
  ) {
    super(problem.message);
  }
}

/** Until a question without an answer is put again; milliseconds. The network may have changed. */
const PAUSE = 500;

/** Which notebook a request is about. */
export interface ISubject {
  /** Jupyter's path of the notebook. */
  path: string;
  /** Its running kernel's id. */
  kernel?: string;
}

/** How a build is to be done. */
export interface IBuildOptions {
  /** The plan that was shown: nothing else is built. */
  digest?: string;
  write_only?: boolean;
  /** Whether what was installed in the running box goes into the image. */
  sync?: boolean;
}

/** Every request to the server half: the one place of this extension that speaks HTTP. */
export class Api {
  constructor(private readonly _settings: ServerConnection.ISettings) {}

  /** The server's address, absolute; ends with a slash. */
  get baseUrl(): string {
    return this._settings.baseUrl;
  }

  about(): Promise<{ version: string; api: number }> {
    return this._get('about');
  }

  notebook(subject: ISubject): Promise<INotebookFacts> {
    return this._get('notebook', { ...subject });
  }

  plan(subject: ISubject, edits: IEdits): Promise<IPlan> {
    return this._send('POST', 'plan', { ...subject, edits });
  }

  package(name: string): Promise<IPackage> {
    return this._get('package', { name });
  }

  build(subject: ISubject, edits: IEdits, options: IBuildOptions): Promise<IBuild> {
    return this._send('POST', 'builds', { ...subject, edits, ...options });
  }

  async builds(): Promise<IBuild[]> {
    return (await this._get<{ builds: IBuild[] }>('builds')).builds;
  }

  /** Return a build and its log's lines from number `since` on, 2000 at most. */
  buildLog(id: string, since: number): Promise<IBuild & { log: ILogPage }> {
    return this._get(`builds/${encodeURIComponent(id)}`, { since: String(since) });
  }

  cancel(id: string): Promise<IBuild> {
    return this._send('DELETE', `builds/${encodeURIComponent(id)}`);
  }

  async kernels(): Promise<IKernelSpec[]> {
    return (await this._get<{ kernels: IKernelSpec[] }>('kernels')).kernels;
  }

  /** Give a kernel's box other limits from its next start on; nothing is built. */
  limit(kernel: string, limits: Partial<ILimits>): Promise<ILimited> {
    return this._send('POST', `kernels/${encodeURIComponent(kernel)}/limits`, limits);
  }

  boxes(): Promise<IBoxes> {
    return this._get('boxes');
  }

  async stop(box: string): Promise<void> {
    await this._send('DELETE', `boxes/${encodeURIComponent(box)}`);
  }

  ports(): Promise<IPorts> {
    return this._get('ports');
  }

  /** Have TensorBoard serve `runs` beside a notebook, in its box. */
  async tensorboard(path: string): Promise<void> {
    await this._send('POST', 'tensorboard', { path });
  }

  images(): Promise<IImages> {
    return this._get('images');
  }

  prune(dryRun: boolean): Promise<IPruned> {
    return this._send('POST', 'prune', { dry_run: dryRun });
  }

  share(path: string): Promise<ISharing> {
    return this._get('share', { path });
  }

  trust(path: string): Promise<ITrust> {
    return this._get('trust', { path });
  }

  approve(path: string, digest: string, allow: string[]): Promise<ITrust> {
    return this._send('POST', 'trust', { path, digest, allow });
  }

  async asks(): Promise<IAsk[]> {
    return (await this._get<{ asks: IAsk[] }>('asks')).asks;
  }

  answer(ask: string, accept: boolean): Promise<{ state: string; build: IBuild | null }> {
    return this._send('POST', `asks/${encodeURIComponent(ask)}`, { accept });
  }

  private _get<T>(what: string, query: { [key: string]: string | undefined } = {}): Promise<T> {
    const given = Object.entries(query).filter((pair): pair is [string, string] => !!pair[1]);
    const text = given.length ? `?${new URLSearchParams(given)}` : '';
    return this._request('GET', what, undefined, text);
  }

  private _send<T>(method: 'POST' | 'DELETE', what: string, body?: object): Promise<T> {
    return this._request(method, what, body);
  }

  /** Return the JSON of an answer; raise `RequestError` for every other. */
  private async _request<T>(method: string, what: string, body?: object, query = ''): Promise<T> {
    const url = URLExt.join(this._settings.baseUrl, 'jupyter-devbox', what) + query;
    const init: RequestInit = { method, cache: 'no-store' };
    if (body) {
      init.body = JSON.stringify(body);
    }
    const response = await this._fetch(url, init);
    const answer: unknown = await response.json().catch(() => null);
    if (!response.ok || answer === null) {
      throw new RequestError(response.status, asProblem(answer, response));
    }
    return answer as T;
  }

  /** Return what the server sends; a question that got no answer at all is put once more. */
  private async _fetch(url: string, init: RequestInit): Promise<Response> {
    const ask = (): Promise<Response> => ServerConnection.makeRequest(url, init, this._settings);
    try {
      return await ask().catch(async (error: unknown) => {
        if (init.method !== 'GET') {
          throw error; // it may have been done
        }
        await new Promise(resolve => setTimeout(resolve, PAUSE));
        return ask();
      });
    } catch (error) {
      throw new RequestError(0, { code: 'unreachable', message: String(error), hint: '' });
    }
  }
}

/** Return what went wrong, whatever was thrown. */
export function problemOf(error: unknown): IProblem {
  if (error instanceof RequestError) {
    return error.problem;
  }
  return { code: 'unexpected', message: String(error), hint: '' };
}

/** Return the server's problem; for an answer that is none of ours, its status line. */
function asProblem(answer: unknown, response: Response): IProblem {
  const given = (answer ?? {}) as Partial<IProblem>;
  if (typeof given.code === 'string' && typeof given.message === 'string') {
    return { ...given, hint: given.hint ?? '' } as IProblem;
  }
  const message =
    typeof given.message === 'string' && given.message ? given.message : response.statusText;
  return { code: `http_${response.status}`, message, hint: '' };
}
