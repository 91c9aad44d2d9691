import React from 'react';

import type { PlanDraft } from '../../model/plan';
import { sentence } from '../../words';
import { useView } from '../context';
import { Prose } from '../parts/basics';

/** What there is under a name that was typed: shown before it counts. */
export function LookUpLine(props: { draft: PlanDraft; place: string }): React.ReactElement {
  const { trans } = useView();
  const { text, busy, found, problem } = props.draft.lookUp(props.place);
  return (
    <p role="status" className="jp-Devbox-lookUp">
      {busy && trans.__('Looking up %1…', text)}
      {problem && <Prose text={sentence(problem.message)} />}
      {found && !found.known && trans.__('There is no package %1.', found.name)}
      {found?.known && (
        <>
          <b>
            {found.name} {found.version}
          </b>
          {found.summary && `: ${found.summary}`}
        </>
      )}
    </p>
  );
}
