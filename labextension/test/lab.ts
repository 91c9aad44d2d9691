import type { NotebookPanel } from '@jupyterlab/notebook';
import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';

import { DevboxModel } from '../src/model/model';
import type { IDevboxActions } from '../src/tokens';
import type { IView } from '../src/view/context';
import { AnswersApi } from './server';

export const trans = nullTranslator.load('jupyter_devbox');

interface INotebook {
  path?: string;
  sources?: string[];
  counts?: (number | null)[];
  dirty?: boolean;
  kernel?: string;
  /** What the kernel says it has run; null where it does not answer. */
  counter?: number | null;
  status?: string;
}

/** Return the parts of an open notebook that ours look at. */
export function aNotebook(given: INotebook = {}): NotebookPanel {
  const owner = {};
  const signal = () => new Signal<object, unknown>(owner);
  const { sources = ['import pandas'], counts = [], counter = 0 } = given;
  const kernel = {
    id: 'k1',
    name: given.kernel ?? 'python3',
    status: given.status ?? 'idle',
    requestExecute: () => ({
      done:
        counter === null
          ? new Promise(() => undefined)
          : Promise.resolve({ content: { execution_count: counter } })
    })
  };
  const changed: string[] = [];
  return {
    isDisposed: false,
    node: document.createElement('div'),
    title: { label: (given.path ?? 'digits/train.ipynb').split('/').pop() },
    context: {
      path: given.path ?? 'digits/train.ipynb',
      ready: Promise.resolve(),
      pathChanged: signal(),
      saveState: signal(),
      save: async () => undefined,
      model: {
        dirty: given.dirty ?? false,
        contentChanged: signal(),
        defaultKernelLanguage: 'python',
        cells: sources.map((text, n) => ({
          sharedModel: { getSource: () => text, execution_count: counts[n] ?? null }
        }))
      }
    },
    content: {},
    changedTo: changed,
    sessionContext: {
      session: { kernel },
      kernelChanged: signal(),
      statusChanged: signal(),
      specsManager: { specs: { kernelspecs: { python3: { language: 'python' } } } },
      restartKernel: async () => changed.push('restarted'),
      changeKernel: async ({ name }: { name: string }) => changed.push(name)
    }
  } as unknown as NotebookPanel;
}

export const SPECS = {
  python3: {
    name: 'python3',
    language: 'python',
    display_name: 'Python 3 (ipykernel)',
    metadata: {}
  },
  ir: { name: 'ir', language: 'R', display_name: 'R', metadata: {} },
  'digits-1a2b-cpu': {
    name: 'digits-1a2b-cpu',
    language: 'python',
    display_name: 'digits · CPU',
    metadata: { jupyter_devbox: { target: 'cpu' } }
  },
  'digits-1a2b-cuda': {
    name: 'digits-1a2b-cuda',
    language: 'python',
    display_name: 'digits · CUDA',
    metadata: { jupyter_devbox: { target: 'cuda' } }
  }
};

/** Return Lab's services, as far as ours use them. */
export function someServices() {
  const owner = {};
  return {
    events: { stream: new Signal<object, unknown>(owner) },
    kernelspecs: { specs: { kernelspecs: SPECS }, refreshSpecs: jest.fn(async () => undefined) }
  };
}

/** Return a tracker of one open notebook, or of none. */
export function aTracker(panel: NotebookPanel | null) {
  const owner = {};
  return {
    currentWidget: panel,
    currentChanged: new Signal<object, unknown>(owner),
    widgetAdded: new Signal<object, unknown>(owner),
    forEach: (act: (panel: NotebookPanel) => void) => panel && act(panel)
  };
}

/** Return actions that only note that they were called. */
export function noActions(): jest.Mocked<IDevboxActions> {
  const act = () => jest.fn(async (..._: never[]) => undefined) as jest.Mock;
  return {
    containerize: act(),
    build: act(),
    retry: act(),
    cancel: act(),
    addToImage: act(),
    restartWithLimits: act(),
    switchTo: act(),
    review: act(),
    stopBox: act(),
    terminals: true,
    openTerminal: act(),
    prune: act(),
    startTensorboard: act(),
    answer: act(),
    openLog: act(),
    copy: act(),
    save: act(),
    checkAgain: act(),
    openPanel: act()
  };
}

export interface IStage extends IView {
  api: AnswersApi;
  model: DevboxModel;
  actions: jest.Mocked<IDevboxActions>;
  services: ReturnType<typeof someServices>;
  panel: NotebookPanel | null;
}

/** Return a model of a state with its answers read, and what views need besides. */
export async function stage(
  state = 'fresh',
  notebook: NotebookPanel | null = aNotebook(),
  api = new AnswersApi(state)
): Promise<IStage> {
  const services = someServices();
  const model = new DevboxModel(api, services as never, aTracker(notebook) as never);
  await model.connect();
  return { api, model, actions: noActions(), services, panel: notebook, trans };
}
