import React from 'react';

import type { IAsk } from '../../api/answers';
import { useView } from '../context';
import { Disclosure, Mini, Note } from '../parts/basics';
import { Lines } from '../parts/lines';

/** What boxes ask for. Nothing happens without the user's word, and nothing but what is shown. */
export function Asks(): React.ReactElement {
  const { model } = useView();
  return (
    <>
      {(model.asks.value ?? []).map(ask => (
        <Ask key={ask.id} ask={ask} />
      ))}
    </>
  );
}

function Ask({ ask }: { ask: IAsk }): React.ReactElement {
  const { actions, trans } = useView();
  const name = ask.notebook.split('/').pop() ?? ask.notebook;
  return (
    <Note kind="warn">
      <p role="status">
        <b>{trans.__('The box of %1 asks to change its image', ask.project.name)}</b>
      </p>
      <p className="jp-Devbox-small">{trans.__('For %1.', name)}</p>
      <Disclosure label={trans.__('What would be written')} open>
        <Lines lines={ask.diff} label={trans.__('What would be written for %1', name)} />
      </Disclosure>
      <div className="jp-Devbox-row">
        <Mini
          label={trans.__('Accept what the box of %1 asks for', ask.project.name)}
          onClick={() => actions.answer(ask, true)}
        >
          {trans.__('Accept')}
        </Mini>
        <Mini
          label={trans.__('Refuse what the box of %1 asks for', ask.project.name)}
          onClick={() => actions.answer(ask, false)}
        >
          {trans.__('Refuse')}
        </Mini>
      </div>
    </Note>
  );
}
