import React from 'react';

import type { IProblem } from '../../api/answers';
import { sentence } from '../../words';
import { useView } from '../context';
import { Command, Hint, Mini, NextSteps, Note, Primary, Prose } from '../parts/basics';

const ENABLE = 'jupyter server extension enable jupyter_devbox';

/** The server half is not there. */
export function ServerOff(): React.ReactElement {
  const { actions, trans } = useView();
  return (
    <Note kind="warn">
      <p role="status">
        <b>{trans.__("Devbox's server part is off")}</b>
      </p>
      <Command text={ENABLE} />
      <p className="jp-Devbox-small">{trans.__('Then restart Jupyter.')}</p>
      <div>
        <Mini onClick={actions.checkAgain}>{trans.__('Check again')}</Mini>
      </div>
    </Note>
  );
}

export function NoNotebook(): React.ReactElement {
  const { trans } = useView();
  return <p>{trans.__('Open a notebook to see what it uses.')}</p>;
}

export function NotPython(): React.ReactElement {
  const { trans } = useView();
  return <p>{trans.__('Only Python notebooks work so far.')}</p>;
}

export function Unsaved(): React.ReactElement {
  const { actions, trans } = useView();
  return (
    <>
      <p>{trans.__('Save this notebook first.')}</p>
      <Primary onClick={actions.save}>{trans.__('Save')}</Primary>
    </>
  );
}

export function Loading(): React.ReactElement {
  const { model, trans } = useView();
  return <p role="status">{trans.__('Looking at what %1 uses…', model.current.name)}</p>;
}

/** Something is wrong that no state is made for: the server's own words. */
export function Problem(props: { problem: IProblem; title?: string }): React.ReactElement {
  const { actions, trans } = useView();
  const { message, hint, code } = props.problem;
  const text =
    code === 'unreachable' ? trans.__('Jupyter does not answer. Is it still running?') : message;
  return (
    <Note kind="err">
      <p role="alert">
        {props.title && <b>{props.title}</b>}
        {props.title && <br />}
        <Prose text={sentence(text)} />
      </p>
      <NextSteps text={hint} />
      <div>
        <Mini onClick={actions.checkAgain}>{trans.__('Check again')}</Mini>
      </div>
    </Note>
  );
}

/** The project's files are not what the user has approved on this machine. */
export function Unapproved(): React.ReactElement {
  const { actions, trans } = useView();
  return (
    <>
      <Note kind="warn">
        <p>
          <b>{trans.__('This project is not approved yet')}</b>
        </p>
        <p className="jp-Devbox-small">
          {trans.__('Its container files came from elsewhere, or were changed by hand.')}
        </p>
      </Note>
      <div className="jp-Devbox-stack8">
        <Primary onClick={actions.review}>{trans.__('Look at the files…')}</Primary>
        <Hint>{trans.__('Nothing of it was built or started.')}</Hint>
      </div>
    </>
  );
}
