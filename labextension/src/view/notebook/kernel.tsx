import React from 'react';

import type { IBuild, IDrift, IKernelSpec, INotebookFacts } from '../../api/answers';
import { duration, size } from '../../units';
import { change } from '../../words';
import { useView } from '../context';
import { Fact, Files, Hint, IconButton, Note, Primary, Prose, Secondary } from '../parts/basics';
import { asideIcon } from '../../icons';
import { Facts } from './head';

/** Changes that a note has room for. */
const SHOWN = 12;

export function Fresh({ facts }: { facts: INotebookFacts }): React.ReactElement {
  const { actions, trans } = useView();
  return (
    <>
      <Facts facts={facts}>
        <Fact mark="wait">{trans.__('No image yet')}</Fact>
      </Facts>
      <div className="jp-Devbox-stack8">
        <Primary onClick={() => actions.containerize()}>{trans.__('Containerize…')}</Primary>
        <Hint>
          {trans.__('Shows the plan first. Nothing is written or built until you agree.')}
        </Hint>
      </div>
    </>
  );
}

/** There is an image, and the notebook runs elsewhere. */
export function Ready(props: {
  facts: INotebookFacts;
  kernel: IKernelSpec;
  build: IBuild | null;
}): React.ReactElement {
  const { actions, trans } = useView();
  const { kernel, build } = props;
  const bytes = build?.result?.bytes ?? kernel.bytes;
  const parts = [
    bytes === null ? '' : size(bytes),
    build ? trans.__('built in %1', duration(build.seconds)) : ''
  ].filter(part => part);
  const leftOut = build?.result?.left_out ?? [];
  return (
    <>
      <Note kind="ok">
        <p role="status">
          <b>
            {kernel.target === 'venv' ? trans.__('Environment ready') : trans.__('Image ready')}
          </b>
          <br />
          <span className="jp-Devbox-dim jp-Devbox-small">{parts.join(' · ')}</span>
        </p>
        {leftOut.length > 0 && (
          <p className="jp-Devbox-small">{trans.__('Left out: %1', leftOut.join(', '))}</p>
        )}
      </Note>
      <div className="jp-Devbox-stack8">
        <Primary onClick={() => actions.switchTo(kernel.name)}>
          {trans.__('Switch to %1…', kernel.display_name)}
        </Primary>
        <Hint>{trans.__('Starts a fresh kernel in the same folder. Outputs stay.')}</Hint>
        <Secondary onClick={() => actions.containerize()}>{trans.__('Change the plan…')}</Secondary>
      </div>
    </>
  );
}

/** The kernel's image was built anew. */
export function Rebuilt({ name }: { name: string }): React.ReactElement {
  const { actions, trans } = useView();
  return (
    <>
      <Note kind="ok">
        <p role="status">
          <b>{trans.__('New image ready')}</b>
        </p>
        <p>{trans.__('This kernel still uses the old one.')}</p>
      </Note>
      <div className="jp-Devbox-stack8">
        <Primary onClick={() => actions.switchTo(name)}>{trans.__('Restart into it…')}</Primary>
        <Hint>{trans.__('Variables will be gone.')}</Hint>
      </div>
    </>
  );
}

export function Drift({ drift }: { drift: readonly IDrift[] }): React.ReactElement {
  const { actions, trans } = useView();
  const gone = drift.every(one => one.kind === 'removed');
  const pins = trans._n('Pins it', 'Pins all', drift.length);
  return (
    <>
      <Note kind="warn">
        <p>
          <b>
            {trans._n(
              '%1 change is not in the image',
              '%1 changes are not in the image',
              drift.length
            )}
          </b>
        </p>
        <ul className="jp-Devbox-stack4 jp-Devbox-small">
          {drift.slice(0, SHOWN).map(one => (
            <li key={`${one.kind} ${one.name}`} className="jp-Devbox-row">
              <span className="jp-Devbox-grow">
                <Prose text={change(trans, one)} />
              </span>
              {one.cell !== null && (
                <span className="jp-Devbox-dim">{trans.__('cell %1', one.cell)}</span>
              )}
            </li>
          ))}
          {drift.length > SHOWN && <li>{trans.__('and %1 more', drift.length - SHOWN)}</li>}
        </ul>
        {!gone && (
          <p className="jp-Devbox-small">
            {trans._n(
              'It works now, and is lost when this box is removed.',
              'They work now, and are lost when this box is removed.',
              drift.length
            )}
          </p>
        )}
      </Note>
      <div className="jp-Devbox-stack8">
        <Primary onClick={actions.addToImage}>
          {gone ? trans.__('Update the image') : trans.__('Add to image')}
        </Primary>
        <Hint>
          {gone
            ? trans.__('Takes them out of requirements.in and rebuilds. Your kernel keeps running.')
            : trans.__(
                '%1 in requirements.in and rebuilds. Your kernel keeps running.',
                drift.length === 2 ? trans.__('Pins both') : pins
              )}
        </Hint>
      </div>
    </>
  );
}

/** The notebook runs in a box that has all that it uses. */
export function InBox({ facts }: { facts: INotebookFacts }): React.ReactElement {
  const { actions, trans } = useView();
  return (
    <>
      <Facts facts={facts}>
        <Fact mark="ok">
          {facts.uses.unresolved.length
            ? trans.__('All the rest is in the image')
            : trans.__('All of it is in the image')}
        </Fact>
      </Facts>
      {facts.kernel?.limits && (
        <Secondary onClick={() => actions.restartWithLimits()}>
          {trans.__('Restart with limits…')}
        </Secondary>
      )}
      <Secondary onClick={() => actions.containerize()}>{trans.__('Change the plan…')}</Secondary>
    </>
  );
}

/** The files were written, and nothing was built. */
export function Written(props: { facts: INotebookFacts; build: IBuild }): React.ReactElement {
  const { actions, model, trans } = useView();
  const files = props.build.result?.files ?? [];
  return (
    <>
      <Note kind="ok">
        <div className="jp-Devbox-row jp-mod-top">
          <p role="status" className="jp-Devbox-grow">
            <b>
              {files.length
                ? trans._n('%1 file written', '%1 files written', files.length)
                : trans.__('The files are up to date.')}
            </b>
          </p>
          <IconButton
            icon={asideIcon}
            label={trans.__('Dismiss')}
            onClick={() => model.putAside(props.build)}
          />
        </div>
        <Files paths={files} />
      </Note>
      {props.facts.engine.ok && (
        <Primary onClick={() => actions.containerize()}>{trans.__('Containerize…')}</Primary>
      )}
    </>
  );
}
