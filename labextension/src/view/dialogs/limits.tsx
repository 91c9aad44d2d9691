import { Dialog, ReactWidget } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { ILimits } from '../../api/answers';
import { limitFields, sentence } from '../../words';
import { Prose } from '../parts/basics';
import { showNamed } from './named';

export interface ILimitsQuestion {
  /** What the kernel is called. */
  kernel: string;
  /** What stands in the fields. */
  limits: ILimits;
  /** Whether the box has graphics cards to choose from. */
  cards: boolean;
  /** Cells whose variables will be gone. */
  cells: number;
  /** Why the limits that were typed before are none; "" where nothing was. */
  problem: string;
}

/** Ask for a box's limits; null if the user wants no restart. */
export async function askForLimits(
  trans: TranslationBundle,
  question: ILimitsQuestion
): Promise<ILimits | null> {
  const answer = await showNamed(trans.__('Restart %1 with limits', question.kernel), {
    body: new Body(trans, question),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.warnButton({ label: trans.__('Restart') })
    ],
    defaultButton: 1
  });
  return answer.button.accept ? answer.value : null;
}

class Body extends ReactWidget implements Dialog.IBodyWidget<ILimits> {
  constructor(
    private readonly _trans: TranslationBundle,
    private readonly _question: ILimitsQuestion
  ) {
    super();
    this.addClass('jp-Devbox-dialog');
    this._limits = { ..._question.limits };
  }

  getValue(): ILimits {
    return this._limits;
  }

  protected override render(): React.ReactElement {
    const trans = this._trans;
    const { cards, cells, problem } = this._question;
    return (
      <>
        {problem && (
          <p role="alert">
            <b>
              <Prose text={sentence(problem)} />
            </b>
          </p>
        )}
        <p>
          {cells > 0
            ? trans._n(
                'The variables of the cell you have run will be gone. Outputs and files stay.',
                'The variables of the %1 cells you have run will be gone. Outputs and files stay.',
                cells
              )
            : trans.__('Outputs and files stay.')}{' '}
          {trans.__('The limits are those of all kernels that start in this box from now on.')}
        </p>
        <div className="jp-Devbox-fields">
          {limitFields(trans, cards).map(({ name, label, like }) => (
            <Field
              key={name}
              label={label}
              hint={
                name === 'gpus'
                  ? trans.__('Such as %1. Empty: all.', like)
                  : trans.__('Such as %1. Empty: no limit.', like)
              }
              value={this._limits[name] ?? ''}
              onChange={text => {
                this._limits[name] = text.trim() || null;
              }}
            />
          ))}
        </div>
      </>
    );
  }

  private readonly _limits: ILimits;
}

function Field(props: {
  label: string;
  hint: string;
  value: string;
  onChange: (text: string) => void;
}): React.ReactElement {
  const id = React.useId();
  return (
    <div className="jp-Devbox-stack4 jp-Devbox-small">
      <label htmlFor={id}>{props.label}</label>
      <input
        id={id}
        className="jp-Devbox-field"
        defaultValue={props.value}
        aria-describedby={`${id}h`}
        spellCheck={false}
        onChange={event => props.onChange(event.target.value)}
      />
      <p id={`${id}h`} className="jp-Devbox-dim">
        {props.hint}
      </p>
    </div>
  );
}
