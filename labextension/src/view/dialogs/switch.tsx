import { Dialog, ReactWidget } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { IDrift } from '../../api/answers';
import { showNamed } from './named';

export interface ISwitchQuestion {
  notebook: string;
  /** The kernel to be switched to. */
  kernel: string;
  /** Whether the notebook runs on it already, and it only starts anew. */
  restart: boolean;
  /** What the notebook runs on now, such as `CPU`; "" where it is not one of ours. */
  from: string;
  /** Cells whose variables will be gone. */
  cells: number;
  /** What the notebook uses and the image has not. */
  missing: readonly IDrift[];
}

/**
 * Ask before variables are lost.
 *
 * Returns null if the user does not want to switch, else whether to run the cells above again.
 */
export async function askToSwitch(
  trans: TranslationBundle,
  question: ISwitchQuestion
): Promise<{ runAbove: boolean } | null> {
  const { kernel, notebook, restart } = question;
  const title = restart
    ? trans.__('Restart %1?', kernel)
    : trans.__('Switch %1 to %2?', notebook, kernel);
  const answer = await showNamed(title, {
    body: new Body(trans, question),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.warnButton({ label: restart ? trans.__('Restart') : trans.__('Switch') })
    ],
    defaultButton: 1
  });
  return answer.button.accept ? { runAbove: answer.value ?? false } : null;
}

class Body extends ReactWidget implements Dialog.IBodyWidget<boolean> {
  constructor(
    private readonly _trans: TranslationBundle,
    private readonly _question: ISwitchQuestion
  ) {
    super();
    this.addClass('jp-Devbox-dialog');
  }

  getValue(): boolean {
    return this._runAbove;
  }

  protected override render(): React.ReactElement {
    const trans = this._trans;
    const { cells, from, kernel, missing, restart } = this._question;
    const stops = from ? trans.__('the %1 kernel stops', from) : trans.__('this kernel stops');
    const lost = restart
      ? trans._n(
          'The variables of the cell you have run will be gone. Outputs and files stay.',
          'The variables of the %1 cells you have run will be gone. Outputs and files stay.',
          cells
        )
      : trans._n(
          'The variables of the cell you have run will be gone, and %2. Outputs and files stay.',
          'The variables of the %1 cells you have run will be gone, and %2. Outputs and files stay.',
          cells,
          stops
        );
    const names = missing.map(one => `${one.name} ${one.version ?? ''}`.trim()).join(', ');
    const target = kernel.slice(kernel.lastIndexOf(' · ') + 1).replace('· ', '');
    return (
      <>
        <p>{lost}</p>
        {names && (
          <p>
            <b>{trans.__('Not in the %1 image:', target)}</b> {names}.{' '}
            {trans.__('Cells that need them may fail there.')}
          </p>
        )}
        <label className="jp-Devbox-row">
          <input
            type="checkbox"
            onChange={event => {
              this._runAbove = event.target.checked;
            }}
          />
          {trans.__('Then run the cells above the selected one')}
        </label>
      </>
    );
  }

  private _runAbove = false;
}
