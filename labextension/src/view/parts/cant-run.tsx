import React from 'react';

import type { ITargetState } from '../../api/answers';
import { goingOn } from '../../words';
import { useView } from '../context';
import { LinkButton, Mini, NextSteps, Note } from './basics';

/** Why a kernel cannot run on this machine, and on request what mends it. */
export function CantRun(props: { state: ITargetState; name: string }): React.ReactElement {
  const { actions, trans } = useView();
  const [open, setOpen] = React.useState(false);
  const { reason, hint } = props.state;
  return (
    <>
      <p className="jp-Devbox-dim jp-Devbox-small">
        {trans.__("Can't run here: %1", goingOn(reason))}
      </p>
      {hint && !open && (
        <div className="jp-Devbox-small">
          <LinkButton
            label={trans.__('Show the fix for %1', props.name)}
            onClick={() => setOpen(true)}
          >
            {trans.__('Show the fix')}
          </LinkButton>
        </div>
      )}
      {hint && open && (
        <Note>
          <NextSteps text={hint} />
          <div>
            <Mini onClick={actions.checkAgain}>{trans.__('Check again')}</Mini>
          </div>
        </Note>
      )}
    </>
  );
}
