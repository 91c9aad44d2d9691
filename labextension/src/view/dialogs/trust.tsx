import { Dialog, ReactWidget } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { IFinding, ITrust } from '../../api/answers';
import { sentence } from '../../words';
import { Disclosure } from '../parts/basics';
import { Lines } from '../parts/lines';
import { showNamed } from './named';

/** Files whose differences are open from the start. */
const OPEN = 2;

/**
 * Show what is to be approved, and ask for each right by itself.
 *
 * Returns the ids of what the user allows; null if they approve nothing.
 */
export async function askToTrust(
  trans: TranslationBundle,
  trust: ITrust,
  changed: boolean
): Promise<string[] | null> {
  const title = trans.__('Approve %1 on this machine?', trust.project.name);
  const answer = await showNamed(title, {
    body: new Body(trans, trust, changed),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.okButton({ label: trans.__('Approve') })
    ],
    defaultButton: 0
  });
  return answer.button.accept ? (answer.value ?? []) : null;
}

class Body extends ReactWidget implements Dialog.IBodyWidget<string[]> {
  constructor(
    private readonly _trans: TranslationBundle,
    private readonly _trust: ITrust,
    private readonly _changed: boolean
  ) {
    super();
    this.addClass('jp-Devbox-dialog');
    this.addClass('jp-Devbox-trust');
    this._allowed = new Set(_trust.findings.filter(one => one.allowed).map(one => one.id));
  }

  getValue(): string[] {
    return [...this._allowed];
  }

  protected override render(): React.ReactElement {
    const trans = this._trans;
    const { project, files, findings } = this._trust;
    const changed = files.filter(file => file.diff.length);
    return (
      <>
        {this._changed && (
          <p role="alert">
            <b>{trans.__('The files have changed meanwhile: look at them again.')}</b>
          </p>
        )}
        <p>
          {trans.__(
            'A build and a start read these files, and do what they say. They came from elsewhere, or were changed by hand.'
          )}
        </p>
        <p className="jp-Devbox-dim jp-Devbox-small">{project.root}</p>
        {findings.length > 0 && (
          <fieldset className="jp-Devbox-stack8">
            <legend className="jp-Devbox-h4">
              {trans.__('Asked for beyond an ordinary box; tick what you allow')}
            </legend>
            <ul className="jp-Devbox-stack8">
              {findings.map(finding => (
                <Finding
                  key={finding.id}
                  trans={trans}
                  finding={finding}
                  allowed={this._allowed.has(finding.id)}
                  onChange={allowed => this._allow(finding.id, allowed)}
                />
              ))}
            </ul>
          </fieldset>
        )}
        <h4 className="jp-Devbox-h4">{trans.__('What differs from what you approved')}</h4>
        {!changed.length && <p>{trans.__('Nothing differs.')}</p>}
        {changed.map((file, n) => (
          <Disclosure key={file.path} label={file.path} aside={file.state} open={n < OPEN}>
            <Lines lines={file.diff} label={trans.__('Changes of %1', file.path)} />
          </Disclosure>
        ))}
      </>
    );
  }

  private _allow(id: string, allowed: boolean): void {
    if (allowed) {
      this._allowed.add(id);
    } else {
      this._allowed.delete(id);
    }
  }

  private readonly _allowed: Set<string>;
}

function Finding(props: {
  trans: TranslationBundle;
  finding: IFinding;
  allowed: boolean;
  onChange: (allowed: boolean) => void;
}): React.ReactElement {
  const { trans, finding } = props;
  const id = React.useId();
  return (
    <li className="jp-Devbox-check">
      <input
        type="checkbox"
        id={id}
        defaultChecked={props.allowed}
        onChange={event => props.onChange(event.target.checked)}
      />
      <label htmlFor={id} className="jp-Devbox-grow">
        {sentence(finding.text)}
        {finding.value && <code className="jp-Devbox-code jp-Devbox-block">{finding.value}</code>}
        <span className="jp-Devbox-dim jp-Devbox-small jp-Devbox-block">
          {finding.blocking
            ? trans.__('%1. The build waits for your answer.', finding.path)
            : trans.__('%1. Without it, the box does without.', finding.path)}
        </span>
      </label>
    </li>
  );
}
