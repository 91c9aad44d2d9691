import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { Widget } from '@lumino/widgets';

import plugins from '../index';

describe('the plugins', () => {
  it('put one widget into the left side bar', async () => {
    const added: [Widget, string | undefined][] = [];
    const app = {
      shell: { add: (widget: Widget, area?: string) => added.push([widget, area]) }
    } as unknown as JupyterFrontEnd;
    for (const plugin of plugins) {
      await plugin.activate(app, null);
    }
    expect(added.map(([widget, area]) => [widget.id, area])).toEqual([
      ['jupyter-devbox-panel', 'left']
    ]);
  });
});

describe("Lab's packages", () => {
  it('load here, so that tests can use the real ones', async () => {
    const { NotebookPanel } = await import('@jupyterlab/notebook');
    const { ServerConnection } = await import('@jupyterlab/services');
    expect(NotebookPanel.prototype).toBeInstanceOf(Object);
    expect(ServerConnection.makeSettings({ token: 'a' }).token).toBe('a');
  });
});
