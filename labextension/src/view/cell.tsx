import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Button, ReactWidget } from '@jupyterlab/ui-components';
import React from 'react';

import type { IDevboxActions, IDevboxModel } from '../tokens';
import { Mark } from './parts/basics';

export const MIME = 'application/vnd.jupyter-devbox.v1+json';

/** What `%containerize` leaves in a cell when it is done. It may come from any notebook file. */
interface IReady {
  kind: 'ready';
  kernel: { name: string; display_name: string };
  title?: string;
  aside?: string;
  lines?: string[];
}

/** The end of `%containerize` in a cell, with buttons that work in this page. */
export class CellOutput extends ReactWidget implements IRenderMime.IRenderer {
  constructor(
    private readonly _model: IDevboxModel,
    private readonly _actions: IDevboxActions,
    private readonly _trans: TranslationBundle
  ) {
    super();
    this.addClass('jp-Devbox-cell');
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    this._ready = asReady(model.data[MIME]);
    this._text = String(model.data['text/plain'] ?? '');
    if (this._ready && this._model.registered(this._ready.kernel.name) === null) {
      // The cell has registered it just now. Where the server is away, what is known stands.
      const draw = () => this.update();
      await this._model.readKernelspecs().then(draw, draw);
    }
    this.update();
    await this.renderPromise;
  }

  protected override render(): React.ReactElement {
    const ready = this._ready;
    return ready ? (
      <Ready
        ready={ready}
        known={this._model.registered(ready.kernel.name)}
        actions={this._actions}
        trans={this._trans}
      />
    ) : (
      <pre>{this._text}</pre>
    );
  }

  private _ready: IReady | null = null;
  private _text = '';
}

export function Ready(props: {
  ready: IReady;
  /** The kernel's name on this machine; null where it is not registered here. */
  known: string | null;
  actions: IDevboxActions;
  trans: TranslationBundle;
}): React.ReactElement {
  const { ready, known, actions, trans } = props;
  const name = known ?? ready.kernel.display_name;
  return (
    <div className="jp-Devbox-card">
      <div className="jp-Devbox-row">
        <Mark kind="ok" />
        <span>
          <b>{ready.title ?? trans.__('%1 is ready', name)}</b>{' '}
          <span className="jp-Devbox-dim">{ready.aside}</span>
        </span>
      </div>
      {(ready.lines ?? []).map((line, n) => (
        <p key={n}>{line}</p>
      ))}
      <div className="jp-Devbox-row jp-mod-wrap">
        {known === null ? (
          <p>{trans.__('This kernel is not registered on this machine.')}</p>
        ) : (
          <Button
            type="button"
            className="jp-mod-styled jp-mod-accept"
            onClick={() => void actions.switchTo(ready.kernel.name)}
          >
            {trans.__('Switch to %1…', name)}
          </Button>
        )}
        <Button type="button" className="jp-mod-styled" onClick={() => void actions.openPanel()}>
          {trans.__('Open panel')}
        </Button>
      </div>
    </div>
  );
}

/** Return what was saved if it has the form of ours, else null. */
function asReady(data: unknown): IReady | null {
  const given = data as Partial<IReady> | null | undefined;
  const kernel = given?.kernel;
  const fits =
    given?.kind === 'ready' &&
    typeof kernel?.name === 'string' &&
    typeof kernel.display_name === 'string';
  if (!fits) {
    return null;
  }
  const text = (value: unknown) => (typeof value === 'string' ? value : undefined);
  const lines = Array.isArray(given.lines) ? given.lines.map(String) : [];
  return {
    kind: 'ready',
    kernel: { name: kernel.name, display_name: kernel.display_name },
    title: text(given.title),
    aside: text(given.aside),
    lines
  };
}
